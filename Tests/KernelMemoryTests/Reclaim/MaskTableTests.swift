import Testing

@testable import KernelMemory

/// What each mask does at each count of free pages, on a zone with watermarks of 221, 276 and 331 pages.
@Suite("What masks do") struct MaskTableTests {
  /// The largest number of free pages at which a request does what its name says; one more and it does not.
  struct Row: CustomTestStringConvertible {
    let gfp: GFPFlags
    /// kswapd is woken; -1 for never.
    let wakes: Int
    /// Itself reclaims; -1 for never.
    let reclaims: Int
    /// Fails when there is nothing to reclaim.
    let fails: Int
    var testDescription: String { gfp.description }

    init(_ gfp: GFPFlags, wakes: Int, reclaims: Int, fails: Int) {
      self.gfp = gfp
      self.wakes = wakes
      self.reclaims = reclaims
      self.fails = fails
    }
  }

  static let rows = [
    Row(.kernel, wakes: 276, reclaims: 221, fails: 221),
    Row(.noio, wakes: 276, reclaims: 221, fails: 221),
    Row(.nofs, wakes: 276, reclaims: 221, fails: 221),
    Row(.user, wakes: 276, reclaims: 221, fails: 221),
    Row(.highuser, wakes: 276, reclaims: 221, fails: 221),
    Row([.kernel, .dma32], wakes: 276, reclaims: 221, fails: 221),
    Row([.kernel, .zero], wakes: 276, reclaims: 221, fails: 221),
    Row([.kernel, .noretry], wakes: 276, reclaims: 221, fails: 221),
    Row([.kernel, .retryMayfail], wakes: 276, reclaims: 221, fails: 221),
    Row([.kernel, .thisnode], wakes: 276, reclaims: 221, fails: 221),
    Row([.kernel, .nomemalloc], wakes: 276, reclaims: 221, fails: 221),
    Row([.kernel, .nomemalloc, .memalloc], wakes: 276, reclaims: 221, fails: 221),
    Row(.directReclaim, wakes: -1, reclaims: 221, fails: 221),
    Row([.kernel, .high], wakes: 276, reclaims: 111, fails: 111),
    Row(.nowait, wakes: 276, reclaims: -1, fails: 221),
    Row(.kswapdReclaim, wakes: 276, reclaims: -1, fails: 221),
    Row([], wakes: -1, reclaims: -1, fails: 221),
    Row(.atomic, wakes: 276, reclaims: -1, fails: 84),
    Row(.high, wakes: -1, reclaims: -1, fails: 84),
    // Without the reserves __GFP_HIGH is left with half of min.
    Row([.atomic, .nomemalloc], wakes: 276, reclaims: -1, fails: 111),
    Row([.atomic, .memalloc], wakes: 276, reclaims: -1, fails: 0),
    Row([.kernel, .memalloc], wakes: 276, reclaims: 0, fails: 0),
  ]

  @Test("wakes kswapd, reclaims and fails at exactly these numbers of free pages", arguments: rows)
  func thresholds(row: Row) throws {
    for free in [0, 1, 84, 85, 111, 112, 221, 222, 276, 277, 332, 400] {
      let tight = try TightMachine()
      try tight.fill(leaving: free)
      try #require(tight.zone.freePages == free)
      let page = try tight.take([row.gfp, .nowarn])
      let what = Comment("\(row.gfp) with \(free) free pages")
      #expect((page == nil) == (free <= row.fails), what)
      // A movable page out of an unmovable pageblock raises the watermarks, and that wakes kswapd as well.
      let isBoosted = tight.zone.boost > 0
      #expect(!isBoosted || row.gfp.contains(.movable), what)
      #expect(tight.machine.isKswapdAwake == (free <= row.wakes || isBoosted), what)
      #expect((tight.machine.count(of: .allocationStalls) > 0) == (free <= row.reclaims), what)
      #expect(tight.machine.count(of: .failures) == (page == nil ? 1 : 0), what)
      if let page { try tight.machine.freePages(page, order: 0, cpu: tight.cpu) }
      try tight.machine.checkInvariants()
    }
  }

