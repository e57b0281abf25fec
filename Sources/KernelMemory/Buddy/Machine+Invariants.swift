extension Machine {
  /// Checks all of the allocator's memory: every zone, every CPU's lists, and that no page is lost or held twice.
  ///
  /// No thread may use the machine meanwhile. O(frames).
  /// - Throws: ``InvariantViolation``, the first one found.
  public func checkInvariants() throws(InvariantViolation) {
    for zone in node.zones {
      let census = try zone.census()
      var listed = [Int](repeating: 0, count: maxOrder + 1)
      for cpu in cpus { try check(cpu, in: zone, against: census, listed: &listed) }
      for order in 0...maxOrder where listed[order] != census.perCPUBlocks[order] {
        throw InvariantViolation(
          .links, in: zone,
          "the per-CPU lists of order \(order) have length \(listed[order]) together, but the number "
            + "of per-CPU blocks of that order is \(census.perCPUBlocks[order])")
      }
    }
  }

  private func check(
    _ cpu: CPU, in zone: Zone, against census: ZoneCensus, listed: inout [Int]
  ) throws(InvariantViolation) {
    let pages = cpu.pages(of: zone)
    var count = 0
    for order in 0...maxOrder {
      guard let list = PerCPUPages.list(order) else { continue }
      let length = try map.walkList(
        pages.listHead(list), of: .perCPU(order), in: zone, limit: census.perCPUBlocks[order],
        name: "list of order \(order) of CPU \(cpu.number)")
      listed[order] += length
      count += length << order
    }
    if count != pages.count {
      throw InvariantViolation(
        .counts, in: zone,
        "CPU \(cpu.number) counts \(pages.count) pages, but its lists hold \(count)")
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
