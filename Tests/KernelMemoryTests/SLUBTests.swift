import Synchronization
import Testing

@testable import KernelMemory

/// How slabs move between a CPU, its chain and the cache's list, as in Linux 6.12.
@Suite("SLUB") struct SLUBTests {
  let machine: Machine
  let slub: SLUB
  let cpu: CPU

  init() throws {
    machine = try Machine(memory: 32 << 20, cpus: 2)
    slub = try SLUB(machine, options: .linux6_12)
    cpu = machine.cpus[0]
  }

  private func take(
    _ cache: ObjectCache, _ count: Int, cpu: Int = 0
  ) throws -> [UnsafeMutableRawPointer] {
    try (0..<count).map { _ in
      try #require(try cache.allocate(gfp: .kernel, cpu: machine.cpus[cpu]))
    }
  }

  private func places(_ cache: ObjectCache) -> [SlabWindow.Place] {
    cache.slabs.reversed().map(\.place)
  }

  @Test func theFreedObjectIsUsedNext() throws {
    let cache = try slub.createCache("lifo", size: 64)
    let objects = try take(cache, 3)
    #expect(objects[1] == objects[0] + 64 && objects[2] == objects[1] + 64)
    try cache.free(objects[1], cpu: cpu)
    #expect(try take(cache, 1) == [objects[1]])
  }

  @Test func fullSlabsAreOnNoList() throws {
    let cache = try slub.createCache("full", size: 512)
    let perSlab = cache.objectsPerSlab
    let objects = try take(cache, 2 * perSlab + 1)
    #expect(places(cache) == [.nowhere, .nowhere, .cpu])
    #expect(cache.slabs.map(\.state) == [.partial, .full, .full])
    try cache.free(objects[0], cpu: cpu)
    #expect(places(cache) == [.cpuPartial, .nowhere, .cpu])
    try slub.checkInvariants()
    // Served before a new slab is made: the rest of the CPU's, then the chain.
    let rest = try take(cache, perSlab)
    #expect(rest.last == objects[0])
    #expect(places(cache) == [.cpu, .nowhere, .nowhere])
  }

  @Test func theChainOverflowsToTheList() throws {
    let cache = try slub.createCache("chain", size: 2048)
    let limit = cache.layout.cpuPartialSlabs
    let perSlab = cache.objectsPerSlab
    let objects = try take(cache, (limit + 2) * perSlab)
    for slab in 0..<limit { try cache.free(objects[slab * perSlab], cpu: cpu) }
    #expect(places(cache).filter { $0 == .cpuPartial }.count == limit)
    try cache.free(objects[limit * perSlab], cpu: cpu)
    #expect(places(cache).filter { $0 == .partialList }.count == limit)
    #expect(places(cache).filter { $0 == .cpuPartial }.count == 1)
    try slub.checkInvariants()
  }

  @Test func anotherCPUsSlabOnlyCountsWhatIsFreed() throws {
    let cache = try slub.createCache("remote", size: 512)
    let objects = try take(cache, cache.objectsPerSlab)
    for object in objects { try cache.free(object, cpu: machine.cpus[1]) }
    #expect(places(cache) == [.cpu])
    #expect(cache.slabs[0].state == .empty)
    // The owner takes over what others freed, the last first.
    #expect(try take(cache, 2) == [objects[objects.count - 1], objects[objects.count - 2]])
    try slub.checkInvariants()
  }

  @Test func emptySlabsBeyondTheMinimumGoBack() throws {
    let cache = try slub.createCache("empty", size: 4096)
    let perSlab = cache.objectsPerSlab
    let objects = try take(cache, 40 * perSlab)
    for object in objects { try cache.free(object, cpu: cpu) }
    // The CPU's own, its chain, and min_partial on the list.
    #expect(cache.slabs.count <= 1 + cache.layout.cpuPartialSlabs + cache.minPartial)
    #expect(cache.slabs.count > cache.minPartial)
    #expect(slub.shrink(cache, cpu: cpu) > 0)
    #expect(cache.slabs.isEmpty)
    #expect(slub.statistics.pages == 0)
  }

