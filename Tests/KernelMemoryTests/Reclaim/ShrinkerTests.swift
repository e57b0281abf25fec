import Synchronization
import Testing

@testable import KernelMemory

@Suite("Shrinkers and direct reclaim") struct ShrinkerTests {
  /// A tight machine whose memory is nearly all in a cache.
  private static func cached(
    blocks: Int = 100, leaving free: Int = 200, needs: GFPFlags = []
  ) throws -> (TightMachine, BlockCache, Shrinker) {
    let tight = try TightMachine()
    let cache = BlockCache(tight.machine, needs: needs)
    try cache.fill(blocks, cpu: tight.cpu)
    try tight.fill(leaving: free)
    let shrinker = cache.shrinker()
    tight.machine.register(shrinker: shrinker)
    return (tight, cache, shrinker)
  }

  @Test("what may sleep gets memory back, what may not fails without asking")
  func whoAsks() throws {
    for gfp in [GFPFlags.kernel, .noio, .nofs, [.kernel, .noretry], [.kernel, .nofail]] {
      let (tight, cache, _) = try Self.cached()
      #expect(try tight.take(gfp) != nil)
      #expect(cache.count < 100)
      // Masks reach the shrinker as they are.
      #expect(cache.masks == [gfp])
      #expect(tight.machine.count(of: .allocationStalls) == 1)
      #expect(tight.machine.count(of: .reclaimedDirectly) == (100 - cache.count) * 16)
      try tight.machine.checkInvariants()
    }
    for gfp in [GFPFlags.nowait, [], .kswapdReclaim] {
      let (tight, cache, _) = try Self.cached()
      #expect(try tight.take(gfp) == nil)
      #expect(cache.count == 100 && cache.masks.isEmpty)
    }
    let (tight, cache, _) = try Self.cached(leaving: 84)
    #expect(try tight.take(.atomic) == nil)
    #expect(cache.count == 100)
  }

  @Test("a shrinker that needs file systems keeps still for GFP_NOFS and GFP_NOIO")
  func whatTheMaskForbids() throws {
    for (needs, gfp, works) in [
      (GFPFlags.fs, GFPFlags.kernel, true), (.fs, .nofs, false), (.fs, .noio, false),
      (.io, .nofs, true), (.io, .noio, false),
    ] {
      let (tight, cache, _) = try Self.cached(needs: needs)
      #expect((try tight.take(gfp) != nil) == works)
      #expect((cache.count < 100) == works)
    }
    // A scope has the same effect on code that knows nothing of it.
    for (scope, works) in [(AllocationScope.noFS, false), (.noIO, false), (.pin, true)] {
      let (tight, cache, _) = try Self.cached(needs: .fs)
      let page = try tight.cpu.within(scope) { try tight.take(.kernel, order: 0) }
      #expect((page != nil) == works && (cache.count < 100) == works)
    }
  }

  @Test("stops once 32 pages are back, having asked gently first")
  func target() throws {
    let (tight, cache, _) = try Self.cached(blocks: 500)
    _ = try tight.take(.kernel)
    // 500 blocks of 16 pages: a share of less than a batch of 128 is put off and adds up until it is one.
    let asked = cache.asked.withLock { $0 }
    #expect(asked.map(\.target) == [128])
    #expect(tight.machine.count(of: .scannedDirectly) == 128)
    #expect(tight.machine.count(of: .objectsScanned) == 128)
    #expect(tight.machine.count(of: .reclaimedDirectly) == 128 * 16)
  }

  /// The calls to scan that one direct reclaim of a cache that frees nothing makes.
  private static func targets(count: Int, seeks: Int = 2, batch: Int = 128) throws -> [Int] {
    let tight = try TightMachine()
    try tight.fill(leaving: 200)
    let asked = Locked<[Int]>([])
    tight.machine.register(
      shrinker: Shrinker(
        name: "stingy", seeks: seeks, batch: batch, count: { _ in count },
        scan: { control in
          asked.withLock { $0.append(control.target) }
          return 0
        }))
    _ = try tight.take([.kernel, .noretry])
    return asked.withLock { $0 }
  }

