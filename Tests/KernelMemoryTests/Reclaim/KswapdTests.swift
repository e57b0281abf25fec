import Testing

@testable import KernelMemory

@Suite("kswapd") struct KswapdTests {
  private static func cached(
    mode: ReclaimSettings.KswapdMode, free: Int, cpus: Int = 1
  ) throws -> (TightMachine, BlockCache) {
    let tight = try TightMachine(cpus: cpus, kswapd: mode)
    let cache = BlockCache(tight.machine)
    try cache.fill(300, cpu: tight.cpu)
    try tight.fill(leaving: free)
    tight.machine.register(shrinker: cache.shrinker(batch: 1))
    return (tight, cache)
  }

  @Test("woken at low, it reclaims until the high watermark is passed, and sleeps")
  func balances() throws {
    let (tight, cache) = try Self.cached(mode: .afterRequest, free: 277)
    #expect(try tight.take(.kernel) != nil)
    #expect(tight.machine.count(of: .kswapdWakeups) == 0)
    tight.machine.drainAll()
    try #require(tight.zone.freePages == 276)
    #expect(try tight.take(.nowait) != nil)
    // It wants a thread to run on: that of a caller who holds no locks.
    #expect(tight.machine.isKswapdAwake && cache.count == 300)
    tight.machine.drainAll()
    #expect(try tight.take(.kernel) != nil)
    // The background did it: nobody stalled.
    #expect(tight.machine.count(of: .kswapdWakeups) == 1)
    #expect(tight.machine.count(of: .kswapdRuns) == 1)
    #expect(tight.machine.count(of: .kswapdSleeps) == 1)
    #expect(tight.machine.count(of: .allocationStalls) == 0)
    #expect(tight.zone.freePages > 331 && cache.count < 300)
    #expect(tight.machine.count(of: .reclaimedByKswapd) == (300 - cache.count) * 16)
    #expect(cache.masks == [.kernel] && cache.asked.withLock { $0.allSatisfy(\.isKswapd) })
    #expect(!tight.machine.isKswapdAwake)
    try tight.machine.checkInvariants()
  }

  @Test("runs only when it is told to, if so set")
  func manual() throws {
    let (tight, cache) = try Self.cached(mode: .manual, free: 230)
    #expect(tight.machine.runKswapd(cpu: tight.cpu) == 0)
    #expect(try tight.take(.kernel) != nil)
    #expect(tight.machine.isKswapdAwake && cache.count == 300)
    tight.machine.drainAll()
    #expect(try tight.take(.kernel) != nil)
    #expect(tight.machine.count(of: .kswapdWakeups) == 1)
    #expect(tight.machine.count(of: .allocationStalls) == 0)
    #expect(tight.machine.runKswapd(cpu: tight.cpu) == (300 - cache.count) * 16)
    #expect(tight.zone.freePages > 331 && !tight.machine.isKswapdAwake)
  }

  @Test("not woken without __GFP_KSWAPD_RECLAIM, nor while a zone is above high")
  func notWoken() throws {
    let (tight, _) = try Self.cached(mode: .manual, free: 230)
    _ = try tight.take(.directReclaim)
    _ = try tight.take([])
    #expect(!tight.machine.isKswapdAwake)
    // Two zones: one of them above high is enough to be balanced.
    let machine = try Machine(memory: 64 << 20)
    machine.reclaimSettings.kswapdMode = .manual
    while try machine.allocatePages(order: 0, gfp: [.dma, .memalloc], cpu: machine.cpus[0]) != nil {
    }
    #expect(try machine.allocatePages(order: 0, gfp: [.kernel], cpu: machine.cpus[0]) != nil)
    #expect(!machine.isKswapdAwake)
    // For a request that can use the empty zone alone it is not.
    _ = try machine.allocatePages(order: 0, gfp: [.nowait, .dma], cpu: machine.cpus[0])
    #expect(machine.isKswapdAwake)
  }

