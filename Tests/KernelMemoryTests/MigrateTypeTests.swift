import Testing

@testable import KernelMemory

@Suite("Migrate types") struct MigrateTypeTests {
  private func zone(_ frames: Int) throws -> (Node, Zone) {
    let node = try Node(zones: [ZoneLayout(.normal, usable: [0..<frames])])
    return (node, node.zones[0])
  }

  /// All of the zone handed out page by page, as movable or not, but for a few pages that lie apart.
  private func fragmented(_ zone: Zone, gfp: GFPFlags) throws {
    while let frame = zone.allocateBlock(order: 0) {
      zone.map[UInt32(frame.number)] = .allocated(0, gfp)
    }
    for frame in [0, 2, 4] { try zone.freeBlock(PageFrame(frame), order: 0) }
    try zone.checkInvariants()
  }

  @Test("an unmovable page turns the pageblocks of the largest movable block")
  func claimsWholeBlocks() throws {
    let (node, zone) = try zone(4096)
    try withExtendedLifetime(node) {
      #expect(zone.pageblockCount(of: .movable) == 8)
      #expect(zone.allocateBlock(order: 0, type: .unmovable) == PageFrame(0))
      #expect(zone.pageblockCount(of: .unmovable) == 2)
      #expect(zone.freeBlocks(order: 9, type: .unmovable) == [PageFrame(512)])
      #expect(zone.freeBlocks(order: 10, type: .movable).map(\.number) == [1024, 2048, 3072])
      #expect(zone.fallbackCounts == FallbackCounts(claimed: 1, ownershipChanged: 1))
      #expect(zone.allocateBlock(order: 0, type: .unmovable) == PageFrame(1))
      #expect(zone.fallbackCounts.claimed == 1)
      try zone.checkInvariants()
    }
  }

  @Test("reclaimable pages are taken before unmovable ones for a movable request")
  func order() throws {
    let (node, zone) = try zone(3072)
    try withExtendedLifetime(node) {
      _ = zone.allocateBlock(order: 9, type: .unmovable)
      _ = zone.allocateBlock(order: 9, type: .reclaimable)
      while zone.freeBlockCount(order: 10) > 0 { _ = zone.allocateBlock(order: 10) }
      let reclaimable = try #require(zone.freeBlocks(order: 9, type: .reclaimable).first)
      #expect(zone.allocateBlock(order: 4) == reclaimable)
      try zone.checkInvariants()
    }
  }