  @Test("the share of each priority: count >> priority, times 4 / seeks, in batches")
  func share() throws {
    // Shares double from 2 · 4096 >> 12: 2, 4, … 64 and are put off until a batch is full.
    var left = 0
    var expected: [Int] = []
    for priority in stride(from: 12, through: 0, by: -1) {
      let count = 4096
      let put = left
      let share = (count >> priority) * 4 / 2
      var total = min((put >> priority) + share, 2 * count)
      var scanned = 0
      while total >= 128 {
        expected.append(128)
        total -= 128
        scanned += 128
      }
      left = min(max(put + share - scanned, 0), 2 * count)
    }
    #expect(try Self.targets(count: 4096) == expected)
    #expect(expected.count > 64)
    // A small cache is asked for more than it has at the end, at most twice as much.
    #expect(try Self.targets(count: 10) == [13, 20])
    #expect(try Self.targets(count: 1) == [2])
    #expect(try Self.targets(count: 0) == [])
    // Objects that cost nothing: half of them at every priority.
    #expect(try Self.targets(count: 1000, seeks: 0, batch: 500).prefix(3) == [500, 500, 500])
    // Dear ones later and less.
    #expect(try Self.targets(count: 4096, seeks: 64).count < expected.count / 16)
  }

  @Test("objects freed without a page are no progress: the request ends and fails")
  func noProgress() throws {
    let tight = try TightMachine()
    try tight.fill(leaving: 200)
    let calls = Atomic<Int>(0)
    tight.machine.register(
      shrinker: Shrinker(
        name: "fragmented", count: { _ in 1000 },
        scan: { control in
          calls.add(1, ordering: .relaxed)
          return control.target
        }))
    #expect(try tight.take(.kernel) == nil)
    #expect(calls.load(ordering: .relaxed) > 0)
    // 17 rounds: with what the shrinker counts there would be enough, so it gets its 16 tries more.
    #expect(tight.machine.count(of: .allocationStalls) == 17)
    #expect(tight.machine.count(of: .reclaimedDirectly) == 0)
    #expect(try tight.take([.kernel, .noretry]) == nil)
    #expect(tight.machine.count(of: .allocationStalls) == 18)
    #expect(try tight.take(.kernel, order: 4) == nil)
    #expect(tight.machine.count(of: .allocationStalls) == 19)
  }

  @Test("a shrinker that looks at nothing, or says stop, is not asked for ever")
  func stop() throws {
    for answer in [nil, 0] as [Int?] {
      let tight = try TightMachine()
      try tight.fill(leaving: 200)
      tight.machine.register(
        shrinker: Shrinker(
          name: "lazy", count: { _ in 1000 },
          scan: { control in
            control.scanned = 0
            return answer
          }))
      #expect(try tight.take([.kernel, .noretry]) == nil)
      #expect(tight.machine.count(of: .objectsScanned) == 0)
    }
  }

  @Test("what a shrinker allocates comes from the reserves and does not reclaim again")
  func recursion() throws {
    let tight = try TightMachine()
    let cache = BlockCache(tight.machine)
    try cache.fill(20, cpu: tight.cpu)
    try tight.fill(leaving: 5)
    let got = Locked<[PageFrame?]>([])
    let inner = cache.shrinker()
    tight.machine.register(
      shrinker: Shrinker(
        name: "needs memory to free memory", count: inner.count,
        scan: { [unowned machine = tight.machine] control in
          let page = try! machine.allocatePages(order: 0, gfp: .kernel, cpu: control.cpu)
          got.withLock { $0.append(page) }
          return inner.scan(&control)
        }))
    #expect(try tight.take(.kernel) != nil)
    let pages = got.withLock { $0 }
    #expect(!pages.isEmpty && pages.allSatisfy { $0 != nil })
    #expect(tight.machine.count(of: .allocationStalls) == 1)
    // The reclaimer's rights end with it.
    #expect(tight.cpu.context.scopes.isEmpty && tight.cpu.context.reclaimed == nil)
    #expect(!tight.cpu.isSlowed)
    try tight.machine.checkInvariants()
  }

