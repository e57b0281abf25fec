import Testing

@testable import KernelMemory

/// The checkers themselves: memory is corrupted on purpose, and the violation must be the one that was planted.
@Suite("checkInvariants of object allocators finds what is broken") struct SlabCorruptionTests {
  let machine: Machine
  let slub: SLUB
  let cpu: CPU
  /// Eight objects of 512 bytes in use on a slab that is full, four on the CPU's.
  let cache: ObjectCache
  let objects: [UnsafeMutableRawPointer]

  init() throws {
    machine = try Machine(memory: 16 << 20)
    slub = try SLUB(machine)
    let cpu = machine.cpus[0]
    self.cpu = cpu
    let cache = try slub.createCache("broken", size: 512, arrayCapacity: 8)
    self.cache = cache
    objects = try (0..<12).map { _ in try #require(try cache.allocate(gfp: .kernel, cpu: cpu)) }
    try slub.checkInvariants()
    try #require(cache.objectsPerSlab == 8 && line.count == 0 && cache.slabs.count == 2)
  }

  private var line: CPUObjects {
    get { cpu.objects(cache.state.pointee.id).pointee }
    nonmutating set { cpu.objects(cache.state.pointee.id).pointee = newValue }
  }

  private func expect(
    _ rule: SlabInvariantViolation.Rule, _ finding: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: SlabInvariantViolation.self, sourceLocation: sourceLocation) {
      try slub.checkInvariants()
    }
    #expect(error?.rule == rule, sourceLocation: sourceLocation)
    #expect(
      error?.description == "cache broken, \(rule.rawValue): \(finding)",
      sourceLocation: sourceLocation)
  }

  private func name(_ pointer: UnsafeMutableRawPointer) -> String {
    hex(slub.mapped(UInt(bitPattern: pointer)))
  }

  @Test func anObjectInTwoPlaces() throws {
    try cache.free(objects[0], cpu: cpu)
    line.top.pointee = UInt(bitPattern: objects[0])
    line.count += 1
    expect(.objects, "the object at \(name(objects[0])) is free in two places")
  }

  @Test func whatIsNoObjectInAnArray() throws {
    try cache.free(objects[0], cpu: cpu)
    line.entries[0] += 8
    expect(.objects, "the array of CPU 0 holds \(name(objects[0] + 8)), which is no object")
  }

  @Test func anArrayBeyondItsRoom() {
    line.capacity = 0
    line.count = 1
    expect(.counts, "the array of CPU 0 holds 1 objects, but has room for 0")
  }

  @Test func aLinkOutOfTheSlab() throws {
    for object in objects { try cache.free(object, cpu: cpu) }
    slub.shrink(cache, cpu: cpu)
    let again = try #require(try cache.allocate(gfp: .kernel, cpu: cpu))
    // Its successor on the slab's own list.
    slub.shrink(cache, cpu: cpu)
    let slab = try #require(cache.slabs.first)
    let free = slub.slabs[slab.frame.number].freeList
    let place = free + UInt(cache.freePointerOffset)
    slub.store(slub.coded(free + 4096, at: place, cache.state.pointee.secret), at: place)
    let outside = hex(slub.mapped(free + 4096))
    expect(
      .freeList,
      "the free list of the slab at page frame \(slab.frame) leads to \(outside), "
        + "which is none of its objects")
    try cache.free(again, cpu: cpu)
  }

  @Test func countsOfASlab() throws {
    let slab = try #require(cache.slabs.last)
    slub.slabs[slab.frame.number].inUse -= 1
    expect(
      .counts,
      "the slab at page frame \(slab.frame) counts 7 of 8 objects in use, but 0 are on its free list"
    )
  }

  @Test func countsOfTheCache() {
    cache.state.pointee.slabCount += 1
    expect(.counts, "the count of slabs is 3, but there are 2")
    cache.state.pointee.slabCount -= 1
    cache.state.pointee.objectCount -= 1
    expect(.counts, "the count of objects is 15, but there are 16")
    cache.state.pointee.objectCount += 1
    line.allocations += 1
    line.fromSlabs += 1
    expect(
      .counts,
      "13 objects are in use by the counts of allocations and frees, but of 16 objects 4 are free")
  }

  @Test func aPageThatIsNotTheCaches() throws {
    let slab = try #require(cache.slabs.last)
    slub.owners[slab.frame.number] = 0
    expect(
      .pages, "page frame \(slab.frame) of the slab at \(slab.frame) is not known as the cache's")
    slub.owners[slab.frame.number] = cache.state.pointee.id
    try machine.freePages(slab.frame, order: slab.order, cpu: cpu)
    let error = #expect(throws: SlabInvariantViolation.self) { try slub.checkInvariants() }
    #expect(
      error?.finding.hasPrefix(
        "the slab of order 0 at page frame \(slab.frame): that page is free, in the block") == true)
  }

  @Test func aSlabThatClaimsAnotherPlace() throws {
    let own = try #require(cache.slabs.first)
    slub.slabs[own.frame.number].place = .partial
    expect(.lists, "CPU 0 allocates from page frame \(own.frame), which is no CPU's slab")
  }

  @Test func listsOfSlabs() throws {
    let full = try #require(cache.slabs.last)
    cache.state.pointee.partial.first = UInt32(full.frame.number)
    cache.state.pointee.partial.count = 1
    expect(
      .lists,
      "the list of partial slabs leads to page frame \(full.frame), where no such slab starts")
    cache.state.pointee.partial = SlabList()
    line.partial = UInt32(full.frame.number)
    line.partialSlabs = 1
    expect(
      .lists, "the chain of CPU 0 leads to page frame \(full.frame), which is in no chain")
  }

  @Test func slabsOfSLAB() throws {
    let machine = try Machine(memory: 16 << 20)
    let slab = try SLAB(machine)
    let cache = try slab.createCache("broken", size: 512)
    _ = try cache.allocate(gfp: .kernel, cpu: machine.cpus[0])
    try slab.checkInvariants()
    slab.extra(cache).pointee.freeObjects += 1
    var error = #expect(throws: SlabInvariantViolation.self) { try slab.checkInvariants() }
    #expect(
      error?.description
        == "cache broken, counts: the count of free objects on slabs is 1, but there are 0")
    slab.extra(cache).pointee.freeObjects -= 1
    let window = try #require(cache.slabs.first)
    slab.slabs[window.frame.number].inUse -= 1
    error = #expect(throws: SlabInvariantViolation.self) { try slab.checkInvariants() }
    #expect(
      error?.description
        == "cache broken, freeList: the slab at page frame \(window.frame) counts 7 of 8 objects in "
        + "use, but does not say which are free")
  }

  @Test func blocksOfSLOB() throws {
    let machine = try Machine(memory: 16 << 20)
    let slob = try SLOB(machine)
    let pointer = try #require(try slob.kmalloc(100, cpu: machine.cpus[0]))
    let frame = UInt32((pointer - machine.memory.base) / pageSize)
    try slob.checkInvariants()
    slob.slabs[Int(frame)].objects -= 1
    var error = #expect(throws: SlabInvariantViolation.self) { try slob.checkInvariants() }
    #expect(
      error?.description
        == "cache SLOB, counts: page frame \(PageFrame(Int(frame))) counts 1993 free units, but its "
        + "blocks have 1994")
    slob.slabs[Int(frame)].objects += 1
    let first = slob.address(of: frame) + UInt(slob.first(frame) * 2)
    UnsafeMutablePointer<Int16>(bitPattern: first)?[1] = 3
    error = #expect(throws: SlabInvariantViolation.self) { try slob.checkInvariants() }
    #expect(
      error?.description
        == "cache SLOB, freeList: the free block of 1994 units at unit 54 of page frame "
        + "\(PageFrame(Int(frame))) does not lie behind the one before, apart from it, "
        + "within the page")
  }
}
