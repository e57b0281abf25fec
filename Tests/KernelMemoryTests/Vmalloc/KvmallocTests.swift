import Testing

@testable import KernelMemory

@Suite("kvmalloc and vrealloc") struct KvmallocTests {
  let machine: Machine
  let vmalloc: Vmalloc
  let slub: SLUB
  let cpu: CPU

  init() throws {
    machine = try Machine(memory: 16 << 20)
    cpu = machine.cpus[0]
    slub = try SLUB(machine)
    vmalloc = try Vmalloc(
      machine: machine, objects: slub, preallocatesTopLevel: false, cpu: cpu)
  }

  @Test("small and easy comes from kmalloc, the rest becomes an area")
  func choice() throws {
    let small = try #require(try vmalloc.kvmalloc(100, cpu: cpu))
    let large = try #require(try vmalloc.kvmalloc(64 << 10, cpu: cpu))
    let huge = try #require(try vmalloc.kvmalloc(5 << 20, cpu: cpu))
    #expect(vmalloc.layout.directMap.contains(small) && vmalloc.layout.directMap.contains(large))
    #expect(vmalloc.isVmallocAddress(huge))
    for address in [small, large, huge] {
      try vmalloc.store(UInt32(7), at: address + 96)
      #expect(try vmalloc.load(at: address + 96, as: UInt32.self) == 7)
      try vmalloc.kvfree(address, cpu: cpu)
    }
    try vmalloc.kvfree(nil, cpu: cpu)
    #expect(vmalloc.areas == [])
    try vmalloc.checkInvariants()
  }

  @Test("without memory of one piece 64 KiB become an area, but at most a page never does")
  func fragmented() throws {
    var pages: [PageFrame] = []
    while let page = try machine.allocatePages(
      order: 0, gfp: [.kernel, .memalloc, .nowarn], cpu: cpu)
    {
      pages.append(page)
    }
    for page in pages where page.number % 2 == 0 {
      try machine.freePages(page, order: 0, cpu: cpu)
    }
    let area = try #require(try vmalloc.kvmalloc(64 << 10, cpu: cpu))
    #expect(vmalloc.isVmallocAddress(area))
    #expect(try vmalloc.kvmalloc(64 << 10, gfp: .nowait, cpu: cpu) == nil)
    let page = try #require(try vmalloc.kvmalloc(4096, cpu: cpu))
    #expect(vmalloc.layout.directMap.contains(page))
  }

  @Test("kvrealloc carries the bytes from an object to an area and back to nothing")
  func kvrealloc() throws {
    let small = try #require(try vmalloc.kvmalloc(1000, gfp: [.kernel, .zero], cpu: cpu))
    for byte in 0..<1000 { try vmalloc.store(UInt8(byte & 255), at: small + byte) }
    #expect(try vmalloc.kvrealloc(small, 1020, cpu: cpu) == small)
    let large = try #require(try vmalloc.kvrealloc(small, 6 << 20, cpu: cpu))
    #expect(vmalloc.isVmallocAddress(large))
    for byte in 0..<1000 {
      #expect(try vmalloc.load(at: large + byte, as: UInt8.self) == UInt8(byte & 255))
    }
    #expect(try vmalloc.kvrealloc(large, 0, cpu: cpu) == nil)
    #expect(vmalloc.areas == [])
    try slub.checkInvariants()
  }

  @Test("vrealloc stays in place up to the mapped pages, clears what is cut, and moves beyond")
  func vrealloc() throws {
    let area = try #require(try vmalloc.vrealloc(nil, 3 * pageSize, cpu: cpu))
    try vmalloc.fill(area, count: 3 * pageSize, with: 9)
    #expect(try vmalloc.vrealloc(area, 100, gfp: [.kernel, .zero], cpu: cpu) == area)
    #expect(try vmalloc.load(at: area + 99, as: UInt8.self) == 9)
    #expect(try vmalloc.load(at: area + 100, as: UInt8.self) == 0)
    #expect(try vmalloc.vrealloc(area, 3 * pageSize, cpu: cpu) == area)
    let moved = try #require(try vmalloc.vrealloc(area, 3 * pageSize + 1, cpu: cpu))
    #expect(moved != area && vmalloc.areas.map(\.start) == [moved])
    #expect(try vmalloc.load(at: moved + 99, as: UInt8.self) == 9)
    let error = #expect(throws: VmallocError.self) {
      try vmalloc.vrealloc(moved + pageSize, 1, cpu: cpu)
    }
    guard case .insideArea = error else {
      Issue.record("\(error as Any)")
      return
    }
    #expect(try vmalloc.vrealloc(moved, 0, cpu: cpu) == nil)
    #expect(vmalloc.areas == [])
  }

  @Test("kvmalloc without kmalloc is an error that says how to get it")
  func withoutObjects() throws {
    let other = try Machine(memory: 1 << 20)
    let bare = try Vmalloc(machine: other, preallocatesTopLevel: false, cpu: other.cpus[0])
    let error = #expect(throws: VmallocError.self) {
      try bare.kvmalloc(1, cpu: other.cpus[0])
    }
    #expect(
      error?.description == "kvmalloc tries kmalloc first, but this Vmalloc was made without it: "
        + "give it an object allocator (objects: SLUB(machine))")
  }
}