  @Test("a pageblock of which most is free or alike is claimed")
  func claimsAlike() throws {
    let (node, zone) = try zone(1024)
    try withExtendedLifetime(node) {
      try fragmented(zone, gfp: [])
      #expect(zone.allocateBlock(order: 0, type: .unmovable) == PageFrame(0))
      #expect(zone.pageblockCount(of: .unmovable) == 1)
      #expect(zone.freeBlocks(order: 0, type: .unmovable).map(\.number) == [2, 4])
      #expect(
        zone.fallbackCounts == FallbackCounts(claimed: 1, fragmenting: 1, ownershipChanged: 1))
      try zone.checkInvariants()
    }
  }

  @Test("a page is stolen from a pageblock full of movable pages, unless that is to be avoided")
  func steals() throws {
    let (node, zone) = try zone(1024)
    try withExtendedLifetime(node) {
      try fragmented(zone, gfp: .movable)
      #expect(zone.takeBlock(order: 0, type: .unmovable, flags: .noFragment) == nil)
      #expect(zone.allocateBlock(order: 0, type: .unmovable) == PageFrame(4))
      #expect(zone.pageblockCount(of: .unmovable) == 0)
      #expect(zone.fallbackCounts == FallbackCounts(stolen: 1, fragmenting: 1))
      try zone.checkInvariants()
    }
  }

  @Test(
    "a fallback to a small block raises the watermarks by a pageblock, up to half as much again")
  func boost() throws {
    let (node, zone) = try zone(4096)
    try withExtendedLifetime(node) {
      zone.setWatermarks(Watermarks(min: 10, low: 20, high: 400, promo: 500))
      try fragmented(zone, gfp: .movable)
      _ = zone.takeBlock(order: 0, type: .unmovable, flags: .kswapd)
      #expect(zone.boost == 512)
      #expect(zone.watermarks == Watermarks(min: 522, low: 532, high: 912, promo: 1012))
      #expect(zone.takeBoosted() && !zone.takeBoosted())
      _ = zone.takeBlock(order: 0, type: .unmovable, flags: [])
      #expect(zone.boost == 600 && !zone.takeBoosted())
      zone.reduceBoost(by: 512)
      #expect(zone.boost == 88)
      zone.reduceBoost(by: 512)
      #expect(zone.watermarks.min == 10)
    }
  }

  @Test("free pageblocks merge across types, but not with those kept for atomic requests")
  func mergesAcrossTypes() throws {
    for (type, merges) in [(MigrateType.reclaimable, true), (.highAtomic, false)] {
      let (node, zone) = try zone(1024)
      try withExtendedLifetime(node) {
        let low = try #require(zone.allocateBlock(order: 9, type: .unmovable))
        let high = try #require(zone.allocateBlock(order: 9, type: .unmovable))
        zone.withLock {
          zone.setTypeLocked(block: 1, to: type)
          if type == .highAtomic { zone.state.pointee.reservedHighAtomic = 512 }
        }
        try zone.freeBlock(low, order: 9)
        try zone.freeBlock(high, order: 9)
        try zone.checkInvariants()
        #expect(zone.freeBlocks(order: 10, type: type) == (merges ? [PageFrame(0)] : []))
        #expect(zone.freeBlocks(order: 9, type: type) == (merges ? [] : [PageFrame(512)]))
        #expect(zone.pageblockCount(of: .unmovable) == (merges ? 0 : 1))
        #expect(zone.freePages == 1024 && zone.freeHighAtomic == (merges ? 0 : 512))
      }
    }
  }

  @Test("pageblocks kept for atomic requests: up to 1 % of the zone, given back when asked")
  func highAtomic() throws {
    let machine = try Machine(memory: 512 << 20)
    let zone = machine.node.zones[1]
    let frames = try (0..<4).map { _ in try #require(zone.allocateBlock(order: 9)) }
    for frame in frames { zone.reserveHighAtomic(frame, order: 9) }
    #expect(zone.reservedHighAtomic == 3 * 512 && zone.pageblockCount(of: .highAtomic) == 3)
    #expect(!zone.unreserveHighAtomic(for: .movable, all: true))

    try zone.freeBlock(frames[0], order: 9)
    try machine.checkInvariants()
    #expect(zone.freeHighAtomic == 512)
    let mark = zone.freePages - 512
    #expect(!zone.isWatermarkMet(order: 0, mark: mark, highestZone: 2))
    #expect(zone.isWatermarkMet(order: 0, mark: mark, highestZone: 2, flags: .oomVictim))
    #expect(
      zone.takeBlock(order: 1, type: .unmovable, flags: .highAtomic) == UInt32(frames[0].number))
    zone.map[UInt32(frames[0].number)] = .allocated(1)
    try machine.checkInvariants()

    #expect(zone.unreserveHighAtomic(for: .unmovable, all: false))
    #expect(zone.reservedHighAtomic == 2 * 512 && zone.freeHighAtomic == 0)
    try machine.checkInvariants()
  }

  @Test("an atomic request of several pages that needs the reserves keeps its pageblock")
  func atomicRequest() throws {
    let machine = try Machine(memory: 512 << 20, reserved: [1..<4096])
    let (cpu, zone) = (machine.cpus[0], machine.node.zones[1])
    while try machine.allocatePages(order: 4, gfp: [.kernel, .noretry], cpu: cpu) != nil {}
    #expect(zone.reservedHighAtomic == 0)
    let gfp: GFPFlags = [.atomic, .nowarn]
    let page = try #require(try machine.allocatePages(order: 4, gfp: gfp, cpu: cpu))
    #expect(machine.zone(of: page)?.kind == .dma32 && zone.reservedHighAtomic == 512)
    try machine.checkInvariants()
    try machine.freePages(page, order: 4, cpu: cpu)
    #expect(zone.freeHighAtomic >= 16)
    try machine.checkInvariants()
  }

  @Test("memory too small for it is not grouped")
  func groupingDisabled() throws {
    let machine = try Machine(memory: 8 << 20)
    #expect(machine.isGroupingDisabled)
    let cpu = machine.cpus[0]
    _ = try #require(try machine.allocatePages(order: 0, gfp: .highuserMovable, cpu: cpu))
    _ = try #require(try machine.allocatePages(order: 5, gfp: .highuserMovable, cpu: cpu))
    #expect(machine.node.zones[0].pageblockCount(of: .unmovable) > 0)
    #expect(try !Machine(memory: 16 << 20).isGroupingDisabled)
    try machine.checkInvariants()
  }

  @Test("a page goes to the list of its pageblock's type, whatever it was allocated for")
  func perCPULists() throws {
    let machine = try Machine(memory: 512 << 20)
    let (cpu, zone) = (machine.cpus[0], machine.node.zones[1])
    let movable = try #require(
      try machine.allocatePages(order: 0, gfp: .highuserMovable, cpu: cpu))
    let unmovable = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    #expect(movable.number >> 10 != unmovable.number >> 10)
    for page in [movable, unmovable] { try machine.freePages(page, order: 0, cpu: cpu) }
    let pages = cpu.pages(of: zone)
    #expect(pages.blocks(order: 0, type: .movable).first == movable)
    #expect(pages.blocks(order: 0, type: .unmovable).first == unmovable)
    #expect(pages.blocks(order: 0, type: .reclaimable) == [])
    try machine.checkInvariants()
  }

  @Test("each CPU counts the pages it allocates and frees")
  func events() throws {
    let machine = try Machine(memory: 512 << 20, cpus: 2)
    let zone = machine.node.zones[1]
    let (cpu, other) = (machine.cpus[0], machine.cpus[1])
    let singles = try (0..<40).map { _ in
      try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    }
    let blocks = try [2, 4, 4, 9].map { order in
      (try #require(try machine.allocatePages(order: order, gfp: .kernel, cpu: cpu)), order)
    }
    for page in singles.prefix(30) { try machine.freePages(page, order: 0, cpu: other) }
    for (page, order) in blocks { try machine.freePages(page, order: order, cpu: cpu) }
    machine.drainAll()
    #expect(cpu.pages(of: zone).events == PageEvents(allocated: 588, freed: 548))
    #expect(other.pages(of: zone).events == PageEvents(allocated: 0, freed: 30))
    try machine.checkInvariants()
  }
}
