import Synchronization
import Testing

@testable import KernelMemory

/// The checker itself: memory is corrupted on purpose, and the violation must be the one that was planted.
@Suite("checkInvariants finds what is broken") struct CorruptionTests {
  let machine: Machine
  /// DMA, with 4080 frames from 0x10.
  let zone: Zone
  let map: MemoryMap
  /// Allocated, with order 4.
  let block: PageFrame
  /// On CPU 0's list of order 0, after one free.
  let cached: PageFrame

  init() throws {
    machine = try Machine(memory: 16 << 20, cpus: 2, reserved: [0..<16])
    zone = machine.node.zones[0]
    map = machine.map
    let (cpu, gfp) = (machine.cpus[0], GFPFlags.highuserMovable)
    block = try #require(try machine.allocatePages(order: 4, gfp: gfp, cpu: cpu))
    cached = try #require(try machine.allocatePages(order: 0, gfp: gfp, cpu: cpu))
    try machine.freePages(cached, order: 0, cpu: machine.cpus[0])
    try #require(block == PageFrame(0x10) && cached == PageFrame(0x20))
    try machine.checkInvariants()
    // The page at 0x20 left free blocks of orders 0 to 4 behind it.
    try #require(zone.freeBlocks(order: 3) == [PageFrame(0x28)])
  }

