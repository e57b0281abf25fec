import Testing

@testable import KernelMemory

/// The checker itself: memory is corrupted on purpose, and the violation must be the one that was planted.
@Suite("vmalloc's checkInvariants finds what is broken") struct VmallocCorruptionTests {
  let machine: Machine
  let vmalloc: Vmalloc
  let cpu: CPU
  /// One page each, every second freed and purged.
  let areas: [VirtualAddress]

  init() throws {
    machine = try Machine(memory: 4 << 20)
    cpu = machine.cpus[0]
    vmalloc = try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: cpu)
    var areas: [VirtualAddress] = []
    for _ in 0..<12 { areas.append(try #require(try vmalloc.vmalloc(pageSize, cpu: cpu))) }
    self.areas = areas
    for index in stride(from: 0, to: 12, by: 2) { try vmalloc.vfree(areas[index], cpu: cpu) }
    vmalloc.purge()
    try vmalloc.checkInvariants()
  }

  private var nodes: UnsafeMutablePointer<AreaNode> { vmalloc.space.pointee.nodes }
  private func busy(_ area: Int) -> Int {
    Int(vmalloc.space.pointee.busy.containing(areas[area].rawValue))
  }
  private func free(_ area: Int) -> Int {
    Int(vmalloc.space.pointee.free.containing(areas[area].rawValue))
  }

  private func expect(
    _ rule: VmallocViolation.Rule, _ finding: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: VmallocViolation.self, sourceLocation: sourceLocation) {
      try vmalloc.checkInvariants()
    }
    #expect(error?.rule == rule, sourceLocation: sourceLocation)
    if let finding { #expect(error?.finding == finding, sourceLocation: sourceLocation) }
  }

  @Test func aWrongLargestSize() {
    let root = Int(vmalloc.space.pointee.free.root)
    nodes[root].subtreeMax -= 1
    expect(.augmentation)
  }

  @Test func aSizeThatNobodyToldTheTree() {
    let leaf = [0, 2, 4, 6, 8].map(free).first { nodes[$0].left == 0 && nodes[$0].right == 0 }
    nodes[leaf!].end += 0x1000
    expect(.augmentation)
  }

  @Test func aRedChildOfARedNode() {
    for area in [0, 2, 4, 6, 8, 10] { nodes[free(area)].isRed = true }
    expect(.balance)
  }

  @Test func aBlackNodeTooMany() {
    let first = Int(vmalloc.space.pointee.busy.first)
    nodes[first].isRed.toggle()
    expect(.balance)
  }

  @Test func aParentThatIsNone() {
    nodes[busy(1)].parent = UInt32(busy(11))
    expect(.order)
  }

  @Test func aCircle() {
    let last = Int(vmalloc.space.pointee.busy.last)
    let root = vmalloc.space.pointee.busy.root
    nodes[last].right = root
    nodes[Int(root)].parent = UInt32(last)
    expect(.balance, "the root of the busy tree is red, or has a parent")
  }

  @Test func aFreeStretchMarkedBusy() {
    nodes[free(4)].state = .busy
    expect(
      .order, "0xffffc90000008000-0xffffc9000000a000 in the free tree is marked busy, not free")
  }

  @Test func aLostStretch() {
    vmalloc.space.pointee.free.remove(UInt32(free(4)))
    expect(
      .coverage,
      "0xffffc9000000a000-0xffffc9000000c000 (busy) should start at 0xffffc90000008000, where the "
        + "last one ends")
  }

  @Test func neighboursThatWereNotMerged() {
    let index = busy(3)
    vmalloc.space.pointee.unlinkBusy(UInt32(index))
    nodes[index].state = .free
    vmalloc.space.pointee.free.insert(UInt32(index))
    expect(
      .coverage,
      "the free stretches 0xffffc90000004000-0xffffc90000006000 and "
        + "0xffffc90000006000-0xffffc90000008000 should be one")
  }

  @Test func aWrongCountOfLazyPages() {
    vmalloc.space.pointee.lazyPages = 3
    expect(.counts, "the count of lazy pages is 3, but such stretches hold 0")
  }

  @Test func aWrongCountOfAreas() {
    vmalloc.space.pointee.busy.count += 1
    expect(.counts, "the busy tree counts 7 stretches, but holds 6")
  }

  @Test func aPageThatLostItsMapping() {
    vmalloc.tables.find(areas[1].rawValue)!.slot.pointee.store(0, ordering: .relaxed)
    expect(
      .mapping,
      "0xffffc90000002000 is not mapped, but lies in the vmalloc area "
        + "0xffffc90000002000-0xffffc90000004000 of 1 page (init())")
  }

  @Test func aMappedGuardPage() {
    let entry = vmalloc.entry(of: areas[1])!
    vmalloc.tables.find(areas[1].rawValue + 0x1000)!.slot.pointee.store(
      entry.rawValue, ordering: .relaxed)
    expect(.mapping, "the guard page at 0xffffc90000003000 is mapped")
  }

  @Test func aMappingThatOutlivedItsArea() {
    let entry = vmalloc.entry(of: areas[1])!
    vmalloc.tables.find(areas[2].rawValue)!.slot.pointee.store(entry.rawValue, ordering: .relaxed)
    expect(.mapping, "7 pages are mapped, but the areas have 6")
  }

  @Test func aMappingOfAnotherPage() throws {
    let other = try #require(vmalloc.vmallocToPage(areas[3]))
    vmalloc.tables.find(areas[1].rawValue)!.slot.pointee.store(
      PageTableEntry.kernel.mapping(other).rawValue, ordering: .relaxed)
    expect(.mapping)
  }

  @Test func aPageThatSomebodyFreed() throws {
    let frame = try #require(vmalloc.vmallocToPage(areas[1]))
    try machine.freePages(frame, order: 0, cpu: cpu)
    expect(
      .mapping,
      "0xffffc90000002000 leads to page frame \(frame), which is free, in the block of order 0 at "
        + "\(frame) on a per-CPU list")
    // The free says so, too, and frees the rest.
    #expect(throws: VmallocError.page(.alreadyFreePerCPU(frame, head: frame, order: 0))) {
      try vmalloc.vfree(areas[1], cpu: cpu)
    }
  }

  @Test func aTableThatSomebodyFreed() throws {
    let root = vmalloc.tables.root
    try machine.freePages(root, order: 0, cpu: cpu)
    machine.log.clear()
    vmalloc.tearDown(cpu: cpu)
    #expect(
      machine.log.lines == [
        "BUG: Bad page state: page frame \(root) is free already: it starts a block of order 0 on a "
          + "per-CPU list"
      ])
  }

  @Test func aWrongCountOfTables() {
    vmalloc.tablePages.add(1, ordering: .relaxed)
    expect(.counts, "the count of page table pages is 5, but there are 4")
  }

  @Test func aWrongCountOfUsedPages() {
    vmalloc.usedPages.add(2, ordering: .relaxed)
    expect(.counts, "the count of used pages is 8, but the areas own 6")
  }
}
