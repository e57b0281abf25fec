import PropertyTesting
import PropertyTestingSupport
import Testing

@testable import KernelMemory

/// Random sequences of calls of each allocator against a model that knows what is live, with all invariants after
/// every call.
@Suite("Random commands of object allocators") struct SlabRandomTests {
  typealias Make = @Sendable (Machine) throws -> SlabAllocator

  @Test("SLUB with arrays") func slub() async {
    await check("SLUB", runs: 24) { try SLUB($0) }
  }

  @Test("SLUB of 6.12, randomised") func slub6_12() async {
    await check("SLUB 6.12", runs: 24) {
      try SLUB($0, options: SLUB.Options(arrays: false, randomSeed: 7))
    }
  }

  @Test("SLUB with checks") func slubChecked() async {
    await check("SLUB with checks", runs: 14) { try SLUB($0, options: SLUB.Options(debug: .debug)) }
  }

  @Test("SLAB") func slab() async { await check("SLAB", runs: 24) { try SLAB($0) } }

  @Test("SLOB, every fit") func slob() async {
    for fit in SLOB.Fit.allCases {
      await check("SLOB \(fit)", runs: 16) { try SLOB($0, fit: fit) }
    }
  }

  private func check(_ name: String, runs: Int, make: @escaping Make) async {
    let report = await checkProperty("\(name) keeps its memory in order", runs: runs) { choices in
      let model = try SlabModel(make)
      try choices.commands(average: 25, max: 200) { try model.step(choices) }
      try model.finish()
    }
    #expect(report.labels["exhausted", default: 0] > 0)
  }
}

/// What must be true of an allocator after the calls made so far.
private final class SlabModel {
  struct Wrong: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
  struct Block {
    let pointer: UnsafeMutableRawPointer
    let size: Int
    let cache: Int?
    let stamp: UInt8
  }

  let machine: Machine
  let allocator: SlabAllocator
  var caches: [ObjectCache] = []
  var live: [Block] = []
  var stamps: UInt8 = 0

  init(_ make: SlabRandomTests.Make) throws {
    machine = try Machine(memory: 2 << 20, cpus: 2)
    allocator = try make(machine)
    for (number, size) in [24, 200, 1000, 5000].enumerated() {
      caches.append(
        try allocator.createCache(
          "cache\(number)", size: size, align: number == 1 ? 64 : 0, flags: .noMerge,
          arrayCapacity: allocator is SLUB ? 8 : nil))
    }
  }

  func step(_ choices: Choices) throws {
    let cpu = machine.cpus[try choices.draw(0...1)]
    switch try choices.weighted([6, 6, 10, 2, 2, 1, 1, 1]) {
    case 0:
      let size = try choices.element(of: [
        1, 8, 20, 64, 96, 100, 192, 500, 2000, 4000, 8192, 20_000,
      ])
      let count = try choices.draw(1...20)
      choices.note("kmalloc \(size) × \(count) on CPU \(cpu.number)")
      for _ in 0..<count {
        try keep(try allocator.kmalloc(size, gfp: .nowait, cpu: cpu), size, cache: nil, choices)
      }
    case 1:
      let number = try choices.draw(0...caches.count - 1)
      let count = try choices.draw(1...40)
      choices.note("allocate from cache\(number) × \(count) on CPU \(cpu.number)")
      for _ in 0..<count {
        try keep(
          try caches[number].allocate(gfp: .nowait, cpu: cpu), caches[number].objectSize,
          cache: number, choices)
      }
    case 2:
      let count = try choices.draw(1...40)
      choices.note("free \(count) on CPU \(cpu.number)")
      for _ in 0..<min(count, live.count) {
        try release(try choices.draw(0...live.count - 1), cpu)
      }
    case 3 where !live.isEmpty:
      let number = try choices.draw(0...live.count - 1)
      let size = try choices.draw(1...3000)
      choices.note("krealloc to \(size) on CPU \(cpu.number)")
      try resize(number, size, cpu)
    case 4:
      choices.note("shrink all on CPU \(cpu.number)")
      allocator.shrinkAll(cpu: cpu)
    case 5:
      choices.note("bad frees on CPU \(cpu.number)")
      try badFrees(cpu)
    case 6:
      choices.note("kmalloc until memory is short on CPU \(cpu.number)")
      for size in [60_000, 8000, 8] {
        for _ in 0..<400 {
          guard let pointer = try allocator.kmalloc(size, gfp: .nowait, cpu: cpu) else {
            choices.label("exhausted")
            break
          }
          try keep(pointer, size, cache: nil, choices)
        }
      }
    default:
      (allocator as? SLAB)?.reap(cpu: cpu)
    }
    try allocator.checkInvariants()
    try machine.checkInvariants()
    try checkCounts()
  }

