import Synchronization

/// A statement about processes' memory that must always hold, and does not.
public struct UserMemoryViolation: Error, Hashable, Sendable, CustomStringConvertible {
  /// The statement that is broken.
  public enum Rule: String, CaseIterable, Hashable, Sendable {
    /// Regions are in ascending order without overlap, and only their addresses have entries.
    case regions
    /// A page's count of users is the number of entries that lead to it, and shared pages are read-only.
    case sharing
    /// A slot's count is the number of entries that name it, and pages and slots know each other.
    case swap
    /// Counters say what is there.
    case counts
    /// Pages and tables in use are allocated.
    case pages
  }
  public let rule: Rule
  /// What was found, and what should have been.
  public let finding: String

  init(_ rule: Rule, _ finding: String) {
    self.rule = rule
    self.finding = finding
  }

  public var description: String { "\(rule.rawValue): \(finding)" }
}

extension UserMemory {
  /// Checks every process's entries against regions, counts and swap.
  ///
  /// No thread may use a process meanwhile. O(entries + frames + slots).
  /// - Throws: ``UserMemoryViolation``, the first one found.
  public func checkInvariants() throws(UserMemoryViolation) {
    var leading: [Int: Int] = [:]
    var naming: [Int: Int] = [:]
    var writable: Set<Int> = []
    for space in spaces { try check(space, &leading, &naming, &writable) }
    for frame in 0..<machine.memory.byteCount / pageSize {
      let (count, found) = (Int(users[frame]), leading[frame] ?? 0)
      if count != found {
        throw UserMemoryViolation(
          .sharing,
          "page frame \(PageFrame(frame)) counts \(count) users, but \(found) entries lead to it")
      }
      if found > 1, writable.contains(frame) {
        throw UserMemoryViolation(
          .sharing, "page frame \(PageFrame(frame)) is shared, but one of its users may write to it"
        )
      }
      if found > 0 {
        guard case .allocated(PageFrame(frame), order: 0) = machine.use(of: PageFrame(frame))
        else {
          throw UserMemoryViolation(
            .pages,
            "page frame \(PageFrame(frame)) is mapped, but \(machine.use(of: PageFrame(frame)).words)"
          )
        }
      }
      let slot = Int(slotOfFrame[frame])
      if slot != 0, found == 0 || swap.pointee.cached[slot - 1] != UInt32(frame + 1) {
        throw UserMemoryViolation(
          .swap, "page frame \(PageFrame(frame)) and swap slot \(slot - 1) do not know each other")
      }
    }
    if anonymousPages != leading.count {
      throw UserMemoryViolation(
        .sharing,
        "the count of processes' pages is \(anonymousPages), but entries lead to \(leading.count)")
    }
    try checkSwap(naming)
  }

  private func checkSwap(_ naming: [Int: Int]) throws(UserMemoryViolation) {
    var used = 0
    for slot in 0..<swap.pointee.slots {
      let (count, found) = (Int(swap.pointee.counts[slot]), naming[slot] ?? 0)
      if count != found {
        throw UserMemoryViolation(
          .swap, "swap slot \(slot) counts \(count) entries, but \(found) name it")
      }
      let cached = swap.pointee.cached[slot]
      if cached != 0, slotOfFrame[Int(cached - 1)] != UInt32(slot + 1) {
        throw UserMemoryViolation(
          .swap,
          "swap slot \(slot) and page frame \(PageFrame(Int(cached - 1))) do not know each other")
      }
      if count > 0 || cached != 0 { used += 1 }
    }
    if used != swap.pointee.used {
      throw UserMemoryViolation(
        .counts, "the count of used swap slots is \(swap.pointee.used), but \(used) are")
    }
  }

  private func check(
    _ space: AddressSpace, _ leading: inout [Int: Int], _ naming: inout [Int: Int],
    _ writable: inout Set<Int>
  ) throws(UserMemoryViolation) {
    var end = space.userRange.lowerBound
    var pages = 0
    for region in space.map.regions {
      if region.start < end || region.end <= region.start {
        throw UserMemoryViolation(.regions, "\(space.name): \(region) overlaps the one before")
      }
      end = region.end
      pages += region.pages
    }
    var (resident, swapped) = (0, 0)
    var address = space.userRange.lowerBound.rawValue
    let limit = space.userRange.upperBound.rawValue
    while let (found, slot) = space.tables.nextEntry(from: address, below: limit) {
      address = found + UInt64(pageSize)
      let entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .relaxed))
      guard let region = space.map.containing(VirtualAddress(found)) else {
        throw UserMemoryViolation(
          .regions, "\(space.name): \(VirtualAddress(found)) has the entry \(entry), but no region")
      }
      if entry.isPresent, entry.isWritable, !region.protection.contains(.write) {
        throw UserMemoryViolation(
          .regions, "\(space.name): \(VirtualAddress(found)) is writable, but \(region) is not")
      }
      if let slot = entry.swapSlot {
        swapped += 1
        naming[slot, default: 0] += 1
      } else if entry.frame == zeroPage {
        if entry.isWritable {
          throw UserMemoryViolation(
            .sharing, "\(space.name): the zero page is writable at \(VirtualAddress(found))")
        }
      } else {
        resident += 1
        leading[entry.frame.number, default: 0] += 1
        if entry.isWritable { writable.insert(entry.frame.number) }
      }
    }
    try checkCounts(space, resident: resident, swapped: swapped, pages: pages)
  }

  private func checkCounts(
    _ space: AddressSpace, resident: Int, swapped: Int, pages: Int
  ) throws(UserMemoryViolation) {
    var tables = 1
    var lost: PageFrame?
    let own = machine.kind == .x86_64 ? 0..<256 : 0..<3
    space.tables.visit(space.tables.root, shift: space.tables.topShift, entries: own) { table, _ in
      tables += 1
      if machine.use(of: table) != .allocated(head: table, order: 0) { lost = table }
    }
    if let lost {
      throw UserMemoryViolation(
        .pages, "\(space.name): the page table at \(lost) is \(machine.use(of: lost).words)")
    }
    for (name, count, found) in [
      ("resident pages", space.resident, resident), ("swap entries", space.swapEntries, swapped),
      ("page table pages", space.pageTablePages, tables),
      ("pages of regions", space.totalVirtualPages, pages),
    ] where count != found {
      throw UserMemoryViolation(
        .counts, "\(space.name): the count of \(name) is \(count), but there are \(found)")
    }
  }
}