  @Test("a request for a large block wakes it above low, when no such block is free")
  func fragmented() throws {
    let tight = try TightMachine()
    let pages = try tight.fill(leaving: 0)
    for page in pages where page.number % 2 == 1 {
      try tight.machine.freePages(page, order: 0, cpu: tight.cpu)
    }
    tight.machine.drainAll()
    try #require(tight.zone.freePages > 5000)
    #expect(try tight.take(.kernel) != nil)
    #expect(!tight.machine.isKswapdAwake)
    #expect(try tight.take(.nowait, order: 2) == nil)
    #expect(tight.machine.isKswapdAwake)
  }

  @Test("it waits for a request that could reclaim itself, with all rights")
  func atomic() throws {
    let (tight, cache) = try Self.cached(mode: .afterRequest, free: 150)
    try tight.cpu.withAtomicContext(.hardInterrupt("irq 4")) { () throws in
      #expect(try tight.take(.atomic) != nil)
      #expect(tight.machine.isKswapdAwake && cache.count == 300)
    }
    for gfp in [GFPFlags.nowait, [.noio, .noretry], [.nofs, .noretry]] {
      _ = try tight.take(gfp)
      #expect(tight.machine.count(of: .kswapdRuns) == 0)
    }
    #expect(try tight.take(.kernel) != nil)
    #expect(!tight.machine.isKswapdAwake && tight.machine.count(of: .kswapdRuns) == 1)
    #expect(try tight.take(.nowait) != nil)
  }

  @Test("a block taken from another type's pageblock raises the watermarks until it has run")
  func boost() throws {
    let tight = try TightMachine()
    let pages = try tight.fill(leaving: 0)
    // Free pages lie in pageblocks of unmovable ones alone.
    for page in pages.prefix(4000) where page.number % 64 >= 32 {
      try tight.machine.freePages(page, order: 0, cpu: tight.cpu)
    }
    tight.machine.drainAll()
    try #require(tight.zone.freePages > 1000 && tight.zone.boost == 0)
    #expect(try tight.take(.highuserMovable) != nil)
    #expect(tight.zone.boost == 512 && tight.zone.watermarks.min == 221 + 512)
    #expect(tight.machine.isKswapdAwake && tight.machine.count(of: .kswapdWakeups) == 1)
    tight.machine.runKswapd(cpu: tight.cpu)
    #expect(tight.zone.boost == 0 && tight.machine.count(of: .kswapdSleeps) == 1)
  }

  @Test("after 16 runs without progress it is left alone, until somebody makes progress")
  func hopeless() throws {
    let tight = try TightMachine(kswapd: .afterRequest)
    try tight.fill(leaving: 100)
    for _ in 0..<30 { #expect(try tight.take([.kernel, .noretry]) == nil) }
    #expect(tight.machine.count(of: .kswapdRuns) == 16)
    #expect(tight.machine.count(of: .kswapdWakeups) == 16)
    let cache = BlockCache(tight.machine)
    try cache.fill(4, cpu: tight.cpu)
    try tight.fill(leaving: 100)
    tight.machine.register(shrinker: cache.shrinker())
    #expect(try tight.take(.nowait) == nil)
    #expect(tight.machine.count(of: .kswapdWakeups) == 16)
    // Direct reclaim gets something, so kswapd is worth waking again.
    _ = try tight.take([.kernel, .noretry])
    _ = try tight.take([.kernel, .noretry])
    #expect(tight.machine.count(of: .kswapdRuns) > 16)
  }

  @Test("its allocations have the reserves and are not those of the CPU's task")
  func ownTask() throws {
    let tight = try TightMachine(kswapd: .afterRequest)
    let cache = BlockCache(tight.machine)
    try cache.fill(300, cpu: tight.cpu)
    try tight.fill(leaving: 230)
    let seen = Locked<[String?]>([])
    let inner = cache.shrinker()
    tight.machine.register(
      shrinker: Shrinker(
        name: "curious", batch: 1, count: inner.count,
        scan: { [unowned machine = tight.machine] control in
          seen.withLock { $0.append(control.cpu.context.task?.name) }
          #expect(
            try! machine.allocatePages(order: 0, gfp: .kernel, cpu: control.cpu) != nil)
          return inner.scan(&control)
        }))
    try tight.cpu.run(as: FakeProcess("editor", pid: 5)) { () throws in
      try tight.cpu.within(.pin) { () throws in
        #expect(try tight.take(.kernel) != nil)
        #expect(tight.cpu.context.task?.name == "editor" && tight.cpu.context.scopes == [.pin])
      }
    }
    #expect(seen.withLock { !$0.isEmpty && $0.allSatisfy { $0 == nil } })
    #expect(cache.masks == [.kernel])
  }

