import Testing

@testable import KernelMemory

@Suite("Bad calls of vmalloc, and faults") struct VmallocMisuseTests {
  let machine: Machine
  let vmalloc: Vmalloc
  let cpu: CPU
  /// Two pages and a guard page at the start of the range.
  let area: VirtualAddress

  init() throws {
    machine = try Machine(memory: 8 << 20)
    cpu = machine.cpus[0]
    vmalloc = try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: cpu)
    area = try #require(try vmalloc.vmalloc(2 * pageSize, caller: "load_module", cpu: cpu))
  }

  /// The call is refused in these words, and nothing changes.
  private func refused(
    _ message: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ call: () throws -> Void
  ) {
    let before = vmalloc.vmallocinfo + machine.buddyinfo
    let error = #expect(throws: VmallocError.self, sourceLocation: sourceLocation) { try call() }
    #expect(error?.description == message, sourceLocation: sourceLocation)
    #expect(vmalloc.vmallocinfo + machine.buddyinfo == before, sourceLocation: sourceLocation)
    #expect(throws: Never.self, sourceLocation: sourceLocation) { try vmalloc.checkInvariants() }
  }

  private func faults(
    _ message: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ call: () throws -> Void
  ) {
    let error = #expect(throws: VmallocFault.self, sourceLocation: sourceLocation) { try call() }
    #expect(error?.description == message, sourceLocation: sourceLocation)
  }

  @Test func sizes() {
    refused("an area of 0 bytes cannot be made: ask for at least 1") {
      _ = try vmalloc.vmalloc(0, cpu: cpu)
    }
    refused("an area of -1 bytes cannot be made: ask for at least 1") {
      _ = try vmalloc.vmalloc(-1, cpu: cpu)
    }
    refused(
      "an area of 9223372036854775807 bytes cannot be made: the machine has 8384512 bytes of memory in all"
    ) { _ = try vmalloc.vmalloc(.max, cpu: cpu) }
    refused("an area of 9223372036854775807 bytes cannot be made: ask for at least 1") {
      _ = try vmalloc.allocateArea(size: .max, cpu: cpu)
    }
    refused("an area cannot be aligned to 12288 bytes: give a power of two") {
      _ = try vmalloc.vmalloc(1, align: 12288, cpu: cpu)
    }
    refused(
      "0xffffffffffffe000-0xfffffffffffff001 are no addresses that areas are made in"
    ) {
      _ = try vmalloc.allocateArea(
        size: 4096, range: VirtualAddress(~0x1fff)..<VirtualAddress(~0xffe), cpu: cpu)
    }
  }

  @Test func atomic() {
    refused(
      "vmalloc may sleep, but the mask GFP_ATOMIC forbids it (no __GFP_DIRECT_RECLAIM): call it with "
        + "GFP_KERNEL outside atomic context, or take kmalloc, which gives memory of one piece"
    ) { _ = try vmalloc.vmalloc(1, gfp: .atomic, cpu: cpu) }
    refused(
      "the zone modifiers of GFP mask 0xcc5 (GFP_KERNEL|GFP_DMA|GFP_DMA32) contradict each other; use "
        + "one of GFP_DMA, GFP_DMA32 and __GFP_HIGHMEM"
    ) { _ = try vmalloc.vmalloc(1, gfp: [.kernel, .dma, .dma32], cpu: cpu) }
  }

  @Test func wrongFrees() throws {
    refused(
      "0xffffc90000001000 is inside the vmalloc area 0xffffc90000000000-0xffffc90000003000 of 2 pages "
        + "(load_module), 4096 bytes from its start: give the start"
    ) { try vmalloc.vfree(area + pageSize, cpu: cpu) }
    refused("no area starts at 0xffffc90000003000, nor was one freed there lately") {
      try vmalloc.vfree(area + 3 * pageSize, cpu: cpu)
    }
    refused(
      "the vmalloc area 0xffffc90000000000-0xffffc90000003000 of 2 pages (load_module) was not made by "
        + "this call's counterpart: undo it with vfree"
    ) { try vmalloc.vunmap(area, cpu: cpu) }
    try vmalloc.vfree(nil, cpu: cpu)
    try vmalloc.vfree(area, caller: "free_module", cpu: cpu)
    let twice =
      "the vmalloc area 0xffffc90000000000-0xffffc90000003000 of 2 pages (load_module) is free already: "
      + "free_module freed it"
    refused(twice) { try vmalloc.vfree(area, cpu: cpu) }
    vmalloc.purge()
    refused(twice) { try vmalloc.vfree(area, cpu: cpu) }
    let frame = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    let mapped = try #require(try vmalloc.vmap([frame], caller: "alias", cpu: cpu))
    refused(
      "the vmap area 0xffffc90000000000-0xffffc90000002000 of 1 page (alias) was not made by this call's "
        + "counterpart: undo it with vunmap"
    ) { try vmalloc.vfree(mapped, cpu: cpu) }
  }

  @Test func wrongPages() throws {
    let frame = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    try machine.freePages(frame, order: 0, cpu: cpu)
    refused(
      "page frame \(frame) cannot be mapped: it is free, in the block of order 0 at \(frame) on a "
        + "per-CPU list"
    ) { _ = try vmalloc.vmap([frame], cpu: cpu) }
    refused("page frame 0x123456 cannot be mapped: it is not memory of this machine") {
      _ = try vmalloc.vmap([PageFrame(0x123456)], cpu: cpu)
    }
    refused("an area of 0 bytes cannot be made: ask for at least 1") {
      _ = try vmalloc.vmap([], cpu: cpu)
    }
  }

  @Test func outOfBounds() throws {
    let place = "the vmalloc area 0xffffc90000000000-0xffffc90000003000 of 2 pages (load_module)"
    faults(
      "write fault at 0xffffc90000002000: in the guard page of \(place), 1 byte past its last byte"
    ) { try vmalloc.store(UInt8(1), at: area + 2 * pageSize) }
    // What starts inside and ends outside faults at the border, and writes nothing.
    try vmalloc.fill(area, count: 2 * pageSize, with: 7)
    faults(
      "write fault at 0xffffc90000002000: in the guard page of \(place), 1 byte past its last byte"
    ) { try vmalloc.store(UInt64(1), at: area + 2 * pageSize - 4) }
    #expect(try vmalloc.load(at: area + 2 * pageSize - 4, as: UInt32.self) == 0x0707_0707)
    faults(
      "read fault at 0xffffc90000002fff: in the guard page of \(place), 4096 bytes past its last byte"
    ) { _ = try vmalloc.load(at: area + 3 * pageSize - 1, as: UInt8.self) }
    faults(
      "read fault at 0xffffc90000003000: in no area; 4097 bytes past the last byte of \(place)"
    ) { _ = try vmalloc.load(at: area + 3 * pageSize, as: UInt8.self) }
    faults("read fault at 0xffffc8ffffffffff: in no area, and none lies below") {
      _ = try vmalloc.load(at: area - 1, as: UInt8.self)
    }
    faults(
      "read fault at 0xffff888000800000: in the direct map, but beyond the machine's memory"
    ) { _ = try vmalloc.load(at: vmalloc.layout.directMap.upperBound, as: UInt8.self) }
    faults("read fault at 0x0000000000000000: in no area, and none lies below") {
      _ = try vmalloc.load(at: VirtualAddress(0), as: UInt8.self)
    }
  }

  @Test func afterFree() throws {
    try vmalloc.vfree(area, caller: "free_module", cpu: cpu)
    let words =
      "read fault at 0xffffc90000001004: in the vmalloc area 0xffffc90000000000-0xffffc90000003000 of 2 "
      + "pages (load_module), which free_module freed"
    faults(words) { _ = try vmalloc.load(at: area + 4100, as: UInt8.self) }
    vmalloc.purge()
    faults(words) { _ = try vmalloc.load(at: area + 4100, as: UInt8.self) }
    let bare = try #require(
      try vmalloc.allocateArea(size: pageSize, caller: "vm_map_ram", cpu: cpu))
    faults(
      "write fault at 0xffffc90000000000: nothing is mapped in the bare area "
        + "0xffffc90000000000-0xffffc90000001000 of 1 page (vm_map_ram)"
    ) { try vmalloc.store(1, at: bare) }
  }

  @Test("page tables cost pages, and a machine without them says so")
  func tables() throws {
    let small = try Machine(memory: 128 << 10)
    let error = #expect(throws: VmallocError.self) {
      try Vmalloc(machine: small, cpu: small.cpus[0])
    }
    guard case .noMemoryForPageTables = error else {
      Issue.record("\(error as Any)")
      return
    }
    // All that had been taken came back.
    #expect(small.node.zones.allSatisfy { small.pages(in: $0).allocated == 0 })
    let full = try Vmalloc(machine: machine, cpu: cpu)
    #expect(full.pageTablePages == 65)
    try full.checkInvariants()
    full.tearDown(cpu: cpu)
    #expect(throws: VmallocError.self) { try full.vmalloc(1, cpu: cpu) }
    #expect(full.vmallocToPage(area) == nil)
  }
}
