extension Machine {
  /// From the per-CPU list where there is one, else from the buddy lists (`rmqueue`).
  func fromZone(
    _ zone: Zone, order: Int, type: MigrateType, flags: AllocationFlags, cpu: CPU
  ) -> PageFrame? {
    if let list = list(order), let frame = cpu.pages(of: zone).take(order: order, list: list) {
      return PageFrame(Int(frame))
    }
    return zone.allocateBlock(order: order)
  }

  /// The per-CPU list of an order on this machine, if there is one.
  func list(_ order: Int) -> Int? {
    order == PerCPUPages.hugePageOrder && !kind.hasHugePages ? nil : PerCPUPages.list(order)
  }

  @inline(never)
  @usableFromInline
  func freeSlowly(_ frame: PageFrame, order: Int, cpu: CPU) throws(PageError) {
    guard let zone = zone(of: frame), (0...maxOrder).contains(order),
      map[UInt32(frame.number)] == .allocated(order)
    else { throw .badFree(frame, order: order, map: map) }
    cpu.countReclaimed(order: order)
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
