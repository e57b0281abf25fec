import Testing

@testable import KernelMemory

@Suite("Mempools") struct MempoolTests {
  /// An allocator of numbers with a limit, which writes down the masks it is asked with.
  private final class Numbers: Sendable {
    struct State {
      var left: Int
      var next = 0
      var live: Set<Int> = []
      var masks: [GFPFlags] = []
    }
    let state: Locked<State>
    init(_ count: Int) { state = Locked(State(left: count)) }

    func make(_ gfp: GFPFlags) -> Int? {
      state.withLock { state in
        state.masks.append(gfp)
        if state.left == 0 { return nil }
        state.left -= 1
        state.next += 1
        state.live.insert(state.next)
        return state.next
      }
    }
    func dispose(_ number: Int) {
      state.withLock { state in
        #expect(state.live.remove(number) != nil)
        state.left += 1
      }
    }
    var live: Int { state.withLock { $0.live.count } }
    var masks: [GFPFlags] {
      state.withLock { state in
        defer { state.masks = [] }
        return state.masks
      }
    }
    func limit(to count: Int) { state.withLock { $0.left = count } }

    func pool(_ minimum: Int, cpu: CPU) throws -> Mempool<Int> {
      try Mempool(
        minimum: minimum, cpu: cpu, patience: .milliseconds(1), maximumWaits: 3,
        allocate: { gfp, _ in self.make(gfp) }, free: { number, _ in self.dispose(number) })
    }
  }

  private static let extra: GFPFlags = [.nomemalloc, .noretry, .nowarn]

  @Test("filled at the start; the allocator first, then the stock, last in first out")
  func order() throws {
    let tight = try TightMachine()
    let numbers = Numbers(10)
    let pool = try numbers.pool(3, cpu: tight.cpu)
    #expect(pool.stock == 3 && pool.minimum == 3 && numbers.masks == [.kernel, .kernel, .kernel])
    #expect(try pool.allocate(.kernel, cpu: tight.cpu) == 4)
    // The first try must neither sleep nor start input and output.
    #expect(numbers.masks == [[.kswapdReclaim, .fs, Self.extra]])
    numbers.limit(to: 0)
    #expect(try pool.allocate(.kernel, cpu: tight.cpu) == 3)
    #expect(try pool.allocate(.atomic, cpu: tight.cpu) == 2)
    #expect(try pool.allocate(.noio, cpu: tight.cpu) == 1)
    #expect(pool.stock == 0)
    // Frees fill the stock, then go to the allocator.
    for number in [1, 2, 3, 4] { try pool.free(number, cpu: tight.cpu) }
    #expect(pool.stock == 3 && numbers.live == 3)
    try pool.destroy(cpu: tight.cpu)
    #expect(numbers.live == 0)
    #expect(throws: MempoolError.destroyed) { try pool.allocate(.atomic, cpu: tight.cpu) }
    #expect(throws: MempoolError.destroyed) { try pool.free(1, cpu: tight.cpu) }
  }