  @Test(
    "a request that may not fail goes into the reserves, and says so when even they are used up")
  func nofail() throws {
    let gfp: GFPFlags = [.kernel, .nofail]
    for (free, reclaims) in [(222, false), (221, true), (112, true)] {
      let tight = try TightMachine()
      try tight.fill(leaving: free)
      #expect(try tight.take(gfp) != nil)
      #expect((tight.machine.count(of: .allocationStalls) > 0) == reclaims)
    }
    let tight = try TightMachine()
    try tight.fill(leaving: 111)
    let error = #expect(throws: PageError.self) { try tight.take(gfp) }
    #expect(
      error?.description == """
        the request for order 0 with GFP_KERNEL|__GFP_NOFAIL may not fail, but nothing was got back in \
        many tries, and the reserves do not have it: Linux would try for ever; give the machine \
        something to reclaim (a shrinker, a process to kill), free pages from another thread, or raise \
        reclaimSettings.patience
        """)
    #expect(tight.zone.freePages == 111)
    // A mask that must not sleep cannot wait either: __GFP_NOFAIL is void there, with a warning.
    #expect(try tight.take([.nowait, .nofail]) == nil)
    #expect(
      tight.machine.log.lines == [
        "WARNING: GFP_NOWAIT|__GFP_NOFAIL, order 0: __GFP_NOFAIL without __GFP_DIRECT_RECLAIM cannot "
          + "wait for memory, so it may fail"
      ])
    #expect(try tight.take([.nowait, .nofail]) == nil)
    #expect(tight.machine.log.total == 1)
  }

  @Test("a request that may not fail gets the page that another thread frees")
  func nofailWaits() throws {
    let tight = try TightMachine(cpus: 2)
    let pages = try tight.fill(leaving: 100)
    tight.machine.reclaimSettings.patience = 100_000
    let machine = tight.machine
    let got = Locked<PageFrame?>(nil)
    // A thread of its own: waiting must not keep one of those that tests share.
    let thread = BackgroundThread.start {
      let page = try? machine.allocatePages(
        order: 0, gfp: [.kernel, .nofail], cpu: machine.cpus[0])
      got.withLock { $0 = page }
    }
    // Nothing but this frees; each free goes to the buddy lists at once.
    for page in pages.prefix(200) {
      try machine.freePages(page, order: 0, cpu: machine.cpus[1])
      machine.drain(machine.cpus[1])
    }
    thread?.join()
    #expect(got.withLock { $0 } != nil)
    try machine.checkInvariants()
  }

  @Test("zone modifiers keep to their zones under pressure")
  func zones() throws {
    let machine = try Machine(memory: 64 << 20)
    let cpu = machine.cpus[0]
    machine.reclaimSettings.kswapdMode = .manual
    // All of DMA.
    while let page = try machine.allocatePages(order: 0, gfp: [.dma, .memalloc], cpu: cpu) {
      #expect(machine.zone(of: page)?.kind == .dma)
    }
    #expect(machine.node.zones[1].freePages == machine.node.zones[1].managed)
    for gfp in [GFPFlags.dma, [.kernel, .dma], [.atomic, .dma], [.kernel, .dma, .memalloc]] {
      #expect(try machine.allocatePages(order: 0, gfp: gfp, cpu: cpu) == nil)
    }
    let page = try #require(try machine.allocatePages(order: 0, gfp: [.kernel, .dma32], cpu: cpu))
    #expect(machine.zone(of: page)?.kind == .dma32)

    let old = try Machine(kind: .x86_32, memory: 900 << 20, reserved: [5000..<229_000])
    let high = old.cpus[0]
    while let page = try old.allocatePages(order: 0, gfp: [.kernel, .memalloc], cpu: high) {
      #expect(old.zone(of: page)?.kind != .highMem)
    }
    let user = try #require(try old.allocatePages(order: 0, gfp: .highuser, cpu: high))
    #expect(old.zone(of: user)?.kind == .highMem)
    #expect(try old.allocatePages(order: 0, gfp: .kernel, cpu: high) == nil)
    try old.checkInvariants()
  }

  @Test("pages kept for atomic requests are given up before a request fails")
  func highAtomic() throws {
    let tight = try TightMachine(memory: 272 << 20)
    let zone = tight.zone
    #expect(zone.watermarks == Watermarks(min: 512, low: 640, high: 768, promo: 896))
    try tight.fill(leaving: 512 + 100)
    // 16 pages for an interrupt, below low: the rest of their pageblock is kept for others like them.
    let block = try #require(try tight.take(.atomic, order: 4))
    #expect(zone.freeHighAtomic == 84 && zone.freePages == 512 + 84)
    // They do not count for ordinary requests, so that these are below min, and reclaim in vain. One pageblock is kept
    // from those that give up early.
    #expect(try tight.take([.kernel, .noretry]) == nil)
    #expect(zone.freeHighAtomic == 84)
    #expect(try tight.take(.kernel) != nil)
    #expect(zone.freeHighAtomic == 0 && tight.machine.count(of: .failures) == 1)
    try tight.machine.freePages(block, order: 4, cpu: tight.cpu)
    try tight.machine.checkInvariants()
  }

  @Test("memory is filled with zeros however deep the request had to go")
  func zero() throws {
    let tight = try TightMachine()
    let pages = try tight.fill(leaving: 0)
    let cache = BlockCache(tight.machine)
    for page in pages {
      tight.machine.pointer(to: page).initializeMemory(
        as: UInt8.self, repeating: 0xa5, count: pageSize)
    }
    for page in pages.prefix(4000) {
      try tight.machine.freePages(page, order: 0, cpu: tight.cpu)
    }
    tight.machine.drainAll()
    try cache.fill(.max, cpu: tight.cpu)
    try tight.fill(leaving: 0)
    tight.machine.register(shrinker: cache.shrinker())
    for order in [0, 1, 4] {
      let page = try #require(try tight.take([.kernel, .zero], order: order))
      let bytes = UnsafeRawBufferPointer(
        start: tight.machine.pointer(to: page), count: pageSize << order)
      #expect(bytes.allSatisfy { $0 == 0 })
    }
    #expect(tight.machine.count(of: .reclaimedDirectly) > 0)
  }
}
