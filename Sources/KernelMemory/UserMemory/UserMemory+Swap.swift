import Synchronization

/// Swapping out, by the hand of a clock that gives each page a second chance.
///
/// Linux finds the entries of an old page by its reverse mapping; here the hand goes through the page tables of one
/// process after the other, as Linux did before 2.6. Source: `mm/vmscan.c`, `mm/swapfile.c`.
extension UserMemory {
  /// Frees pages by writing them to swap.
  ///
  /// Entries that were used since the hand came by last time lose their mark and are spared; a page is free when its
  /// last entry was replaced by the slot's number.
  /// - Parameters:
  ///   - target: how many pages to free.
  ///   - cpu: the calling thread's processor.
  /// - Returns: how many were freed: fewer when swap is full, or nothing else is left.
  /// - Complexity: at most three rounds over all entries.
  public func reclaim(pages target: Int, cpu: CPU) -> Int {
    locked {
      var freed = 0
      var rounds = 0
      while freed < target, !spaces.isEmpty {
        guard hand.space < spaces.count else {
          hand = (0, 0)
          rounds += 1
          if rounds == 3 { break }
          continue
        }
        let space = spaces[hand.space]
        guard
          let (address, slot) = space.tables.nextEntry(
            from: hand.address, below: space.userRange.upperBound.rawValue)
        else {
          hand = (hand.space + 1, 0)
          continue
        }
        hand.address = address + UInt64(pageSize)
        var entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .relaxed))
        guard entry.isPresent, entry.frame != zeroPage else { continue }
        if entry.isAccessed {
          entry.rawValue &= ~PageTableEntry.accessed
          slot.pointee.store(entry.rawValue, ordering: .relaxed)
          counts.secondChances += 1
          continue
        }
        guard let swapSlot = slotForSwapping(entry.frame) else { break }
        swap.pointee.addEntries(1, to: swapSlot)
        slot.pointee.store(PageTableEntry.swap(swapSlot).rawValue, ordering: .releasing)
        space.addResident(-1)
        space.addSwapEntries(1)
        counts.swappedOut += 1
        if dropUser(entry.frame, cpu: cpu) { freed += 1 }
      }
      // One flush for all that changed.
      counts.tlbFlushes += 1
      return freed
    }
  }

  /// The slot that has, or gets, a page's bytes; nil when swap is full. Needs the lock.
  private func slotForSwapping(_ frame: PageFrame) -> Int? {
    if slotOfFrame[frame.number] != 0 { return Int(slotOfFrame[frame.number] - 1) }
    guard let slot = swap.pointee.take() else { return nil }
    swap.pointee.pointer(to: slot).copyMemory(
      from: machine.pointer(to: frame), byteCount: pageSize)
    swap.pointee.cached[slot] = UInt32(frame.number + 1)
    slotOfFrame[frame.number] = UInt32(slot + 1)
    counts.swapWrites += 1
    return slot
  }
}