  @Test("what must not sleep gets nothing when all is out; what may tries everything once more")
  func exhausted() throws {
    let tight = try TightMachine()
    let numbers = Numbers(1)
    let pool = try numbers.pool(1, cpu: tight.cpu)
    #expect(try pool.allocate(.atomic, cpu: tight.cpu) == 1)
    _ = numbers.masks
    #expect(try pool.allocate(.atomic, cpu: tight.cpu) == nil)
    #expect(numbers.masks == [[.atomic, Self.extra]])
    let error = #expect(throws: MempoolError.self) {
      try pool.allocate(.kernel, cpu: tight.cpu)
    }
    #expect(
      error?.description == "mempool: all 1 elements of the stock are out and none came back in 3 "
        + "waits; Linux would wait for ever: whoever holds them must free them without allocating from "
        + "the same pool")
    let full: GFPFlags = [.kernel, Self.extra]
    #expect(
      numbers.masks == [[.kswapdReclaim, .fs, Self.extra], full, full, full, full])
  }

  @Test("a waiter gets the element that another thread frees")
  func waits() async throws {
    let tight = try TightMachine(cpus: 2)
    let numbers = Numbers(1)
    let pool = try Mempool<Int>(
      minimum: 1, cpu: tight.cpu, patience: .seconds(60),
      allocate: { gfp, _ in numbers.make(gfp) }, free: { number, _ in numbers.dispose(number) })
    let element = try #require(try pool.allocate(.atomic, cpu: tight.cpu))
    let got = Locked<Int?>(nil)
    let thread = BackgroundThread.start {
      let number = try? pool.allocate(.kernel, cpu: tight.machine.cpus[1])
      got.withLock { $0 = number }
    }
    sleepMillisecond()
    try pool.free(element, cpu: tight.cpu)
    thread?.join()
    #expect(got.withLock { $0 } == element)
  }

  @Test("bad calls")
  func badCalls() throws {
    let tight = try TightMachine()
    let numbers = Numbers(2)
    #expect(throws: MempoolError.badMinimum(0)) { try numbers.pool(0, cpu: tight.cpu) }
    let error = #expect(throws: MempoolError.self) { try numbers.pool(3, cpu: tight.cpu) }
    #expect(
      error?.description
        == "mempool: memory ran out with 2 of 3 elements in stock; keep fewer, or free "
        + "memory first")
    #expect(numbers.live == 0)
    let pool = try numbers.pool(2, cpu: tight.cpu)
    #expect(throws: MempoolError.zeroNotAllowed) {
      try pool.allocate([.kernel, .zero], cpu: tight.cpu)
    }
    tight.cpu.enterAtomicContext(.hardInterrupt("irq 3"))
    #expect(throws: ContextError.self) { try pool.allocate(.kernel, cpu: tight.cpu) }
    #expect(try pool.allocate(.atomic, cpu: tight.cpu) != nil)
  }

  @Test("the stock can be made larger and smaller")
  func resize() throws {
    let tight = try TightMachine()
    let numbers = Numbers(5)
    let pool = try numbers.pool(2, cpu: tight.cpu)
    try pool.resize(to: 5, cpu: tight.cpu)
    #expect(pool.stock == 5)
    try pool.resize(to: 1, cpu: tight.cpu)
    #expect(pool.stock == 1 && numbers.live == 1)
    #expect(throws: MempoolError.cannotFill(5, of: 9)) { try pool.resize(to: 9, cpu: tight.cpu) }
    #expect(throws: MempoolError.badMinimum(0)) { try pool.resize(to: 0, cpu: tight.cpu) }
  }

  @Test("pages in stock see a writer through when the page allocator has nothing left")
  func pages() throws {
    let tight = try TightMachine()
    let pool = try Mempool(
      pagesOf: tight.machine, order: 1, minimum: 4, cpu: tight.cpu, patience: .milliseconds(1),
      maximumWaits: 2)
    try tight.fill(leaving: 0)
    var blocks: [PageFrame] = []
    for _ in 0..<4 { blocks.append(try #require(try pool.allocate(.noio, cpu: tight.cpu))) }
    #expect(Set(blocks).count == 4)
    #expect(try pool.allocate(.nowait, cpu: tight.cpu) == nil)
    #expect(throws: MempoolError.nobodyFrees(minimum: 4, waits: 2)) {
      try pool.allocate(.noio, cpu: tight.cpu)
    }
    // Pools keep off the reserves, and are silent.
    #expect(tight.machine.log.total == 0)
    for block in blocks { try pool.free(block, cpu: tight.cpu) }
    #expect(pool.stock == 4)
    try pool.destroy(cpu: tight.cpu)
    try tight.machine.checkInvariants()
  }

  @Test("objects of a cache, and memory of one size")
  func objects() throws {
    let machine = try Machine(memory: 16 << 20)
    let cpu = machine.cpus[0]
    let slab = try SLUB(machine)
    let cache = try slab.createCache("bio", size: 120)
    let pools = [
      try Mempool(objectsOf: cache, minimum: 2, cpu: cpu),
      try Mempool(bytes: 300, of: slab, minimum: 2, cpu: cpu),
    ]
    for pool in pools {
      try machine.injectFaults(.every(1), at: .objects)
      let objects = try [pool.allocate(.noio, cpu: cpu), pool.allocate(.noio, cpu: cpu)]
      #expect(objects.allSatisfy { $0 != nil } && pool.stock == 0)
      #expect(try pool.allocate(.atomic, cpu: cpu) == nil)
      machine.stopFaults(at: .objects)
      for object in objects { try pool.free(#require(object), cpu: cpu) }
      try pool.destroy(cpu: cpu)
    }
    try slab.destroyCache(cache, cpu: cpu)
  }

  @Test("16 threads share a stock of 4; everybody gets on, and nothing is lost")
  func crowd() async throws {
    let tight = try TightMachine(cpus: 16)
    let numbers = Numbers(4)
    let pool = try Mempool<Int>(
      minimum: 4, cpu: tight.cpu, patience: .seconds(10),
      allocate: { gfp, _ in numbers.make(gfp) }, free: { number, _ in numbers.dispose(number) })
    try await withThrowingTaskGroup(of: Int.self) { group in
      for cpu in tight.machine.cpus {
        group.addTask {
          var count = 0
          for step in 0..<200 {
            let gfp: GFPFlags = step % 4 == 0 ? .atomic : .kernel
            guard let element = try pool.allocate(gfp, cpu: cpu) else { continue }
            count += 1
            try pool.free(element, cpu: cpu)
          }
          return count
        }
      }
      // Those that may sleep always got one.
      for try await count in group { #expect(count >= 150) }
    }
    #expect(pool.stock == 4 && numbers.live == 4)
  }
}
