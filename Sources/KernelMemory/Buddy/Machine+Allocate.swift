extension Machine {
  /// From the CPU's list where there is one, else from the buddy lists (`rmqueue`).
  ///
  /// A block got with the right to what is kept for atomic requests makes its pageblock one of those.
  func fromZone(
    _ zone: Zone, order: Int, gfp: GFPFlags, type: MigrateType, flags: AllocationFlags, cpu: CPU
  ) -> PageFrame? {
    let pages = cpu.pages(of: zone)
    var frame: UInt32?
    if let list = list(order, type) {
      frame = cpu.state.pointee.guarded.asOwner {
        pages.take(order: order, type: type, list: list, flags: flags)
      }
    }
    if frame == nil {
      frame = zone.takeBlock(order: order, type: type, flags: flags)
      if frame != nil { pages.state.pointee.countDirect(allocated: 1 << order) }
    }
    guard let frame else { return nil }
    map[frame] = .allocated(order, gfp)
    if flags.contains(.highAtomic) {
      zone.reserveHighAtomic(PageFrame(Int(frame)), order: order)
    }
    return PageFrame(Int(frame))
  }

  /// With which pages a request's are grouped (`gfp_migratetype`): on a small machine all count as unmovable.
  func migrateType(of gfp: GFPFlags) -> MigrateType {
    isGroupingDisabled ? .unmovable : (try? gfp.migrateType()) ?? .unmovable
  }

  /// The CPU's list for an order on this machine, if there is one.
  func list(_ order: Int, _ type: MigrateType) -> Int? {
    order == PerCPUPages.hugePageOrder && !kind.hasHugePages
      ? nil : PerCPUPages.list(order, type)
  }

  func freeSlowly(_ frame: PageFrame, order: Int, cpu: CPU) throws(PageError) {
    guard let zone = zone(of: frame), (0...maxOrder).contains(order),
      map[UInt32(frame.number)].isAllocated(order)
    else { throw .badFree(frame, order: order, map: map) }
    cpu.countReclaimed(order: order)
    let pages = cpu.pages(of: zone)
    let type = zone.withLock { zone.blockType(of: UInt32(frame.number)) }
    if type != .isolate, let list = list(order, type) {
      cpu.state.pointee.guarded.asOwner {
        pages.put(UInt32(frame.number), order: order, list: list)
      }
      return
    }
    try zone.freeBlock(frame, order: order)
    pages.state.pointee.countDirect(freed: 1 << order)
  }

  /// Turns an allocated block of 2^order pages into as many blocks of one page, each to be freed by itself (`split_page`).
  ///
  /// - Throws: ``PageError`` when no allocated block of this order starts at the frame.
  /// - Complexity: O(2^order).
  public func splitPages(_ frame: PageFrame, order: Int) throws(PageError) {
    guard (0...maxOrder).contains(order), map.contains(frame),
      map[UInt32(frame.number)].isAllocated(order)
    else { throw .badFree(frame, order: order, map: map) }
    let gfp: GFPFlags = map[UInt32(frame.number)].isMovable ? .movable : []
    for page in frame.number..<frame.number + (1 << order) {
      map[UInt32(page)] = .allocated(0, gfp)
    }
  }

  /// Frees a page that the kernel's own structures hold, such as a page table's.
  ///
  /// A refusal means that somebody else freed it; it is told in the log, since nobody waits for an answer (`bad_page`).
  func release(_ frame: PageFrame, cpu: CPU) {
    do throws(PageError) {
      try freePages(frame, order: 0, cpu: cpu)
    } catch {
      log.append("BUG: Bad page state: \(error)")
    }
  }

  /// Returns one CPU's pages in all zones to the buddy lists (`drain_pages`). O(pages).
  public func drain(_ cpu: CPU) {
    cpu.state.pointee.guarded.asStranger {
      for zone in node.zones where zone.managed > 0 { cpu.pages(of: zone).drainAll() }
    }
  }

  /// Returns all CPUs' pages to the buddy lists (`drain_all_pages`). O(pages).
  public func drainAll() {
    for cpu in cpus { drain(cpu) }
  }
}
