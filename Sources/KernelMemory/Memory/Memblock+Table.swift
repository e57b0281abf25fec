extension Memblock.Table {
  /// Joins neighbours of one kind (`memblock_merge_regions`).
  mutating func merge() {
    var merged: [Memblock.Region] = []
    merged.reserveCapacity(regions.count)
    for region in regions {
      if let last = merged.last, last.range.upperBound == region.range.lowerBound,
        last.flags == region.flags
      {
        merged[merged.count - 1].range = last.range.lowerBound..<region.range.upperBound
      } else {
        merged.append(region)
      }
    }
    regions = merged
  }

  /// The parts of a range that no region covers, ascending.
  func gaps(in range: Range<Int>) -> [Range<Int>] {
    var gaps: [Range<Int>] = []
    var start = range.lowerBound
    for region in regions where region.range.overlaps(range) {
      if region.range.lowerBound > start { gaps.append(start..<region.range.lowerBound) }
      start = region.range.upperBound
    }
    if start < range.upperBound { gaps.append(start..<range.upperBound) }
    return gaps
  }
}

extension Memblock {
  /// Adds the parts of a range that are not there yet, and merges (`memblock_add_range`).
  func insert(
    _ range: Range<Int>, flags: Flags, into table: ReferenceWritableKeyPath<Memblock, Table>
  ) throws(MemblockError) {
    if range.isEmpty { return }
    // Growing may reserve memory and so fill gaps of this very table; count again then.
    while true {
      let needed = self[keyPath: table].regions.count + self[keyPath: table].gaps(in: range).count
      if needed <= self[keyPath: table].capacity { break }
      try grow(table, avoiding: range)
    }
    let gaps = self[keyPath: table].gaps(in: range)
    self[keyPath: table].regions.append(contentsOf: gaps.map { Region(range: $0, flags: flags) })
    self[keyPath: table].regions.sort { $0.range.lowerBound < $1.range.lowerBound }
    self[keyPath: table].merge()
  }

  /// Takes a range out, splitting regions that reach beyond it (`memblock_remove_range`).
  func delete(
    _ range: Range<Int>, from table: ReferenceWritableKeyPath<Memblock, Table>
  ) throws(MemblockError) {
    let touched = try isolate(range, in: table)
    self[keyPath: table].regions.removeSubrange(touched)
  }

  /// Splits regions at the edges of a range, so that none reaches across (`memblock_isolate_range`).
  ///
  /// - Returns: the indices of the regions within.
  func isolate(
    _ range: Range<Int>, in table: ReferenceWritableKeyPath<Memblock, Table>
  ) throws(MemblockError) -> Range<Int> {
    if range.isEmpty { return 0..<0 }
    func isCut(_ region: Region, at edge: Int) -> Bool {
      region.range.lowerBound < edge && edge < region.range.upperBound
    }
    let edges = [range.lowerBound, range.upperBound]
    while true {
      let regions = self[keyPath: table].regions
      let cuts = edges.reduce(0) { sum, edge in
        sum + (regions.contains { isCut($0, at: edge) } ? 1 : 0)
      }
      if regions.count + cuts <= self[keyPath: table].capacity { break }
      try grow(table, avoiding: range)
    }
    for edge in edges {
      guard let index = self[keyPath: table].regions.firstIndex(where: { isCut($0, at: edge) })
      else { continue }
      var upper = self[keyPath: table].regions[index]
      self[keyPath: table].regions[index].range = upper.range.lowerBound..<edge
      upper.range = edge..<upper.range.upperBound
      self[keyPath: table].regions.insert(upper, at: index + 1)
    }
    let regions = self[keyPath: table].regions
    let first = regions.firstIndex { $0.range.lowerBound >= range.lowerBound } ?? regions.count
    let end = regions.firstIndex { $0.range.lowerBound >= range.upperBound } ?? regions.count
    return first..<max(first, end)
  }

  /// Doubles a table, which takes memory for the new one and gives back that of the old (`memblock_double_array`).
  ///
  /// - Parameter range: what is being changed; the new table must not lie there.
  private func grow(
    _ table: ReferenceWritableKeyPath<Memblock, Table>, avoiding range: Range<Int>
  ) throws(MemblockError) {
    let old = self[keyPath: table]
    let size = (old.capacity * 2 * Self.entrySize + pageSize - 1) & ~(pageSize - 1)
    let above = find(
      size, alignment: pageSize, in: range.upperBound..<max(range.upperBound, currentLimit))
    let below = {
      self.find(size, alignment: pageSize, in: 0..<min(range.lowerBound, self.currentLimit))
    }
    guard canGrow, let start = above ?? below() else {
      throw .tableFull(old.name, capacity: old.capacity)
    }
    self[keyPath: table].capacity = old.capacity * 2
    self[keyPath: table].storage = start..<start + size
    if let storage = old.storage { try delete(storage, from: \.reservedTable) }
    try insert(start..<start + size, flags: [], into: \.reservedTable)
  }

  /// Checks both tables: sorted, not empty, apart, merged, and no longer than they may be.
  public func checkInvariants() throws(MemblockViolation) {
    for table in [memoryTable, reservedTable] {
      if table.regions.count > table.capacity {
        throw MemblockViolation(
          "the table of \(table.name) regions has \(table.regions.count) of at most \(table.capacity)"
        )
      }
      if let region = table.regions.first(where: { $0.range.isEmpty }) {
        throw MemblockViolation("the \(table.name) region \(region.range) is empty")
      }
      for (a, b) in zip(table.regions, table.regions.dropFirst()) {
        if a.range.upperBound > b.range.lowerBound {
          throw MemblockViolation(
            "the \(table.name) regions \(a.range) and \(b.range) overlap or are not ascending")
        }
        if a.range.upperBound == b.range.lowerBound && a.flags == b.flags {
          throw MemblockViolation(
            "the \(table.name) regions \(a.range) and \(b.range) should be one")
        }
      }
      if let storage = table.storage, !reservedTable.gaps(in: storage).isEmpty {
        throw MemblockViolation(
          "the table of \(table.name) regions lies at \(storage), which is not reserved")
      }
    }
  }
}

/// A statement about the boot allocator's tables that must always hold, and does not.
public struct MemblockViolation: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  init(_ finding: String) { description = "memblock: " + finding }
}
