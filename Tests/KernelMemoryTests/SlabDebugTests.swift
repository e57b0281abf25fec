import Testing

@testable import KernelMemory

/// Mistakes that a program makes with objects, and what is said of them; the exact text.
@Suite("Reports about objects") struct SlabDebugTests {
  let machine: Machine
  let slub: SLUB
  let cpu: CPU
  /// 0xffff888000000000 stands for the first byte of memory.
  let base: UInt

  init() throws {
    machine = try Machine(memory: 16 << 20, cpus: 2)
    slub = try SLUB(machine, options: SLUB.Options(debug: .debug))
    cpu = machine.cpus[0]
    base = UInt(bitPattern: machine.memory.base)
  }

  private func name(_ pointer: UnsafeMutableRawPointer, _ offset: Int = 0) -> String {
    hex(0xffff_8880_0000_0000 &+ UInt(bitPattern: pointer + offset) &- base)
  }

  private func expect(
    _ text: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    let error = #expect(throws: SlabError.self, sourceLocation: sourceLocation, performing: body)
    #expect(error?.description == text, sourceLocation: sourceLocation)
    #expect(slub.reports.last?.description == text, sourceLocation: sourceLocation)
  }

  private func object(
    _ size: Int = 64, by: String = "reader"
  ) throws -> UnsafeMutableRawPointer {
    try #require(try slub.kmalloc(size, gfp: .kernel, cpu: cpu, site: CallSite(by)))
  }

  private func free(_ pointer: UnsafeMutableRawPointer, by: String = "writer") throws {
    try slub.kfree(pointer, cpu: machine.cpus[1], site: CallSite(by))
  }

  // MARK: Bad frees

  @Test func doubleFree() throws {
    let pointer = try object()
    let other = try object()
    try free(pointer)
    try free(other)
    expect(
      """
      BUG kmalloc-64: Object at \(name(pointer)) already free
      Allocated in reader cpu=0
      Freed in writer cpu=1
      Found in again
      """
    ) { try free(pointer, by: "again") }
    try slub.checkInvariants()
  }

