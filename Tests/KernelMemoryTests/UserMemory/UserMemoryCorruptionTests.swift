import Testing

@testable import KernelMemory

@Suite("processes' checkInvariants finds what is broken") final class UserMemoryCorruptionTests {
  let machine: Machine
  let memory: UserMemory
  let cpu: CPU
  let process: AddressSpace
  /// Three pages: one written to, one swapped out, one read.
  let area = VirtualAddress(0x40_0000)

  init() throws {
    machine = try Machine(memory: 2 << 20)
    cpu = machine.cpus[0]
    memory = try UserMemory(machine: machine, swapPages: 8, reclaims: false, cpu: cpu)
    process = try AddressSpace(memory: memory, name: "sh", cpu: cpu)
    _ = try process.mmap(3 * pageSize, at: area)
    try process.store(1, at: area + pageSize, cpu: cpu)
    #expect(memory.reclaim(pages: 1, cpu: cpu) == 1)
    try process.store(1, at: area, cpu: cpu)
    _ = try process.load(at: area + 2 * pageSize, as: Int.self, cpu: cpu)
    try memory.checkInvariants()
  }

  /// The process and its children are too broken to end, but must not keep their machine.
  deinit {
    for space in memory.spaces { machine.unregister(process: space) }
    memory.spaces = []
  }

  private func slot(_ page: Int) -> PageTables.Slot {
    process.tables.find((area + page * pageSize).rawValue)!.slot
  }

  private func expect(
    _ rule: UserMemoryViolation.Rule, _ finding: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: UserMemoryViolation.self, sourceLocation: sourceLocation) {
      try memory.checkInvariants()
    }
    #expect(
      error?.description == "\(rule.rawValue): \(finding)", sourceLocation: sourceLocation)
  }

  @Test func aUserTooMany() throws {
    let frame = try #require(process.entry(of: area)).frame
    memory.addUser(frame)
    expect(.sharing, "page frame \(frame) counts 2 users, but 1 entries lead to it")
  }

  @Test func aPageThatNobodyCounted() throws {
    let frame = try #require(process.entry(of: area)).frame
    memory.users[frame.number] = 0
    memory.addUser(frame)
    expect(.sharing, "the count of processes' pages is 2, but entries lead to 1")
  }

  @Test func aSharedPageThatOneMayWriteTo() throws {
    let child = try #require(try process.fork(pid: 2, cpu: cpu))
    let entry = try #require(process.entry(of: area))
    slot(0).pointee.store(
      entry.rawValue | PageTableEntry.writable, ordering: .relaxed)
    expect(
      .sharing, "page frame \(entry.frame) is shared, but one of its users may write to it")
    #expect(child.resident == 1)
  }

  @Test func aWritableZeroPage() {
    slot(2).pointee.store(
      PageTableEntry.userPage(memory.zeroPage, isWritable: true).rawValue, ordering: .relaxed)
    expect(.sharing, "sh: the zero page is writable at 0x0000000000402000")
  }

  @Test func aLostEntry() {
    slot(0).pointee.store(0, ordering: .relaxed)
    expect(.counts, "sh: the count of resident pages is 1, but there are 0")
  }

  @Test func anEntryWithoutARegion() throws {
    let entry = try #require(process.entry(of: area + 2 * pageSize))
    slot(3).pointee.store(entry.rawValue, ordering: .relaxed)
    expect(
      .regions, "sh: 0x0000000000403000 has the entry \(entry), but no region")
  }

  @Test func aSlotThatNobodyNames() {
    memory.swap.pointee.counts[3] = 1
    expect(.swap, "swap slot 3 counts 1 entries, but 0 name it")
  }

  @Test func aSlotNamedTwice() {
    slot(2).pointee.store(slot(1).pointee.load(ordering: .relaxed), ordering: .relaxed)
    process.addSwapEntries(1)
    expect(.swap, "swap slot 0 counts 1 entries, but 2 name it")
  }

  @Test func aPageThatClaimsASlot() throws {
    let frame = try #require(process.entry(of: area)).frame
    memory.slotOfFrame[frame.number] = 6
    expect(.swap, "page frame \(frame) and swap slot 5 do not know each other")
  }

  @Test func aPageThatSomebodyFreed() throws {
    let frame = try #require(process.entry(of: area)).frame
    try machine.freePages(frame, order: 0, cpu: cpu)
    expect(
      .pages, "page frame \(frame) is mapped, but \(machine.use(of: frame).words)")
  }

  @Test func aWrongCountOfTables() {
    process.tableCount.add(1, ordering: .relaxed)
    expect(.counts, "sh: the count of page table pages is 5, but there are 4")
  }
}