  @Test("a thread of its own, started once, stopped and started again")
  func thread() throws {
    let (tight, cache) = try Self.cached(mode: .manual, free: 240, cpus: 2)
    #expect(tight.machine.startKswapd(on: tight.machine.cpus[1]))
    #expect(!tight.machine.startKswapd(on: tight.machine.cpus[1]))
    #expect(try tight.take(.kernel) != nil)
    while tight.machine.count(of: .kswapdSleeps) == 0 { yieldProcessor() }
    tight.machine.stopKswapd()
    tight.machine.drainAll()
    #expect(cache.count < 300 && tight.zone.freePages > 331)
    tight.machine.stopKswapd()
    #expect(tight.machine.startKswapd(on: tight.machine.cpus[1]))
  }

  @Test("a machine that goes away ends the thread")
  func teardown() throws {
    weak var gone: Machine?
    do {
      let (tight, _) = try Self.cached(mode: .manual, free: 240, cpus: 2)
      gone = tight.machine
      #expect(tight.machine.startKswapd(on: tight.machine.cpus[1]))
      #expect(try tight.take(.kernel) != nil)
    }
    // The thread may be at work at this moment, and then is the last to hold it.
    for _ in 0..<10_000 where gone != nil { sleepMillisecond() }
    #expect(gone == nil)
  }

  @Test("16 threads allocate and free with kswapd beside them; nothing is lost or shared")
  func crowd() async throws {
    let machine = try Machine(memory: 16 << 20, cpus: 17)
    machine.reclaimSettings.warningInterval = .zero
    machine.reclaimSettings.patience = 50
    let cache = BlockCache(machine, order: 0)
    machine.register(shrinker: cache.shrinker())
    machine.startKswapd(on: machine.cpus[16])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for cpu in machine.cpus.prefix(16) {
        group.addTask { try Self.work(machine, cache, cpu) }
      }
      try await group.waitForAll()
    }
    machine.stopKswapd()
    machine.dropCaches(cpu: machine.cpus[0])
    machine.drainAll()
    try machine.checkInvariants()
    // Who was the first to reclaim depends on who ran when.
    #expect(machine.count(of: .reclaimedDirectly) + machine.count(of: .reclaimedByKswapd) > 0)
    for zone in machine.node.zones { #expect(zone.freePages == zone.managed) }
  }

  private static func work(_ machine: Machine, _ cache: BlockCache, _ cpu: CPU) throws {
    var seed = UInt64(cpu.number + 1)
    func random(_ limit: UInt64) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((seed >> 33) % limit)
    }
    let masks: [GFPFlags] = [
      .kernel, .atomic, .nowait, .noio, [.kernel, .noretry], .highuserMovable,
    ]
    var live: [(frame: PageFrame, order: Int)] = []
    for step in 0..<600 {
      if random(5) < 3 && live.count < 60 {
        let order = [0, 0, 0, 1, 2, 4][random(6)]
        if step % 3 == 0 { try cache.fill(4, cpu: cpu) }
        if let frame = try machine.allocatePages(order: order, gfp: masks[random(6)], cpu: cpu) {
          machine.pointer(to: frame).storeBytes(of: cpu.number, as: Int.self)
          live.append((frame, order))
        }
      } else if let block = live.popLast() {
        #expect(machine.pointer(to: block.frame).load(as: Int.self) == cpu.number)
        try machine.freePages(block.frame, order: block.order, cpu: cpu)
      }
    }
    for block in live { try machine.freePages(block.frame, order: block.order, cpu: cpu) }
  }
}
