import Synchronization

/// A tree of page tables: from 512 entries of the top level down to one entry a page.
///
/// Four levels on the 64-bit machine (PGD, PUD, PMD, PTE; the fifth, P4D, is folded as on most), three on the 32-bit
/// one with PAE. The tables are pages of the page allocator, full of entries as the processor reads them.
/// A trivially copyable handle. Source: `mm/memory.c`, `mm/vmalloc.c`, `arch/x86/mm/pgtable.c`.
public struct PageTables: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  /// The top level (`pgd`).
  public let root: PageFrame
  /// How many low bits of an address the top level does not look at: 39 with four levels, 30 with three.
  let topShift: Int
  /// What leads from one level to the next.
  let tableBits: UInt64

  /// Bits of an address that choose a byte of a page, and an entry of a table.
  static let pageShift = 12
  static let bitsPerLevel = 9
  /// A page-middle entry maps 2 MiB (`PMD_SIZE`).
  static let hugeShift = 21
  static let entriesPerTable = 512

  /// An entry in memory. Other processors' walks read it at any time, so accesses are atomic.
  typealias Slot = UnsafeMutablePointer<Atomic<UInt64>>

  func slot(_ table: PageFrame, _ address: UInt64, shift: Int) -> Slot {
    slot(table, index: Int(address >> UInt64(shift)) & (Self.entriesPerTable - 1))
  }

  func slot(_ table: PageFrame, index: Int) -> Slot {
    (base + table.number * pageSize).assumingMemoryBound(to: Atomic<UInt64>.self) + index
  }

  /// The entry that decides about an address: of the last level, or a huge one above; nil where a table is missing.
  ///
  /// At most four steps.
  func find(_ address: UInt64) -> (slot: Slot, shift: Int)? {
    var table = root
    var shift = topShift
    while true {
      let slot = slot(table, address, shift: shift)
      if shift == Self.pageShift { return (slot, shift) }
      let entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .acquiring))
      guard entry.isPresent else { return nil }
      if entry.isHuge { return (slot, shift) }
      table = entry.frame
      shift -= Self.bitsPerLevel
    }
  }

  /// Where an address leads, or nil when nothing is mapped there. At most four steps.
  func translate(_ address: UInt64) -> (entry: PageTableEntry, frame: PageFrame)? {
    guard let (slot, shift) = find(address) else { return nil }
    let entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .acquiring))
    guard entry.isPresent else { return nil }
    let within = Int(address >> 12) & (1 << (shift - Self.pageShift) - 1)
    return (entry, PageFrame(entry.frame.number + within))
  }

  /// The entry of an address in the table whose entries cover 2^`shift` bytes each, making the tables above it.
  ///
  /// - Parameters:
  ///   - allocate: gives a page of zeros, or nil.
  ///   - release: takes back a page that another thread's table made needless.
  /// - Returns: nil when `allocate` gave nothing; tables made until then stay, as in Linux.
  func makeSlot(
    _ address: UInt64, shift: Int = pageShift, allocate: () -> PageFrame?,
    release: (PageFrame) -> Void
  ) -> Slot? {
    var table = root
    var level = topShift
    while level > shift {
      let slot = slot(table, address, shift: level)
      var entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .acquiring))
      if !entry.isPresent {
        guard let page = allocate() else { return nil }
        let new = UInt64(page.number * pageSize) | tableBits
        let (won, found) = slot.pointee.compareExchange(
          expected: 0, desired: new, ordering: .acquiringAndReleasing)
        if !won { release(page) }
        entry = PageTableEntry(rawValue: won ? new : found)
      }
      table = entry.frame
      level -= Self.bitsPerLevel
    }
    return slot(table, address, shift: shift)
  }

  /// Clears the entries of a range, and tells of each that was there; tables stay (`vunmap_range_noflush`).
  ///
  /// Passes over missing tables at once. O(pages mapped + tables).
  func clear(_ range: Range<UInt64>, _ body: (UInt64, PageTableEntry, Int) -> Void) {
    var address = range.lowerBound
    while address < range.upperBound {
      var table = root
      var shift = topShift
      var slot = slot(table, address, shift: shift)
      while shift > Self.pageShift {
        let entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .acquiring))
        guard entry.isPresent, !entry.isHuge else { break }
        table = entry.frame
        shift -= Self.bitsPerLevel
        slot = self.slot(table, address, shift: shift)
      }
      // A missing table is left alone: somebody may be putting one there for a neighbour.
      let old = PageTableEntry(rawValue: slot.pointee.load(ordering: .acquiring))
      if shift == Self.pageShift || old.isHuge {
        slot.pointee.store(0, ordering: .releasing)
        if !old.isNone { body(address, old, shift) }
      }
      let step: UInt64 = 1 << UInt64(shift)
      let (next, overflow) = (address & ~(step - 1)).addingReportingOverflow(step)
      if overflow { return }
      address = next
    }
  }

  /// Visits every table below the top level, children first, with its level's shift.
  func forEachTable(_ body: (PageFrame, Int) -> Void) {
    visit(root, shift: topShift, entries: 0..<Self.entriesPerTable, body)
  }

  func visit(
    _ table: PageFrame, shift: Int, entries: Range<Int>, _ body: (PageFrame, Int) -> Void
  ) {
    guard shift > Self.pageShift else { return }
    for index in entries {
      let entry = PageTableEntry(
        rawValue: slot(table, index: index).pointee.load(ordering: .acquiring))
      guard entry.isPresent, !entry.isHuge else { continue }
      let below = shift - Self.bitsPerLevel
      visit(entry.frame, shift: below, entries: 0..<Self.entriesPerTable, body)
      body(entry.frame, below)
    }
  }

  /// Visits every entry of the last level, and every huge one, that is not empty, in ascending order of addresses.
  func forEachEntry(_ body: (UInt64, PageTableEntry, Int) -> Void) {
    visitEntries(root, shift: topShift, address: 0, body)
  }

  private func visitEntries(
    _ table: PageFrame, shift: Int, address: UInt64, _ body: (UInt64, PageTableEntry, Int) -> Void
  ) {
    for index in 0..<Self.entriesPerTable {
      let entry = PageTableEntry(
        rawValue: slot(table, index: index).pointee.load(ordering: .acquiring))
      if entry.isNone { continue }
      var address = address | UInt64(index) << UInt64(shift)
      // The upper half of all addresses has ones above bit 47.
      if shift == 39, index >= 256 { address |= 0xffff_0000_0000_0000 }
      if shift == Self.pageShift || entry.isHuge || !entry.isPresent {
        body(address, entry, shift)
      } else {
        visitEntries(entry.frame, shift: shift - Self.bitsPerLevel, address: address, body)
      }
    }
  }
}

extension PageTables {
  /// The first entry of the last level that is not empty, from an address on; nil when there is none below `end`.
  func nextEntry(from start: UInt64, below end: UInt64) -> (address: UInt64, slot: Slot)? {
    var address = start
    while address < end {
      var table = root
      var shift = topShift
      while true {
        let slot = slot(table, address, shift: shift)
        let entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .acquiring))
        if shift == Self.pageShift {
          if !entry.isNone { return (address, slot) }
          break
        }
        guard entry.isPresent else { break }
        table = entry.frame
        shift -= Self.bitsPerLevel
      }
      address = (address & ~(1 << UInt64(shift) - 1)) + 1 << UInt64(shift)
    }
    return nil
  }

  /// Takes the last-level table of an address out of the tree; nil when there is none.
  func detachTable(_ address: UInt64) -> PageFrame? {
    var table = root
    var shift = topShift
    while true {
      let slot = slot(table, address, shift: shift)
      let entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .acquiring))
      guard entry.isPresent else { return nil }
      if shift == Self.hugeShift {
        slot.pointee.store(0, ordering: .releasing)
        return entry.frame
      }
      table = entry.frame
      shift -= Self.bitsPerLevel
    }
  }
}