  private func expect(
    _ rule: InvariantViolation.Rule, _ finding: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: InvariantViolation.self, sourceLocation: sourceLocation) {
      try machine.checkInvariants()
    }
    #expect(error?.rule == rule, sourceLocation: sourceLocation)
    #expect(
      error?.description == "zone DMA, \(rule.rawValue): \(finding)", sourceLocation: sourceLocation
    )
  }

  // MARK: States

  @Test func aBlockThatStartsAtNoMultiple() {
    map[0x11] = .free(1)
    map[0x10] = .allocated(0)
    expect(
      .alignment, "the free block of order 1 at page frame 0x11 does not start at a multiple of 2")
  }

  @Test func aBlockBeyondTheEnd() throws {
    let node = try Node(zones: [ZoneLayout(.dma, usable: [0..<6])])
    node.map[4] = .allocated(2)
    let error = #expect(throws: InvariantViolation.self) { try node.zones[0].checkInvariants() }
    #expect(
      error?.description == "zone DMA, alignment: the allocated block of order 2 at page frame 0x4 "
        + "reaches beyond the zone's end")
  }

  @Test func aBlockInsideAnother() {
    map[0x17] = .allocated(0)
    expect(
      .overlap,
      "page frame 0x17 is inside the allocated block of order 4 at 0x10, "
        + "but starts another: allocated block of order 0")
  }

  @Test func aReservedFrameInsideABlock() {
    map[0x2a] = .reserved
    expect(
      .overlap, "page frame 0x2a is inside the free block of order 3 at 0x28, but is reserved")
  }

  @Test func aFrameWithoutABlock() {
    map[0x10] = .allocated(3)
    expect(.overlap, "page frame 0x18 belongs to no block")
  }

  @Test func anUnknownState() {
    map[0x10] = PageState(rawValue: 0x3c)
    expect(.overlap, "page frame 0x10 has the unknown state 0x3c")
  }

  @Test func anOrderThatDoesNotExist() {
    map[0x10] = .allocated(11)
    expect(.overlap, "page frame 0x10 has the unknown state 0x2b")
  }

  @Test func buddiesThatWereNotMerged() {
    map[0x10] = .free(3)
    map[0x18] = .free(3)
    expect(
      .merging,
      "the free blocks of order 3 at page frames 0x10 and 0x18 are buddies "
        + "and should be one")
  }

  @Test func aLostFrame() {
    map[0x10] = .reserved
    for frame in UInt32(0x11)..<0x20 { map[frame] = .allocated(0) }
    expect(
      .accounting,
      "4063 free + 1 on per-CPU lists + 15 allocated pages are not the 4080 managed ones"
    )
  }

  // MARK: Free lists

  @Test func aFreeBlockOnNoList() {
    let head = zone.listHead(3, .movable)
    map.makeEmptyList(head)
    expect(
      .links,
      "the Movable free list of order 3 has length 0, but the number of free blocks of that order and type "
        + "is 1")
  }

  @Test func anAllocatedBlockOnAFreeList() {
    zone.lists(.movable).add(block.number, at: zone.lists(.movable).head(3), bit: 0, toTail: false)
    expect(
      .links,
      "the Movable free list of order 3 leads to page frame 0x10, where no such block starts")
  }

  @Test func aLinkOutOfTheZone() {
    map.links[0x28].next = 0x1000
    expect(.links, "the Movable free list of order 3 leads to 0x1000, which is not in the zone")
  }

  @Test func aLinkThatDoesNotComeBack() {
    map.links[0x28].previous = 0x10
    expect(
      .links,
      "page frame 0x28 on the Movable free list of order 3 does not point back to the one before")
  }

  @Test func aHeadThatForgotItsTail() {
    let head = zone.listHead(3, .movable)
    map.links[Int(head)].previous = head
    expect(
      .links, "the head of the Movable free list of order 3 does not point back to the last block")
  }

  @Test func aCircleThatMissesTheHead() {
    let blocks = zone.freeBlocks(order: 10).map { UInt32($0.number) }
    map.links[Int(blocks[2])].next = blocks[2]
    map.links[Int(blocks[2])].previous = blocks[1]
    expect(
      .links,
      "page frame 0xc00 on the Movable free list of order 10 does not point back to the one before")
  }

  // MARK: Counters

  @Test func aWrongCountOfBlocks() {
    zone.lists(.movable)[3].pointee.count = 2
    expect(.counts, "the count of Movable free blocks of order 3 is 2, but their number is 1")
  }

  @Test func aWrongBitForANonEmptyList() {
    zone.lists(.movable).nonEmpty.pointee.bitwiseAnd(~(1 << 3), ordering: .relaxed)
    expect(
      .counts, "the bit for a non-empty Movable free list of order 3 is wrong: its length is 1")
  }

  @Test func aWrongCountOfFreePages() {
    zone.state.pointee.freePages.add(1, ordering: .relaxed)
    expect(.counts, "the count of free pages is 4064, but the free blocks hold 4063")
  }

  @Test func aWrongCountOfFreeAtomicPages() {
    zone.state.pointee.freeHighAtomic.store(7, ordering: .relaxed)
    expect(.counts, "the count of free pages kept for atomic requests is 7, but there are 0")
  }

  @Test func aWrongCountOfAtomicPageblocks() {
    zone.state.pointee.reservedHighAtomic = 512
    expect(
      .counts, "512 pages count as kept for atomic requests, but their pageblocks have 0")
  }

  // MARK: Pageblocks

  @Test func aFreeBlockOnAnotherTypesList() {
    map.blockTypes[4] = MigrateType.reclaimable.rawValue
    map.blockTypes[5] = MigrateType.reclaimable.rawValue
    expect(
      .grouping,
      "the Movable free list of order 10 leads to page frame 0x800, whose pageblock is Reclaimable")
  }

  @Test func aFreeBlockInPageblocksOfTwoTypes() {
    map.blockTypes[5] = MigrateType.unmovable.rawValue
    expect(
      .grouping,
      "the free block of order 10 at page frame 0x800 lies in pageblocks of two types, "
        + "Movable and Unmovable")
  }

  @Test func aRouteToListsOfAnotherType() {
    let routes = machine.cpus[0].state.pointee.blockRoutes
    routes[3].list.store(0, ordering: .relaxed)
    expect(
      .grouping,
      "pages freed in the pageblock at 0x600, which is Movable, go to lists of another type")
  }

  // MARK: Per-CPU lists

  private func stack(cpu: Int, order: Int) -> UnsafeMutablePointer<PageStack> {
    machine.cpus[cpu].pages(of: zone).stack(3 * order + 1)
  }

  @Test func aPerCPUBlockOnNoList() {
    _ = stack(cpu: 0, order: 0).pointee.pop()
    expect(
      .links,
      "the per-CPU lists of order 0 have length 0 together, "
        + "but the number of per-CPU blocks of that order is 1")
  }

  @Test func aPageOnTwoCPUsLists() {
    machine.cpus[1].pages(of: zone).state.pointee.refilled = 1
    stack(cpu: 1, order: 0).pointee.push(UInt32(cached.number))
    expect(
      .links, "page frame 0x20 on list 1 of CPU 1 is on a per-CPU list already")
  }

  @Test func aPageTwiceOnAList() {
    machine.cpus[0].pages(of: zone).state.pointee.refilled = 2
    stack(cpu: 0, order: 0).pointee.push(UInt32(cached.number))
    expect(
      .links, "page frame 0x20 on list 1 of CPU 0 is on a per-CPU list already")
  }

  @Test func anAllocatedBlockOnAPerCPUList() {
    stack(cpu: 1, order: 3).pointee.push(UInt32(block.number))
    expect(
      .links,
      "list 10 of CPU 1 holds page frame 0x10, where no per-CPU block of order 3 starts")
  }

  @Test func aListBeyondItsMemory() {
    let list = stack(cpu: 1, order: 2)
    list.pointee.top = list.pointee.bottom - 1
    expect(.links, "list 7 of CPU 1 is not within its memory")
  }

  @Test func aWrongCountOfPerCPUPages() {
    machine.cpus[0].pages(of: zone).state.pointee.refilled -= 2
    expect(.counts, "CPU 0 got 0 pages, but its lists hold 1")
  }

  @Test func aBudgetBeyondTheLimit() {
    machine.cpus[1].pages(of: zone).state.pointee.setBudget(3)
    expect(
      .counts, "CPU 1 may free 3 pages to lists that hold 0 of at most 0")
  }

  @Test func aCPUThatDoesNotKnowOfAShortage() throws {
    while zone.freePages > zone.watermarks.high {
      _ = try #require(
        try machine.allocatePages(order: 4, gfp: .highuserMovable, cpu: machine.cpus[0]))
    }
    try machine.checkInvariants()
    machine.cpus[1].state.pointee.guarded.slowBits.bitwiseAnd(
      ~CPUGuard.shortage(inZone: 0), ordering: .relaxed)
    let (free, high) = (zone.freePages, zone.watermarks.high)
    expect(
      .pressure,
      "\(free) free pages are no more than the high watermark, \(high), but CPU 1 does not know")
  }
}
