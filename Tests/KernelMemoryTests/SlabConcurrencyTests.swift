import Testing

@testable import KernelMemory

/// Threads with a CPU each, on the same caches.
@Suite("Object allocators under threads") struct SlabConcurrencyTests {
  @Test("SLUB") func slub() throws { try run { try SLUB($0) } }
  @Test("SLUB of 6.12") func slub6_12() throws { try run { try SLUB($0, options: .linux6_12) } }
  @Test("SLUB with checks") func checked() throws {
    try run(rounds: 60) { try SLUB($0, options: SLUB.Options(debug: .debug)) }
  }
  @Test("SLAB") func slab() throws { try run { try SLAB($0) } }
  @Test("SLOB") func slob() throws { try run(rounds: 100) { try SLOB($0) } }

  private func run(
    threads count: Int = 16, rounds: Int = 250, _ make: (Machine) throws -> SlabAllocator
  ) throws {
    let machine = try Machine(memory: 24 << 20, cpus: count)
    let allocator = try make(machine)
    let cache = try allocator.createCache("together", size: 200)
    let exchange = Exchange()
    let workers = machine.cpus.map { Worker(allocator, cache, $0, exchange) }
    inThreads(count) { workers[$0].run(rounds: rounds) }
    #expect(exchange.failures.withLock { $0 } == [])
    let cpu = machine.cpus[0]
    for object in exchange.objects.withLock({ $0 }) {
      try allocator.kfree(object.pointer, cpu: cpu)
    }
    try allocator.checkInvariants()
    try machine.checkInvariants()
    #expect(allocator.statistics.objects == 0)
    allocator.shrinkAll(cpu: cpu)
    #expect(allocator.statistics.pages == 0)
    #expect(allocator.reports.isEmpty)
  }
}

/// Where threads leave objects for others to free.
private final class Exchange: Sendable {
  struct Object: @unchecked Sendable { let pointer: UnsafeMutableRawPointer }
  let objects = Locked<[Object]>([])
  let failures = Locked<[String]>([])
}

private struct Worker: Sendable {
  let allocator: SlabAllocator
  let cache: ObjectCache
  let cpu: CPU
  let exchange: Exchange

  init(_ allocator: SlabAllocator, _ cache: ObjectCache, _ cpu: CPU, _ exchange: Exchange) {
    self.allocator = allocator
    self.cache = cache
    self.cpu = cpu
    self.exchange = exchange
  }

  func run(rounds: Int) {
    do {
      for round in 0..<rounds { try step(round) }
    } catch {
      exchange.failures.withLock { $0.append("\(error)") }
    }
  }

  private func step(_ round: Int) throws {
    var own: [(UnsafeMutableRawPointer, Int)] = []
    for number in 0..<12 {
      let size = [8, 40, 96, 300, 1500, 9000][(number + round + cpu.number) % 6]
      guard let pointer = try allocator.kmalloc(size, gfp: .nowait, cpu: cpu) else { continue }
      pointer.initializeMemory(as: UInt8.self, repeating: UInt8(cpu.number), count: size)
      own.append((pointer, size))
    }
    let object = try cache.allocate(gfp: .nowait, cpu: cpu)
    object?.initializeMemory(as: UInt8.self, repeating: 0xee, count: cache.objectSize)
    for (pointer, size) in own {
      let bytes = UnsafeRawBufferPointer(start: pointer, count: size)
      if !bytes.allSatisfy({ $0 == UInt8(cpu.number) }) {
        exchange.failures.withLock { $0.append("an object was handed out twice") }
      }
    }
    if let object { try cache.free(object, cpu: cpu) }
    // Half of them are freed by whoever comes next.
    let given = own.prefix(own.count / 2).map { Exchange.Object(pointer: $0.0) }
    let taken = exchange.objects.withLock { objects in
      let taken = Array(objects.suffix(8))
      objects.removeLast(taken.count)
      objects += given
      return taken
    }
    for object in taken { try allocator.kfree(object.pointer, cpu: cpu) }
    for (pointer, _) in own.dropFirst(own.count / 2) { try allocator.kfree(pointer, cpu: cpu) }
    if round % 64 == 63 { allocator.shrink(cache, cpu: cpu) }
  }
}

/// Runs a body on several threads at once and waits for all.
func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let threads = (0..<count).map { number in BackgroundThread.start { body(number) } }
  for thread in threads { thread?.join() }
}