  @Test("registering twice asks once; who is unregistered is asked no more")
  func registration() throws {
    let (tight, cache, shrinker) = try Self.cached()
    tight.machine.register(shrinker: shrinker)
    _ = try tight.take([.kernel, .noretry])
    let once = cache.asked.withLock { $0.count }
    #expect(once == 1)
    tight.machine.unregister(shrinker: shrinker)
    tight.machine.unregister(shrinker: shrinker)
    try tight.fill(leaving: 200)
    #expect(try tight.take([.kernel, .noretry]) == nil)
    #expect(cache.asked.withLock { $0.count } == once)
    tight.machine.register(shrinker: shrinker)
    try tight.fill(leaving: 0)
    #expect(try tight.take([.kernel, .noretry]) == nil)
    #expect(cache.count == 0)
  }

  @Test("a callback may unregister its own shrinker, and register another")
  func registrationWithin() throws {
    let (tight, cache, _) = try Self.cached(blocks: 0)
    try tight.fill(leaving: 200)
    let itself = Locked<Shrinker?>(nil)
    let shrinker = Shrinker(
      name: "once", count: { _ in 1000 },
      scan: { _ in
        tight.machine.unregister(shrinker: itself.withLock { $0! })
        tight.machine.register(shrinker: cache.shrinker(name: "other"))
        return nil
      })
    itself.withLock { $0 = shrinker }
    tight.machine.register(shrinker: shrinker)
    #expect(try tight.take([.kernel, .noretry]) == nil)
    #expect(tight.machine.reclaimer.shrinkers.withLock { $0.map(\.name) } == ["blocks", "other"])
    itself.withLock { $0 = nil }
  }

  @Test("unregistering waits for callbacks of other threads")
  func unregisterWaits() async throws {
    let tight = try TightMachine()
    try tight.fill(leaving: 200)
    let entered = Locked(false)
    let mayLeave = Locked(false)
    let left = Locked(false)
    let finished = Locked(false)
    let shrinker = Shrinker(
      name: "slow", count: { _ in 1000 },
      scan: { _ in
        entered.withLock { $0 = true }
        while !mayLeave.withLock({ $0 }) { yieldProcessor() }
        left.withLock { $0 = true }
        return nil
      })
    tight.machine.register(shrinker: shrinker)
    let thread = BackgroundThread.start {
      _ = try! tight.machine.allocatePages(order: 0, gfp: [.kernel, .noretry], cpu: tight.cpu)
      finished.withLock { $0 = true }
    }
    while !entered.withLock({ $0 }) && !finished.withLock({ $0 }) { yieldProcessor() }
    #expect(entered.withLock { $0 })
    let other = BackgroundThread.start {
      sleepMillisecond()
      mayLeave.withLock { $0 = true }
    }
    tight.machine.unregister(shrinker: shrinker)
    #expect(left.withLock { $0 })
    thread?.join()
    other?.join()
  }

  @Test("everything is given back on demand")
  func dropCaches() throws {
    let (tight, cache, _) = try Self.cached()
    #expect(tight.machine.dropCaches(cpu: tight.cpu) == 1600)
    #expect(cache.count == 0)
    #expect(tight.machine.dropCaches(cpu: tight.cpu) == 0)
  }

  @Test("a block that reclaim cannot make, for no two free pages are buddies, is not waited for")
  func fragmented() throws {
    for order in [1, 4] {
      let tight = try TightMachine()
      let pages = try tight.fill(leaving: 0)
      let loose = Locked(pages.filter { $0.number % 2 == 1 })
      tight.machine.register(
        shrinker: Shrinker(
          name: "scattered", batch: 40, count: { _ in loose.withLock { $0.count } },
          scan: { [unowned machine = tight.machine] control in
            var freed = 0
            while freed < control.target, let page = loose.withLock({ $0.popLast() }) {
              try! machine.freePages(page, order: 0, cpu: control.cpu)
              freed += 1
            }
            return freed
          }))
      #expect(try tight.take(.kernel, order: order) == nil)
      #expect(tight.machine.count(of: .allocationStalls) == 1)
      #expect(tight.machine.count(of: .reclaimedDirectly) >= 32)
      try tight.machine.checkInvariants()
    }
  }
}
