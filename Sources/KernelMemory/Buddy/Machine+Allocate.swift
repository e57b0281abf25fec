extension Machine {
  /// Allocates a block of 2^order pages (`alloc_pages`).
  ///
  /// The zones that the mask allows are tried from the highest down, first above the low watermark, then above the
  /// min watermark less the mask's share of the reserve, then once more after all per-CPU lists were drained. Direct
  /// reclaim does not exist. With `__GFP_ZERO` the block is filled with zeros; else it holds what its last owner left.
  ///
  /// - Parameters:
  ///   - order: 0 to ``maxOrder``.
  ///   - gfp: what the caller allows and asks for.
  ///   - cpu: the calling thread's processor.
  /// - Returns: the first frame, a multiple of 2^order; nil when memory is short.
  /// - Throws: ``PageError/orderOutOfRange(_:)``, or ``PageError/badMask(_:)`` for a mask that contradicts itself.
  /// - Complexity: O(1) mostly; O(zones × ``maxOrder``) at worst but for the drain.
  @inlinable
  public func allocatePages(
    order: Int, gfp: GFPFlags, cpu: CPU
  ) throws(PageError) -> PageFrame? {
    let route = routes[Int(gfp.rawValue & 0x1f)]
    if UInt(bitPattern: order) <= UInt(bitPattern: PerCPUPages.maxSmallOrder),
      // For orders up to 3 the few pages that the check of an order subtracts do not matter this far up.
      route.zone.freePages &- 7 > route.enough,
      let frame = cpu.pages(zoneIndex: route.zoneIndex).take(order: order, list: order)
    {
      let page = PageFrame(Int(frame))
      if gfp.contains(.zero) { clear(page, order: order) }
      return page
    }
    return try allocateSlowly(order: order, gfp: gfp, cpu: cpu)
  }

  @inlinable
  func clear(_ frame: PageFrame, order: Int) {
    pointer(to: frame).initializeMemory(as: UInt8.self, repeating: 0, count: pageSize &<< order)
  }

  @inline(never)
  @usableFromInline
  func allocateSlowly(order: Int, gfp: GFPFlags, cpu: CPU) throws(PageError) -> PageFrame? {
    guard (0...maxOrder).contains(order) else { throw .orderOutOfRange(order) }
    let highest = routes[Int(gfp.rawValue & 0x1f)].highestZone
    if highest < 0 { throw contradiction(in: gfp) }

    let flags = gfp.slowPathFlags(order: order)
    var found = fromFreeLists(order: order, highestZone: highest, flags: .lowWatermark, cpu: cpu)
    if found == nil {
      found = fromFreeLists(order: order, highestZone: highest, flags: flags, cpu: cpu)
    }
    if found == nil {
      drainAll()
      found = fromFreeLists(order: order, highestZone: highest, flags: flags, cpu: cpu)
    }
    guard let frame = found else { return nil }
    if gfp.contains(.zero) { clear(frame, order: order) }
    return frame
  }

  /// One walk over the zones (`get_page_from_freelist`).
  private func fromFreeLists(
    order: Int, highestZone: Int, flags: AllocationFlags, cpu: CPU
  ) -> PageFrame? {
    for zone in zonelists[highestZone] {
      let highMark = zone.watermarks.high
      if !zone.isWatermarkMet(order: order, mark: highMark, highestZone: highestZone, flags: flags)
      {
        zone.isBelowHigh = true
        if !flags.contains(.noWatermarks)
          && !zone.isWatermarkMet(
            order: order, mark: zone.mark(flags), highestZone: highestZone, flags: flags)
        {
          continue
        }
      }
      if let frame = fromZone(zone, order: order, cpu: cpu) { return frame }
    }
    return nil
  }

  /// From the per-CPU list where there is one, else from the buddy lists (`rmqueue`).
  private func fromZone(_ zone: Zone, order: Int, cpu: CPU) -> PageFrame? {
    if let list = list(order), let frame = cpu.pages(of: zone).take(order: order, list: list) {
      return PageFrame(Int(frame))
    }
    return zone.allocateBlock(order: order)
  }

  /// The per-CPU list of an order on this machine, if there is one.
  private func list(_ order: Int) -> Int? {
    order == PerCPUPages.hugePageOrder && !kind.hasHugePages ? nil : PerCPUPages.list(order)
  }

  private func contradiction(in gfp: GFPFlags) -> PageError {
    do throws(GFPMaskError) {
      _ = try gfp.highestZone(on: kind)
      return .badMask(.contradictoryMobility(gfp))
    } catch {
      return .badMask(error)
    }
  }
}

extension Machine {
  /// Frees a block (`__free_pages`).
  ///
  /// - Parameters:
  ///   - frame: the block's first frame.
  ///   - order: the order it was allocated with, or 0 for each page of a block that was split.
  ///   - cpu: the calling thread's processor; need not be the one that allocated.
  /// - Throws: ``PageError`` that names the page and what it is; nothing changes then.
  /// - Complexity: O(1) mostly, amortised.
  @inlinable
  public func freePages(_ frame: PageFrame, order: Int, cpu: CPU) throws(PageError) {
    if UInt(bitPattern: order) <= UInt(bitPattern: PerCPUPages.maxSmallOrder),
      map.contains(frame)
    {
      let number = UInt32(truncatingIfNeeded: frame.number)
      if map[number] == .allocated(order) {
        let zone = Int(zoneOfSection[frame.number &>> maxOrder])
        if cpu.pages(zoneIndex: zone).put(number, order: order, list: order) { return }
      }
    }
    try freeSlowly(frame, order: order, cpu: cpu)
  }

  @inline(never)
  @usableFromInline
  func freeSlowly(_ frame: PageFrame, order: Int, cpu: CPU) throws(PageError) {
    guard let zone = zone(of: frame), (0...maxOrder).contains(order),
      map[UInt32(frame.number)] == .allocated(order)
    else { throw .badFree(frame, order: order, map: map) }
    if let list = list(order),
      cpu.pages(of: zone).put(UInt32(frame.number), order: order, list: list)
    {
      return
    }
    try zone.freeBlock(frame, order: order)
  }

  /// Turns an allocated block of 2^order pages into as many blocks of one page, each to be freed by itself (`split_page`).
  ///
  /// - Throws: ``PageError`` when no allocated block of this order starts at the frame.
  /// - Complexity: O(2^order).
  public func splitPages(_ frame: PageFrame, order: Int) throws(PageError) {
    guard (0...maxOrder).contains(order), map.contains(frame),
      map[UInt32(frame.number)] == .allocated(order)
    else { throw .badFree(frame, order: order, map: map) }
    for page in frame.number..<frame.number + (1 << order) {
      map[UInt32(page)] = .allocated(0)
    }
  }

  /// Returns one CPU's pages in all zones to the buddy lists (`drain_pages`). O(pages).
  public func drain(_ cpu: CPU) {
    for zone in node.zones where zone.managed > 0 { cpu.pages(of: zone).drainAll() }
  }

  /// Returns all CPUs' pages to the buddy lists (`drain_all_pages`). O(pages).
  public func drainAll() {
    for cpu in cpus { drain(cpu) }
  }
}
