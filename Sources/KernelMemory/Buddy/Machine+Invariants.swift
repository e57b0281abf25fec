import Synchronization

extension Machine {
  /// Checks all of the allocator's memory: every zone, every CPU's lists, and that no page is lost or held twice.
  ///
  /// No thread may use the machine meanwhile. O(frames).
  /// - Throws: ``InvariantViolation``, the first one found.
  public func checkInvariants() throws(InvariantViolation) {
    for zone in node.zones {
      let census = try zone.census()
      var listed = [Int](repeating: 0, count: maxOrder + 1)
      var seen: Set<UInt32> = []
      for cpu in cpus { try check(cpu, in: zone, listed: &listed, seen: &seen) }
      for order in 0...maxOrder where listed[order] != census.perCPUBlocks[order] {
        throw InvariantViolation(
          .links, in: zone,
          "the per-CPU lists of order \(order) have length \(listed[order]) together, but the number "
            + "of per-CPU blocks of that order is \(census.perCPUBlocks[order])")
      }
      try checkRoutes(in: zone)
    }
  }

  private func check(
    _ cpu: CPU, in zone: Zone, listed: inout [Int], seen: inout Set<UInt32>
  ) throws(InvariantViolation) {
    let pages = cpu.pages(of: zone)
    var count = 0
    for list in 0..<PerCPUPages.listCount {
      let order = PerCPUPages.order(ofList: list)
      let blocks = try blocks(on: list, of: pages, named: "list \(list) of CPU \(cpu.number)")
      for frame in blocks {
        guard zone.spans(frame), map[frame] == .perCPU(order) else {
          throw InvariantViolation(
            .links, in: zone,
            "list \(list) of CPU \(cpu.number) holds page frame \(PageFrame(Int(frame))), where no "
              + "per-CPU block of order \(order) starts")
        }
        guard seen.insert(frame).inserted else {
          throw InvariantViolation(
            .links, in: zone,
            "page frame \(PageFrame(Int(frame))) on list \(list) of CPU \(cpu.number) is on a "
              + "per-CPU list already")
        }
      }
      listed[order] += blocks.count
      count += blocks.count << order
    }
    if let problem = pages.state.pointee.problem(count: count) {
      throw InvariantViolation(.counts, in: zone, "CPU \(cpu.number) \(problem)")
    }
    let (free, enough) = (zone.freePages, zone.watermarks.high)
    let slowBits = cpu.state.pointee.guarded.slowBits.load(ordering: .relaxed)
    if zone.managed > 0, free <= enough, slowBits & CPUGuard.shortage(inZone: zone.index) == 0 {
      throw InvariantViolation(
        .pressure, in: zone,
        "\(free) free pages are no more than the high watermark, \(enough), but CPU \(cpu.number) "
          + "does not know")
    }
  }

  private func blocks(
    on list: Int, of pages: PerCPUPages, named name: @autoclosure () -> String
  ) throws(InvariantViolation) -> UnsafeBufferPointer<UInt32> {
    let stack = pages.stack(list).pointee
    let storage = pages.storage(list)
    guard stack.bottom >= storage, stack.top >= stack.bottom,
      stack.top <= storage + pages.state.pointee.listCapacity
    else {
      throw InvariantViolation(.links, in: pages.zone, "\(name()) is not within its memory")
    }
    return UnsafeBufferPointer(start: stack.bottom, count: stack.count)
  }

  /// Whether pages freed in each pageblock go to the lists of its type.
  private func checkRoutes(in zone: Zone) throws(InvariantViolation) {
    guard zone.spanned > 0, let processors = zone.state.pointee.processors else { return }
    let last = zone.start.number + zone.spanned - 1
    for block in zone.start.number >> pageblockOrder...last >> pageblockOrder {
      let type = zone.blockType(of: UInt32(block << pageblockOrder))
      let list = processors.blockRoutes[block].list.load(ordering: .relaxed)
      if Int(list) != PerCPULayout.listOffset(zone: zone.index, type: type) {
        throw InvariantViolation(
          .grouping, in: zone,
          "pages freed in the pageblock at \(PageFrame(block << pageblockOrder)), which is "
            + "\(type.name), go to lists of another type")
      }
    }
  }

  /// Where a zone's pages are, by its counters. O(CPUs).
  public func pages(in zone: Zone) -> ZonePages {
    let perCPU = cpus.reduce(0) { $0 + $1.pages(of: zone).count }
    let free = zone.freePages
    return ZonePages(
      free: free, perCPU: perCPU, allocated: zone.managed - free - perCPU, managed: zone.managed)
  }
}
