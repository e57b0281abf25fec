/// Regions come and go. Source: `mm/mmap.c`.
extension AddressSpace {
  /// Reserves addresses for private, anonymous memory; no page is touched (`mmap`).
  ///
  /// - Parameters:
  ///   - length: in bytes; rounded up to pages.
  ///   - address: where exactly, and then nothing may be there (`MAP_FIXED_NOREPLACE`); nil for the highest gap.
  ///   - protection: what may be done there.
  ///   - name: for messages.
  /// - Returns: the start; nil when no gap is large enough (`ENOMEM`).
  /// - Throws: ``UserMemoryError``.
  /// - Complexity: O(regions).
  public func mmap(
    _ length: Int, at address: VirtualAddress? = nil, protection: Protection = .readWrite,
    name: String = ""
  ) throws(UserMemoryError) -> VirtualAddress? {
    let bytes = try rounded(length)
    if let address { _ = try range(address, bytes) }
    return try memory.locked { () throws(UserMemoryError) in
      guard isAlive else { throw .ended(self.name) }
      let start: VirtualAddress
      if let address {
        if let other = map.overlapping(address..<address + bytes) {
          throw .occupied(address, address + bytes, by: other)
        }
        start = address
      } else {
        // Below the stack and the gap that keeps it from growing into something (`stack_guard_gap`).
        let top = userRange.upperBound - Self.stackBytes - 256 * pageSize
        guard let gap = map.highestGap(bytes, in: userRange.lowerBound..<top) else { return nil }
        start = gap
      }
      map.insert(
        MemoryRegion(start: start, end: start + bytes, protection: protection, name: name))
      noteRegions()
      return start
    }
  }

  /// Ends the use of addresses; pages that were touched go back, regions are cut (`munmap`).
  ///
  /// Stretches that nothing was mapped in are fine. Tables of the last level that nobody needs go back, too.
  /// - Throws: ``UserMemoryError``.
  /// - Complexity: O(pages touched + regions).
  public func munmap(
    _ address: VirtualAddress, _ length: Int, cpu: CPU
  ) throws(UserMemoryError) {
    let range = try range(address, try rounded(length))
    try memory.locked { () throws(UserMemoryError) in
      guard isAlive else { throw .ended(name) }
      unmap(range, cpu: cpu)
    }
  }

  /// Moves the end of the heap, up or down (`brk`).
  ///
  /// - Returns: the end as it is now: the old one, when there is no room.
  /// - Throws: ``UserMemoryError/breakBelowHeap(_:heap:)``.
  /// - Complexity: O(regions + pages given up).
  @discardableResult
  public func brk(_ address: VirtualAddress, cpu: CPU) throws(UserMemoryError) -> VirtualAddress {
    guard address >= heapStart else { throw .breakBelowHeap(address, heap: heapStart) }
    return try memory.locked { () throws(UserMemoryError) in
      guard isAlive else { throw .ended(name) }
      let old = pageEnd(heapEnd)
      guard address <= userRange.upperBound else { return heapEnd }
      let new = pageEnd(address)
      if new < old {
        unmap(new..<old, cpu: cpu)
      } else if new > old {
        // A page between the heap and what lies above stays free.
        guard map.overlapping(old..<new + pageSize) == nil else { return heapEnd }
        map.insert(MemoryRegion(start: old, end: new, protection: .readWrite, name: "[heap]"))
        noteRegions()
      }
      heapEnd = address
      return address
    }
  }

  /// Moves the end of the heap by `bytes` (`sbrk`); the old end, or nil when there is no room.
  public func sbrk(_ bytes: Int, cpu: CPU) throws(UserMemoryError) -> VirtualAddress? {
    let old = programBreak
    let wanted = old + bytes
    return try brk(wanted, cpu: cpu) == wanted ? old : nil
  }

  /// Where the heap ends at this moment.
  public var programBreak: VirtualAddress { memory.locked { heapEnd } }

  private func unmap(_ range: Range<VirtualAddress>, cpu: CPU) {
    clear(range, cpu: cpu)
    map.remove(range)
    freeTables(under: range, cpu: cpu)
    noteRegions()
  }

  private func rounded(_ length: Int) throws(UserMemoryError) -> Int {
    guard length > 0, length < userRange.upperBound.distance(from: userRange.lowerBound) else {
      throw .badLength(length)
    }
    return (length + pageSize - 1) / pageSize * pageSize
  }

  private func range(
    _ address: VirtualAddress, _ bytes: Int
  ) throws(UserMemoryError) -> Range<VirtualAddress> {
    guard address.offsetInPage == 0 else { throw .misaligned(address) }
    guard address >= userRange.lowerBound, address < userRange.upperBound,
      address + bytes <= userRange.upperBound
    else { throw .outOfRange(address, address + bytes) }
    return address..<address + bytes
  }

  private func pageEnd(_ address: VirtualAddress) -> VirtualAddress {
    (address + (pageSize - 1)).page
  }
}