  private func keep(
    _ pointer: UnsafeMutableRawPointer?, _ size: Int, cache: Int?, _ choices: Choices
  ) throws {
    guard let pointer else { return }
    let align = cache.map { caches[$0].alignment } ?? (size & (size - 1) == 0 ? size : 8)
    let offset = pointer - machine.memory.base
    if !offset.isMultiple(of: min(align, pageSize)) { throw Wrong("\(size) bytes at \(offset)") }
    stamps = stamps &+ 1
    pointer.initializeMemory(as: UInt8.self, repeating: stamps, count: size)
    live.append(Block(pointer: pointer, size: size, cache: cache, stamp: stamps))
  }

  private func checkBytes(_ block: Block, _ count: Int) throws {
    let bytes = UnsafeRawBufferPointer(start: block.pointer, count: count)
    if let wrong = bytes.firstIndex(where: { $0 != block.stamp }) {
      throw Wrong("byte \(wrong) of a live object of \(block.size) bytes was overwritten")
    }
  }

  private func release(_ number: Int, _ cpu: CPU) throws {
    let block = live.remove(at: number)
    try checkBytes(block, block.size)
    if let cache = block.cache {
      try caches[cache].free(block.pointer, cpu: cpu)
    } else {
      try allocator.kfree(block.pointer, cpu: cpu)
    }
  }

  private func resize(_ number: Int, _ size: Int, _ cpu: CPU) throws {
    let block = live[number]
    guard block.cache == nil else { return }
    guard
      let new = try allocator.krealloc(block.pointer, size, gfp: [.nowait, .zero], cpu: cpu)
    else { return }
    live.remove(at: number)
    let kept = Block(pointer: new, size: size, cache: nil, stamp: block.stamp)
    try checkBytes(kept, min(size, block.size))
    new.initializeMemory(as: UInt8.self, repeating: block.stamp, count: size)
    live.append(kept)
  }

  /// None may change anything.
  private func badFrees(_ cpu: CPU) throws {
    try allocator.kfree(nil, cpu: cpu)
    let outside = [machine.memory.base, machine.memory.base + 1, machine.memory.base - 4096]
    var bad = outside
    if let block = live.last { bad += [block.pointer + 1, block.pointer + 3] }
    for pointer in bad {
      guard (try? allocator.kfree(pointer, cpu: cpu)) == nil else {
        throw Wrong("a bad address was freed")
      }
    }
  }

  private func checkCounts() throws {
    let statistics = allocator.statistics
    if statistics.objects != live.count {
      throw Wrong("\(statistics.objects) objects are counted, \(live.count) are live")
    }
    let allocated = machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
    if allocated != statistics.pages {
      throw Wrong("\(statistics.pages) pages are counted, \(allocated) are allocated")
    }
  }

  /// Everything can be freed, and then every page comes back.
  func finish() throws {
    let cpu = machine.cpus[0]
    while !live.isEmpty { try release(live.count - 1, cpu) }
    allocator.shrinkAll(cpu: cpu)
    for cache in caches { try allocator.destroyCache(cache, cpu: cpu) }
    try allocator.checkInvariants()
    try checkCounts()
    if allocator.statistics.pages != 0 { throw Wrong("pages are left: \(allocator.statistics)") }
    if !allocator.leakReport().isEmpty { throw Wrong("\(allocator.leakReport())") }
    if !(allocator.reports.allSatisfy { Self.isExpected($0.kind) }) {
      throw Wrong("reports: \(allocator.reports)")
    }
  }

  private static func isExpected(_ kind: SlabReport.Kind) -> Bool {
    switch kind {
    case .misaligned, .foreignPointer, .notAnObject: true
    default: false
    }
  }
}