  @Test func doubleFreeWithoutChecksWhenNothingWasBetween() throws {
    let machine = try Machine(memory: 16 << 20)
    let slub = try SLUB(machine)
    let pointer = try #require(try slub.kmalloc(64, cpu: machine.cpus[0]))
    try slub.kfree(pointer, cpu: machine.cpus[0])
    let address = UInt(bitPattern: pointer) - UInt(bitPattern: machine.memory.base)
    let error = #expect(throws: SlabError.self) {
      try slub.kfree(pointer, cpu: machine.cpus[0], site: CallSite("again"))
    }
    #expect(
      error?.description == """
        BUG kmalloc-64: Object at \(hex(0xffff_8880_0000_0000 + address)) already free
        Found in again
        """)
    try slub.checkInvariants()
  }

  @Test func insideAnObject() throws {
    let pointer = try object()
    for offset in [1, 8, 63] {
      expect(
        """
        BUG kmalloc-64: Invalid object pointer \(name(pointer, offset)): \
        inside the object at \(name(pointer))
        Allocated in reader cpu=0
        Found in writer
        """
      ) { try free(pointer + offset) }
    }
    try free(pointer)
  }

  @Test func foreignPointers() throws {
    expect("BUG kfree: Address 0x0000000000001000 is not memory of this machine\nFound in writer") {
      try free(#require(UnsafeMutableRawPointer(bitPattern: 0x1000)))
    }
    let page = try #require(try machine.allocatePages(order: 1, gfp: .kernel, cpu: cpu))
    let pointer = machine.pointer(to: page) + 5000
    expect(
      "BUG kfree: Address \(name(pointer)) is no object: its page is allocated, "
        + "in the block of order 1 at page frame \(page), but not as a slab\nFound in writer"
    ) { try free(pointer) }
    try machine.freePages(page, order: 1, cpu: cpu)
    machine.drainAll()
    guard case .free(let head, let order) = machine.use(of: page) else {
      Issue.record("the page is not free")
      return
    }
    expect(
      "BUG kfree: Address \(name(pointer)) is no object: its page is free, "
        + "in the block of order \(order) at page frame \(head)\nFound in writer"
    ) { try free(pointer) }
  }

  @Test func anotherCache() throws {
    let first = try slub.createCache("first", size: 64)
    let second = try slub.createCache("second", size: 128)
    let pointer = try #require(try first.allocate(gfp: .kernel, cpu: cpu))
    expect(
      "BUG first: Wrong slab cache. second but object at \(name(pointer)) is from first\n"
        + "Found in writer"
    ) { try second.free(pointer, cpu: cpu, site: CallSite("writer")) }
    try first.free(pointer, cpu: cpu)
    try slub.checkInvariants()
  }

  @Test func insideABlockOfPages() throws {
    let pointer = try object(20_000)
    expect(
      "BUG kfree: Invalid object pointer \(name(pointer, 8192)): inside the object at "
        + "\(name(pointer))\nFound in writer"
    ) { try free(pointer + 8192) }
    try free(pointer)
    #expect(slub.statistics.pages == 0)
  }

  // MARK: Bytes that were overwritten, as in Linux's slub_kunit

  @Test func behindTheObject() throws {
    let cache = try slub.createCache("zone", size: 64)
    let pointer = try #require(try cache.allocate(gfp: .kernel, cpu: cpu, site: CallSite("reader")))
    (pointer + 64).storeBytes(of: 0x12, as: UInt8.self)
    (pointer + 66).storeBytes(of: 0x12, as: UInt8.self)
    expect(
      """
      BUG zone: Right Redzone overwritten of object at \(name(pointer))
      \(name(pointer, 64))-\(name(pointer, 66)) @offset=72. First byte 0x12 instead of 0xcc
      Allocated in reader cpu=0
      Found in writer
      """
    ) { try cache.free(pointer, cpu: cpu, site: CallSite("writer")) }
    try slub.checkInvariants()
  }

  @Test func beforeTheObject() throws {
    let pointer = try object(96)
    (pointer - 1).storeBytes(of: 0x41, as: UInt8.self)
    expect(
      """
      BUG kmalloc-96: Left Redzone overwritten of object at \(name(pointer))
      \(name(pointer, -1))-\(name(pointer, -1)) @offset=31. First byte 0x41 instead of 0xcc
      Allocated in reader cpu=0
      Found in writer
      """
    ) { try free(pointer) }
  }

  @Test func behindWhatWasAskedFor() throws {
    let pointer = try object(18)
    for offset in 18..<20 { (pointer + offset).storeBytes(of: 0xab, as: UInt8.self) }
    expect(
      """
      BUG kmalloc-32: kmalloc Redzone overwritten of object at \(name(pointer))
      \(name(pointer, 18))-\(name(pointer, 19)) @offset=50. First byte 0xab instead of 0xcc
      Allocated in reader cpu=0
      Found in writer
      """
    ) { try free(pointer) }
  }

  @Test(
    "use after free, first word and 50th byte, is found by the next allocation", arguments: [0, 50])
  func useAfterFree(offset: Int) throws {
    let pointer = try object()
    try free(pointer)
    (pointer + offset).storeBytes(of: 0x9a, as: UInt8.self)
    let next = try object(by: "next")
    #expect(next != pointer)
    #expect(
      slub.reports.map(\.description) == [
        """
        BUG kmalloc-64: Poison overwritten of object at \(name(pointer))
        \(name(pointer, offset))-\(name(pointer, offset)) @offset=\(64 + offset). \
        First byte 0x9a instead of 0x6b
        Allocated in reader cpu=0
        Freed in writer cpu=1
        Found in next
        """
      ])
    #expect(machine.log.lines.first?.hasPrefix("BUG kmalloc-64: Poison overwritten") == true)
  }

  @Test func theLinkOfAFreeObject() throws {
    let cache = try slub.createCache("links", size: 64)
    let pointer = try #require(try cache.allocate(gfp: .kernel, cpu: cpu))
    try cache.free(pointer, cpu: cpu)
    (pointer + cache.freePointerOffset).storeBytes(of: 0x1234, as: UInt.self)
    _ = try cache.allocate(gfp: .kernel, cpu: cpu)
    #expect(slub.reports.map(\.kind) == [.freePointerCorrupt])
  }

  @Test func validateFindsAllOfIt() throws {
    let cache = try slub.createCache("all", size: 100)
    let live = try #require(try cache.allocate(gfp: .kernel, cpu: cpu))
    let freed = try #require(try cache.allocate(gfp: .kernel, cpu: cpu))
    try cache.free(freed, cpu: cpu)
    #expect(slub.validate(cache).isEmpty)
    (live + 100).storeBytes(of: 1, as: UInt8.self)
    (freed + 99).storeBytes(of: 1, as: UInt8.self)
    (freed + cache.size - 9).storeBytes(of: 1, as: UInt8.self)
    let slab = try #require(cache.slabs.first)
    let end = machine.pointer(to: slab.frame) + pageSize << slab.order
    (end - 1).storeBytes(of: 1, as: UInt8.self)
    #expect(
      Set(slub.validate(cache).map(\.kind)) == [
        .overwritten(.rightRedZone), .overwritten(.endPoison), .overwritten(.padding),
      ])
  }

  @Test func objectsKeepTheirAlignmentUnderChecks() throws {
    for size in [64, 96, 192, 256, 1024, 4096] {
      let pointer = try object(size)
      #expect((pointer - machine.memory.base).isMultiple(of: size & -size), "\(size)")
      #expect(try slub.ksize(pointer) == size)
    }
  }

  @Test func reallocationMovesTheRedZone() throws {
    let pointer = try object(16)
    let more = try #require(try slub.krealloc(pointer, 12, cpu: cpu))
    #expect(more == pointer)
    (more + 11).storeBytes(of: 1, as: UInt8.self)
    #expect(slub.validate(try #require(slub.cache(named: "kmalloc-16"))).isEmpty)
    (more + 12).storeBytes(of: 1, as: UInt8.self)
    #expect(
      slub.validate(try #require(slub.cache(named: "kmalloc-16"))).map(\.kind)
        == [.overwritten(.kmallocRedZone)])
  }

  // MARK: Leaks

  @Test func leaksByCacheAndCaller() throws {
    #expect(slub.leakReport().description == "no leaks")
    for _ in 0..<3 { _ = try object(100, by: "reader") }
    _ = try object(100, by: "writer")
    _ = try object(9000, by: "mapper")
    try free(try object())
    let slot = try #require(slub.cache(named: "kmalloc-128")).size
    #expect(
      slub.leakReport().description == """
        5 objects, \(4 * slot + 16384) bytes were not freed:
          kmalloc, whole pages: 1 object, 16384 bytes, allocated in mapper
          kmalloc-128: 3 objects, \(3 * slot) bytes, allocated in reader
          kmalloc-128: 1 object, \(slot) bytes, allocated in writer
        """)
  }

  @Test func theCallersLineIsNoted() throws {
    _ = try slub.kmalloc(100, cpu: cpu)
    let line = #line - 1
    #expect(
      slub.leakReport().entries.map { $0.site?.description } == [
        "KernelMemoryTests/SlabDebugTests.swift:\(line)"
      ])
  }

  @Test func injectedFailures() throws {
    try machine.injectFaults(.every(3), at: .objects)
    let served = try (0..<6).map { _ in
      try slub.kmalloc(8, gfp: [.kernel, .nowarn], cpu: cpu) != nil
    }
    #expect(served == [true, true, false, true, true, false])
    machine.stopFaults(at: .objects)
    try slub.checkInvariants()
    #expect(slub.leakReport().objects == 4)
  }
}
