import Synchronization

extension AddressSpace {
  /// Makes a copy of the process whose pages are the same ones until one of the two writes (`fork`, `dup_mmap`).
  ///
  /// Only page tables are made; every page becomes read-only on both sides and counts one user more.
  /// - Parameters:
  ///   - name: the child's.
  ///   - pid: the child's.
  ///   - cpu: the calling thread's processor.
  /// - Returns: nil when there is no memory for the tables; nothing is left then.
  /// - Throws: ``UserMemoryError/ended(_:)``.
  /// - Complexity: O(pages in memory or swap).
  public func fork(name: String? = nil, pid: Int, cpu: CPU) throws(UserMemoryError) -> AddressSpace?
  {
    guard let root = memory.tablePage(cpu) else { return nil }
    let child = AddressSpace(
      memory, root: root, name ?? self.name, pid, uid, oomScoreAdjustment, true)
    let isAlive = memory.locked {
      child.map = map
      child.heapEnd = heapEnd
      child.noteRegions()
      memory.spaces.append(child)
      return self.isAlive
    }
    guard isAlive else {
      child.exit(cpu: cpu)
      throw .ended(self.name)
    }
    memory.machine.register(process: child)
    var stash = PageStash()
    defer { giveBack(&stash, cpu) }
    var address = userRange.lowerBound.rawValue
    while !memory.locked({ copyEntries(to: child, from: &address, &stash) }) {
      guard let table = memory.tablePage(cpu) else {
        child.exit(cpu: cpu)
        return nil
      }
      stash.tables.append(table)
    }
    return child
  }

  /// Copies entries from an address on; false when a table is missing, with the address where to go on.
  private func copyEntries(
    to child: AddressSpace, from address: inout UInt64, _ stash: inout PageStash
  ) -> Bool {
    guard child.isAlive else { return true }
    while let (found, slot) = tables.nextEntry(
      from: address, below: userRange.upperBound.rawValue)
    {
      address = found
      // What was mapped after the child got its regions is not the child's.
      if child.map.containing(VirtualAddress(found)) != nil {
        guard let copy = child.makeSlot(VirtualAddress(found), &stash) else { return false }
        share(slot, with: copy, child)
      }
      address = found + UInt64(pageSize)
    }
    memory.counts.tlbFlushes += 1
    return true
  }

  private func share(
    _ slot: PageTables.Slot, with copy: PageTables.Slot, _ child: AddressSpace
  ) {
    var entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .relaxed))
    if let swapSlot = entry.swapSlot {
      memory.swap.pointee.addEntries(1, to: swapSlot)
      child.addSwapEntries(1)
    } else if entry.frame != memory.zeroPage {
      memory.addUser(entry.frame)
      child.addResident(1)
      entry.rawValue &= ~PageTableEntry.writable
      slot.pointee.store(entry.rawValue, ordering: .releasing)
    }
    copy.pointee.store(entry.rawValue, ordering: .releasing)
  }
}
