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
    block = try #require(try machine.allocatePages(order: 4, gfp: .kernel, cpu: machine.cpus[0]))
    cached = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: machine.cpus[0]))
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
    let head = zone.listHead(3)
    map.makeEmptyList(head)
    expect(
      .links,
      "the free list of order 3 has length 0, but the number of free blocks of that order is 1")
  }

  @Test func anAllocatedBlockOnAFreeList() {
    map.insert(UInt32(block.number), after: zone.listHead(3))
    expect(
      .links, "the free list of order 3 leads to page frame 0x10, where no such block starts")
  }

  @Test func aLinkOutOfTheZone() {
    map.links[0x28].next = 0x1000
    expect(.links, "the free list of order 3 leads to 0x1000, which is not in the zone")
  }

  @Test func aLinkThatDoesNotComeBack() {
    map.links[0x28].previous = 0x10
    expect(
      .links, "page frame 0x28 on the free list of order 3 does not point back to the one before")
  }

  @Test func aHeadThatForgotItsTail() {
    let head = zone.listHead(3)
    map.links[Int(head)].previous = head
    expect(.links, "the head of the free list of order 3 does not point back to the last block")
  }

  @Test func aCircleThatMissesTheHead() {
    let blocks = zone.freeBlocks(order: 10).map { UInt32($0.number) }
    map.links[Int(blocks[2])].next = blocks[2]
    map.links[Int(blocks[2])].previous = blocks[1]
    expect(
      .links,
      "page frame 0xc00 on the free list of order 10 does not point back to the one before")
  }

  // MARK: Counters

  @Test func aWrongCountOfBlocks() {
    zone.state.pointee.freeBlockCounts[3] = 2
    expect(.counts, "the count of free blocks of order 3 is 2, but their number is 1")
  }

  @Test func aWrongBitForANonEmptyList() {
    zone.state.pointee.nonEmptyOrders &= ~(1 << 3)
    expect(.counts, "the bit for a non-empty list of order 3 is wrong: its length is 1")
  }

  @Test func aWrongCountOfFreePages() {
    zone.addFreePages(1)
    expect(.counts, "the count of free pages is 4064, but the free blocks hold 4063")
  }

  // MARK: Per-CPU lists

  @Test func aPerCPUBlockOnNoList() {
    let head = machine.cpus[0].pages(of: zone).listHead(0)
    map.makeEmptyList(head)
    expect(.counts, "CPU 0 counts 1 pages, but its lists hold 0")
    machine.cpus[0].pages(of: zone).state.pointee.count = 0
    expect(
      .links,
      "the per-CPU lists of order 0 have length 0 together, "
        + "but the number of per-CPU blocks of that order is 1")
  }

  @Test func aPageOnTwoCPUsLists() {
    let head = machine.cpus[1].pages(of: zone).listHead(0)
    map.links[Int(head)] = PageLinks(
      next: UInt32(cached.number), previous: UInt32(cached.number))
    expect(
      .links,
      "page frame 0x20 on the list of order 0 of CPU 1 does not point back to the one before")
  }

  @Test func aFreePageOnAPerCPUList() {
    map.unlink(0x28)
    map.insert(0x28, after: machine.cpus[1].pages(of: zone).listHead(3))
    expect(
      .links,
      "the free list of order 3 has length 0, but the number of free blocks of that order is 1")
  }

  @Test func anAllocatedBlockOnAPerCPUList() {
    map.insert(UInt32(block.number), after: machine.cpus[1].pages(of: zone).listHead(3))
    expect(
      .links, "the list of order 3 of CPU 1 leads to page frame 0x10, where no such block starts")
  }

  @Test func aWrongCountOfPerCPUPages() {
    machine.cpus[1].pages(of: zone).state.pointee.count = 3
    expect(.counts, "CPU 1 counts 3 pages, but its lists hold 0")
  }
}
