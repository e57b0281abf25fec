import Synchronization

extension Vmalloc {
  /// Checks trees, addresses, page tables and counters against each other.
  ///
  /// No thread may use the object meanwhile. O(areas + pages mapped + tables).
  /// - Throws: ``VmallocViolation``, the first one found.
  public func checkInvariants() throws(VmallocViolation) {
    if isTornDown.load(ordering: .relaxed) { return }
    let state = space
    let limit = state.pointee.pool.used
    let free = try state.pointee.free.checked("free", state: .free, limit: limit)
    let busy = try state.pointee.busy.checked("busy", state: .busy, limit: limit)
    let (lazy, pooled) = try checkedLists(limit)
    try checkCoverage(free: free, used: busy + lazy + pooled)
    let nodes = free.count + busy.count + lazy.count + pooled.count
    if nodes != limit {
      throw VmallocViolation(.counts, "\(limit) nodes are in use, but \(nodes) are to be found")
    }
    try checkMappings(busy)
  }

  private func checkedLists(
    _ limit: Int
  ) throws(VmallocViolation) -> (lazy: [AreaNode], pooled: [AreaNode]) {
    var lazy: [AreaNode] = []
    var pooled: [AreaNode] = []
    for list in 0..<vmapNodes * AreaSpaceState.listsPerNode {
      let pages = list % AreaSpaceState.listsPerNode
      var length = 0
      var index = space.pointee.lists[list].first
      while index != 0, length <= limit {
        let node = space.pointee.nodes[Int(index)]
        if pages == 0 { lazy.append(node) } else { pooled.append(node) }
        if node.state != (pages == 0 ? .lazy : .pooled) {
          throw VmallocViolation(
            .order, "\(node.words) is marked \(node.state) on a list of others")
        }
        if pages > 0, Int(node.size) != pages * pageSize {
          throw VmallocViolation(
            .order, "\(node.words) is in the pool of stretches of \(pages) pages")
        }
        length += 1
        index = node.next
      }
      if length != space.pointee.lists[list].count {
        throw VmallocViolation(
          .counts, "a list counts \(space.pointee.lists[list].count) stretches, but holds \(length)"
        )
      }
    }
    for (name, count, nodes) in [
      ("lazy", space.pointee.lazyPages, lazy), ("pooled", space.pointee.pooledPages, pooled),
    ] {
      let pages = nodes.reduce(0) { $0 + Int($1.size) / pageSize }
      if pages != count {
        throw VmallocViolation(
          .counts, "the count of \(name) pages is \(count), but such stretches hold \(pages)")
      }
    }
    return (lazy, pooled)
  }

  private func checkCoverage(free: [AreaNode], used: [AreaNode]) throws(VmallocViolation) {
    for (low, high) in zip(free, free.dropFirst()) where low.end == high.start {
      throw VmallocViolation(
        .coverage, "the free stretches \(low.words) and \(high.words) should be one")
    }
    var next = space.pointee.whole.lowerBound
    for node in (free + used).sorted(by: { $0.start < $1.start }) {
      if node.start != next || node.end <= node.start {
        throw VmallocViolation(
          .coverage,
          "\(node.words) (\(node.state)) should start at \(VirtualAddress(next)), where the last one ends"
        )
      }
      next = node.end
    }
    if next != space.pointee.whole.upperBound {
      throw VmallocViolation(.coverage, "nobody has the addresses from \(VirtualAddress(next)) on")
    }
  }

  private func checkMappings(_ busy: [AreaNode]) throws(VmallocViolation) {
    var mapped = 0
    // Windows of `kmap` lie outside of the areas' addresses.
    tables.forEachEntry { address, _, shift in
      if layout.areas.contains(VirtualAddress(address)) {
        mapped += 1 << (shift - PageTables.pageShift)
      }
    }
    var expected = 0
    var owned = 0
    for node in busy where !node.kind.contains(.bare) {
      let area = VmallocArea(node)
      expected += area.usableBytes / pageSize
      for page in 0..<area.usableBytes / pageSize {
        let address = area.start + page * pageSize
        guard let frame = tables.translate(address.rawValue)?.frame else {
          throw VmallocViolation(.mapping, "\(address) is not mapped, but lies in \(area)")
        }
        guard node.kind.contains(.vmalloc) else { continue }
        let listed = PageFrame(Int(pageListSlot(node, page).pointee))
        if listed != frame {
          throw VmallocViolation(
            .mapping, "\(address) leads to page frame \(frame), but the area's list says \(listed)")
        }
        guard case .allocated(frame, order: 0) = machine.use(of: frame) else {
          throw VmallocViolation(
            .mapping,
            "\(address) leads to page frame \(frame), which is \(machine.use(of: frame).words)")
        }
      }
      if area.usableEnd != area.end, tables.translate(area.usableEnd.rawValue) != nil {
        throw VmallocViolation(.mapping, "the guard page at \(area.usableEnd) is mapped")
      }
      if node.kind.contains(.vmalloc) { owned += node.pageCount }
    }
    if mapped != expected {
      throw VmallocViolation(
        .mapping, "\(mapped) pages are mapped, but the areas have \(expected)")
    }
    try checkCounts(owned)
  }

  private func checkCounts(_ owned: Int) throws(VmallocViolation) {
    if owned != usedPages.load(ordering: .relaxed) {
      throw VmallocViolation(
        .counts,
        "the count of used pages is \(usedPages.load(ordering: .relaxed)), but the areas own \(owned)"
      )
    }
    var tableCount = 1
    var lost: PageFrame?
    tables.forEachTable { table, _ in
      tableCount += 1
      if machine.use(of: table) != .allocated(head: table, order: 0) { lost = table }
    }
    if let lost {
      throw VmallocViolation(
        .mapping, "the page table at page frame \(lost) is \(machine.use(of: lost).words)")
    }
    if tableCount != pageTablePages {
      throw VmallocViolation(
        .counts, "the count of page table pages is \(pageTablePages), but there are \(tableCount)")
    }
  }
}