  @Test func shrinkingSortsTheFullestFirst() throws {
    let cache = try slub.createCache("sorted", size: 512)
    let perSlab = cache.objectsPerSlab
    let objects = try take(cache, 3 * perSlab)
    for (slab, keep) in [3, 8, 5].enumerated() {
      for number in keep..<perSlab { try cache.free(objects[slab * perSlab + number], cpu: cpu) }
    }
    #expect(slub.shrink(cache, cpu: cpu) == 0)
    try slub.checkInvariants()
    var order: [UInt32] = []
    var frame = cache.state.pointee.partial.first
    while frame != 0 {
      order.append(slub.slabs[Int(frame)].inUse)
      frame = slub.slabs[Int(frame)].next
    }
    #expect(order == [8, 5, 3].map { UInt32($0) })
  }

  @Test func busySlabsDoNotStopShrinking() throws {
    let cache = try slub.createCache("busy", size: 2048)
    let perSlab = cache.objectsPerSlab
    let objects = try take(cache, 3 * perSlab)
    for object in objects[perSlab...] { try cache.free(object, cpu: cpu) }
    slub.shrink(cache, cpu: cpu)
    #expect(cache.slabs.map(\.state) == [.full])
  }

  @Test func liveObjectsKeepTheirCache() throws {
    let cache = try slub.createCache("kept", size: 100)
    let objects = try take(cache, 2)
    let error = #expect(throws: SlabError.self) { try slub.destroyCache(cache, cpu: cpu) }
    #expect(
      error?.description
        == "the cache 'kept' cannot be destroyed: 2 of its objects were not freed")
    for object in objects { try cache.free(object, cpu: cpu) }
    try slub.destroyCache(cache, cpu: cpu)
    #expect(!cache.isAlive)
    #expect(slub.cache(named: "kept") == nil)
    #expect(throws: SlabError.destroyedCache) { try cache.allocate(gfp: .kernel, cpu: cpu) }
    #expect(throws: SlabError.destroyedCache) { try cache.free(objects[0], cpu: cpu) }
    #expect(throws: SlabError.destroyedCache) { try slub.destroyCache(cache, cpu: cpu) }
    try slub.checkInvariants()
  }

  @Test func constructedOnceAndNotZeroed() throws {
    let counter = Counter()
    let cache = try slub.createCache("constructed", size: 32) {
      $0.storeBytes(of: 0x5ca1_ab1e, as: UInt32.self)
      counter.value.add(1, ordering: .relaxed)
    }
    for object in try take(cache, 5) {
      #expect(object.load(as: UInt32.self) == 0x5ca1_ab1e)
      try cache.free(object, cpu: cpu)
    }
    #expect(counter.value.load(ordering: .relaxed) == cache.objectsPerSlab)
    #expect(try take(cache, 1)[0].load(as: UInt32.self) == 0x5ca1_ab1e)
    #expect(throws: SlabError.zeroedConstructedObject(cache: "constructed")) {
      try cache.allocate(gfp: [.kernel, .zero], cpu: cpu)
    }
  }

  @Test func cachesThatCanShareDo() throws {
    let first = try slub.createCache("first", size: 60)
    let second = try slub.createCache("second", size: 64)
    #expect(first == second)
    #expect(first.names == ["first", "second"])
    #expect(first.objectSize == 64)
    #expect(first.uniqueName == ":0000064")
    let others = [
      try slub.createCache("larger", size: 72),
      try slub.createCache("accounted", size: 64, flags: .account),
      try slub.createCache("reclaimed", size: 64, flags: .reclaimAccount),
      try slub.createCache("alone", size: 64, flags: .noMerge),
      try slub.createCache("constructed", size: 64) { _ in },
      try slub.createCache("typesafe", size: 64, flags: .typesafeByRCU),
    ]
    #expect(Set(others + [first]).count == 7)
    #expect(others[1].uniqueName == ":A-0000064")
    #expect(others[2].uniqueName == ":a-0000064")
    // 256 aligned bytes do not fit the slots of a cache whose size is no multiple of the alignment.
    let unaligned = try slub.createCache("unaligned", size: 1000)
    let aligned = try slub.createCache("aligned", size: 1000, align: 256)
    #expect(unaligned != aligned)
    for object in try take(aligned, 20) { #expect(UInt(bitPattern: object) % 256 == 0) }
    try slub.destroyCache(second, cpu: cpu)
    #expect(first.isAlive && first.names == ["first"])
  }

  @Test func randomOrderComesFromTheSeed() throws {
    func order(_ seed: UInt64?) throws -> [Int] {
      let machine = try Machine(memory: 16 << 20)
      let slub = try SLUB(machine, options: SLUB.Options(arrays: false, randomSeed: seed))
      let cache = try slub.createCache("random", size: 256)
      return try (0..<cache.objectsPerSlab).map { _ in
        let object = try #require(try cache.allocate(gfp: .kernel, cpu: machine.cpus[0]))
        return (object - machine.memory.base) % pageSize / 256
      }
    }
    #expect(try order(nil) == Array(0..<16))
    #expect(try order(1) == order(1))
    #expect(try order(1) != order(2))
    #expect(try order(1).sorted() == Array(0..<16))
  }

  @Test func badCachesAreRefused() {
    let bad: [(String, Int, Int, String)] = [
      ("", 8, 0, "a name is one word"), ("a b", 8, 0, "a name is one word"),
      ("none", 0, 0, "objects have 1 to 4194304 bytes, not 0"),
      ("large", 5 << 20, 0, "objects have 1 to 4194304 bytes, not 5242880"),
      ("odd", 8, 12, "the alignment is a power of two up to 4096, or 0, not 12"),
      ("wide", 8, 8192, "the alignment is a power of two up to 4096, or 0, not 8192"),
    ]
    for (name, size, align, reason) in bad {
      let error = #expect(throws: SlabError.self) {
        try slub.createCache(name, size: size, align: align)
      }
      #expect(error?.description == "the cache '\(name)' cannot be created: \(reason)")
    }
    #expect(throws: SlabError.machineInUse) { try SLUB(machine) }
  }

  @Test func otherCPUsGiveWhenMemoryIsShort() throws {
    let machine = try Machine(memory: 1 << 20, cpus: 2)
    let slub = try SLUB(machine)
    var objects: [UnsafeMutableRawPointer] = []
    while let object = try slub.kmalloc(512, gfp: .nowait, cpu: machine.cpus[0]) {
      objects.append(object)
    }
    for object in objects { try slub.kfree(object, cpu: machine.cpus[1]) }
    let count = objects.count
    objects = []
    while let object = try slub.kmalloc(512, gfp: .nowait, cpu: machine.cpus[0]) {
      objects.append(object)
    }
    #expect(objects.count == count)
    try slub.checkInvariants()
  }

  @Test func sleepingInAtomicContextIsRefused() throws {
    let cache = try slub.createCache("atomic", size: 64)
    try machine.cpus[0].withAtomicContext(.spinLock("list_lock")) { () throws in
      let error = #expect(throws: SlabError.self) { try slub.kmalloc(8, gfp: .kernel, cpu: cpu) }
      #expect(error?.description.contains("GFP_KERNEL") == true)
      #expect(throws: SlabError.self) { try cache.allocate(gfp: .kernel, cpu: cpu) }
      #expect(try slub.kmalloc(8, gfp: .atomic, cpu: cpu) != nil)
    }
    #expect(try slub.kmalloc(8, gfp: .kernel, cpu: cpu) != nil)
  }

  @Test func slabinfoIsLinuxs() throws {
    let cache = try slub.createCache("fsverity_info", size: 264, flags: .reclaimAccount)
    let objects = try take(cache, 31)
    for object in objects[16...] { try cache.free(object, cpu: cpu) }
    let lines = slub.slabinfo.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0] == "slabinfo - version: 2.1")
    #expect(
      lines[1]
        == "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> "
        + ": tunables <limit> <batchcount> <sharedfactor> "
        + ": slabdata <active_slabs> <num_slabs> <sharedavail>")
    let perSlab = cache.objectsPerSlab
    let slabs = cache.slabs.count
    #expect(
      lines[2]
        == "fsverity_info         \(slabs * perSlab)     \(slabs * perSlab)    264   \(perSlab)    "
        + "\(1 << cache.order) : tunables    0    0    0 : slabdata      \(slabs)      \(slabs)      0"
    )
    #expect(
      lines[lines.count - 2]
        == "kmem_cache             0      0    256   16    1 : tunables    0    0    0 "
        + ": slabdata      0      0      0")
    #expect(
      lines.suffix(7).prefix(6).map { $0.prefix(16) } == [
        "kmalloc-16      ", "kmalloc-8       ", "kmalloc-192     ", "kmalloc-96      ",
        "kmem_cache_node ", "kmem_cache      ",
      ])
  }
}

/// A counter that a constructor may use.
private final class Counter: Sendable {
  let value = Atomic<Int>(0)
}
