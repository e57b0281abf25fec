import Testing

@testable import KernelMemory

@Suite("Bad calls are refused by name, and change nothing") struct BadCallTests {
  let machine: Machine
  let cpu: CPU
  /// Allocated with order 3 at 0x8, with order 5 at 0x20.
  let small: PageFrame
  let large: PageFrame

  init() throws {
    machine = try Machine(memory: 16 << 20)
    cpu = machine.cpus[0]
    small = try #require(try machine.allocatePages(order: 3, gfp: .highuserMovable, cpu: cpu))
    large = try #require(try machine.allocatePages(order: 5, gfp: .highuserMovable, cpu: cpu))
    machine.drain(cpu)
    try #require(small == PageFrame(0x8) && large == PageFrame(0x20))
  }

  private func expect(
    _ message: String, sourceLocation: SourceLocation = #_sourceLocation,
    from call: () throws -> Void
  ) throws {
    let before = machine.zoneinfo + machine.buddyinfo
    let error = #expect(throws: PageError.self, sourceLocation: sourceLocation) { try call() }
    #expect(error?.description == message, sourceLocation: sourceLocation)
    #expect(machine.zoneinfo + machine.buddyinfo == before, sourceLocation: sourceLocation)
    try machine.checkInvariants()
  }

  @Test("order out of range", arguments: [-1, 11, Int.max, Int.min])
  func order(order: Int) throws {
    let message = "order \(order) is out of range: blocks have orders 0 to 10, 1 to 1024 pages"
    try expect(message) { _ = try machine.allocatePages(order: order, gfp: .kernel, cpu: cpu) }
    try expect(message) { try machine.freePages(small, order: order, cpu: cpu) }
    try expect(message) { try machine.splitPages(small, order: order) }
  }

  @Test(
    "pages that are not memory of the machine", arguments: [4096, 1 << 20, -1, Int.max, Int.min])
  func foreign(frame: Int) throws {
    let frame = PageFrame(frame)
    for order in [0, 10] {
      try expect("page frame \(frame) is not memory of this machine") {
        try machine.freePages(frame, order: order, cpu: cpu)
      }
    }
  }

  @Test("reserved pages")
  func reserved() throws {
    try expect("page frame 0x0 is reserved: the page allocator never handed it out") {
      try machine.freePages(PageFrame(0), order: 0, cpu: cpu)
    }
  }

  @Test(
    "double frees, of a page on a per-CPU list, in the buddy lists, and merged into a larger block")
  func doubleFree() throws {
    try machine.freePages(small, order: 3, cpu: cpu)
    try expect("page frame 0x8 is free already: it starts a block of order 3 on a per-CPU list") {
      try machine.freePages(small, order: 3, cpu: cpu)
    }
    try expect(
      "page frame 0xb is free already: it is inside the block of order 3 at 0x8 on a per-CPU list"
    ) {
      try machine.freePages(PageFrame(0xb), order: 0, cpu: cpu)
    }
    machine.drain(cpu)
    try expect("page frame 0x8 is free already: it starts a free block of order 3") {
      try machine.freePages(small, order: 3, cpu: cpu)
    }
    try machine.freePages(large, order: 5, cpu: cpu)
    try expect("page frame 0x20 is free already: it starts a free block of order 5") {
      try machine.freePages(large, order: 5, cpu: cpu)
    }
    try expect("page frame 0x9 is free already: it is inside the free block of order 3 at 0x8") {
      try machine.freePages(PageFrame(0x9), order: 0, cpu: cpu)
    }
  }

  @Test("the wrong order")
  func wrongOrder() throws {
    try expect("the block at page frame 0x8 was allocated with order 3, not 2") {
      try machine.freePages(small, order: 2, cpu: cpu)
    }
    try expect("the block at page frame 0x20 was allocated with order 5, not 6") {
      try machine.freePages(large, order: 6, cpu: cpu)
    }
    try expect("the block at page frame 0x20 was allocated with order 5, not 0") {
      try machine.splitPages(large, order: 0)
    }
  }

  @Test("a page inside a block")
  func interior() throws {
    for order in [0, 4] {
      try expect(
        "page frame 0x30 is inside the block of order 5 that was allocated at 0x20: "
          + "free that block, or split it first"
      ) {
        try machine.freePages(PageFrame(0x30), order: order, cpu: cpu)
      }
    }
  }

  @Test("masks that contradict themselves")
  func badMask() throws {
    try expect(GFPMaskError.contradictoryZones([.dma, .dma32]).description) {
      _ = try machine.allocatePages(order: 0, gfp: [.dma, .dma32], cpu: cpu)
    }
    let both: GFPFlags = [.kernel, .movable, .reclaimable]
    try expect(GFPMaskError.contradictoryMobility(both).description) {
      _ = try machine.allocatePages(order: 4, gfp: both, cpu: cpu)
    }
  }
}
