import Testing

@testable import KernelMemory

@Suite("The page allocator of a machine") struct MachineTests {
  @Test("zones lie where the machine puts them")
  func zones() throws {
    let large = try Machine(memory: 5 << 30)
    #expect(large.node.zones.map(\.kind) == [.dma, .dma32, .normal, .movable, .device])
    #expect(large.node.zones.map(\.start.number) == [1, 4096, 1_048_576, 1_310_720, 1_310_720])
    #expect(large.node.zones.map(\.managed) == [4095, 1_044_480, 262_144, 0, 0])
    let old = try Machine(kind: .x86_32, memory: 1 << 30)
    #expect(old.node.zones.map(\.kind) == [.dma, .normal, .highMem, .movable])
    #expect(old.node.zones.map(\.start.number) == [1, 4096, 229376, 262144])
    #expect(old.managedPages == 262143)
    for (machine, frame, kind) in [
      (large, 4095, ZoneKind.dma), (large, 4096, .dma32), (large, 1_048_575, .dma32),
      (large, 1_048_576, .normal), (old, 229375, .normal), (old, 229376, .highMem),
    ] {
      #expect(machine.zone(of: PageFrame(frame))?.kind == kind)
    }
    #expect(large.zone(of: PageFrame(0)) == nil && old.zone(of: PageFrame(262144)) == nil)
  }

  private static let preferredZones: [(MachineKind, GFPFlags, ZoneKind)] = [
    (.x86_64, .kernel, .normal), (.x86_64, [.kernel, .dma32], .dma32),
    (.x86_64, [.kernel, .dma], .dma), (.x86_64, .highuserMovable, .normal),
    (.x86_32, .kernel, .normal), (.x86_32, .highuser, .highMem),
    (.x86_32, .highuserMovable, .highMem), (.x86_32, [.kernel, .dma32], .normal),
  ]

  @Test("a mask is served from its own zone", arguments: preferredZones)
  func preferredZone(kind: MachineKind, gfp: GFPFlags, zone: ZoneKind) throws {
    let machine = try Machine(kind: kind, memory: kind == .x86_64 ? 5 << 30 : 1 << 30)
    for order in [0, 3, 4, 9, 10] {
      let frame = try #require(
        try machine.allocatePages(order: order, gfp: gfp, cpu: machine.cpus[0]))
      #expect(machine.zone(of: frame)?.kind == zone)
      #expect(frame.number % (1 << order) == 0)
    }
  }

  @Test("when a zone is at its low watermark the next lower one serves, less what it keeps back")
  func fallback() throws {
    let machine = try Machine(kind: .x86_32, memory: 912 << 20)
    let cpu = machine.cpus[0]
    var order: [ZoneKind] = []
    while let frame = try machine.allocatePages(order: 6, gfp: .highuser, cpu: cpu) {
      let kind = try #require(machine.zone(of: frame)).kind
      if order.last != kind { order.append(kind) }
    }
    let zones = machine.node.zones
    // Down to low in turn, then down to min where that is a block's worth lower.
    #expect(order == [.highMem, .normal, .dma, .normal])
    let kept = zones[0].protection(against: 2)
    #expect(kept == 896 && zones[0].freePages >= kept + zones[0].watermarks.min)
    #expect(zones[1].freePages - 63 <= zones[1].watermarks.min + zones[1].protection(against: 2))
    #expect(zones[2].freePages - 63 <= zones[2].watermarks.min)
    let dma = try #require(try machine.allocatePages(order: 6, gfp: .dma, cpu: cpu))
    #expect(machine.zone(of: dma)?.kind == .dma)
    try machine.checkInvariants()
  }

  @Test("each kind of request stops at its share of the min watermark")
  func reserves() throws {
    let machine = try Machine(memory: 64 << 20, reserved: [0..<4096])
    let cpu = machine.cpus[0]
    let zone = machine.node.zones[1]
    let min = zone.watermarks.min
    #expect(min == 221)
    for (gfp, left) in [
      (GFPFlags.kernel, min), (.nowait, min), ([.kernel, .high], min - min / 2),
      (.atomic, (min - min / 2) - (min - min / 2) / 4), ([.kernel, .memalloc], 0),
    ] {
      repeat {
        while let frame = try machine.allocatePages(order: 0, gfp: gfp, cpu: cpu) {
          #expect(machine.zone(of: frame) != nil)
        }
        // What must not sleep cannot have the lists drained, and so fails while pages lie on them.
        machine.drainAll()
      } while zone.freePages > left
      #expect(zone.freePages == left, "\(gfp)")
    }
    try machine.checkInvariants()
  }

  @Test("an allocation drains all CPUs' lists before it gives up")
  func drainsBeforeFailing() throws {
    let machine = try Machine(memory: 32 << 20, cpus: 3)
    var frames: [PageFrame] = []
    while let frame = try machine.allocatePages(
      order: 0, gfp: [.kernel, .memalloc], cpu: machine.cpus[0])
    {
      frames.append(frame)
    }
    #expect(frames.count == machine.managedPages)
    for frame in frames.suffix(40) { try machine.freePages(frame, order: 0, cpu: machine.cpus[1]) }
    let perCPU = machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).perCPU }
    #expect(perCPU > 0)
    for _ in 0..<40 {
      let gfp: GFPFlags = [.kernel, .memalloc]
      #expect(try machine.allocatePages(order: 0, gfp: gfp, cpu: machine.cpus[2]) != nil)
    }
    try machine.checkInvariants()
  }

  @Test("__GFP_ZERO clears the block, and nothing else does")
  func zeroing() throws {
    let machine = try Machine(memory: 16 << 20)
    let cpu = machine.cpus[0]
    for order in [0, 2, 5] {
      let bytes = pageSize << order
      let first = try #require(try machine.allocatePages(order: order, gfp: .kernel, cpu: cpu))
      let memory = machine.pointer(to: first)
      memory.initializeMemory(as: UInt8.self, repeating: 0xa5, count: bytes)
      try machine.freePages(first, order: order, cpu: cpu)
      #expect(try machine.allocatePages(order: order, gfp: .kernel, cpu: cpu) == first)
      #expect((0..<bytes).allSatisfy { memory.load(fromByteOffset: $0, as: UInt8.self) == 0xa5 })
      try machine.freePages(first, order: order, cpu: cpu)
      let gfp: GFPFlags = [.kernel, .zero]
      #expect(try machine.allocatePages(order: order, gfp: gfp, cpu: cpu) == first)
      #expect((0..<bytes).allSatisfy { memory.load(fromByteOffset: $0, as: UInt8.self) == 0 })
    }
  }

  @Test("a split block's pages are freed one by one, and merge again")
  func split() throws {
    let machine = try Machine(memory: 16 << 20)
    let cpu = machine.cpus[0]
    let before = machine.buddyinfo
    let head = try #require(try machine.allocatePages(order: 4, gfp: .kernel, cpu: cpu))
    try machine.splitPages(head, order: 4)
    try machine.checkInvariants()
    #expect(
      machine.use(of: PageFrame(head.number + 3))
        == .allocated(head: PageFrame(head.number + 3), order: 0))
    #expect(throws: PageError.wrongOrder(head, given: 4, allocated: 0)) {
      try machine.freePages(head, order: 4, cpu: cpu)
    }
    for page in 0..<16 { try machine.freePages(PageFrame(head.number + page), order: 0, cpu: cpu) }
    machine.drainAll()
    try machine.checkInvariants()
    #expect(machine.buddyinfo == before)
  }

  @Test(
    "a machine that cannot be built says why",
    arguments: [
      (
        MachineKind.x86_64, 4096, 1,
        "a machine of 4096 bytes cannot be built: x86-64 takes a multiple of 4096 "
          + "from 65536 to 1099511627776 bytes"
      ),
      (
        .x86_32, 1 << 40, 1,
        "a machine of 1099511627776 bytes cannot be built: x86-32 takes a multiple of 4096 "
          + "from 65536 to 68719476736 bytes"
      ),
      (
        .x86_64, 1_000_001, 1,
        "a machine of 1000001 bytes cannot be built: x86-64 takes a multiple of 4096 "
          + "from 65536 to 1099511627776 bytes"
      ),
      (.x86_64, 1 << 20, 0, "a machine cannot have 0 CPUs: give 1 to 64"),
      (.x86_64, 1 << 20, 65, "a machine cannot have 65 CPUs: give 1 to 64"),
    ])
  func badMachine(kind: MachineKind, bytes: Int, cpus: Int, message: String) {
    let error = #expect(throws: MachineError.self) {
      try Machine(kind: kind, memory: bytes, cpus: cpus)
    }
    #expect(error?.description == message)
  }

  @Test("a machine with every frame reserved is refused")
  func nothingLeft() {
    let error = #expect(throws: MachineError.self) {
      try Machine(memory: 1 << 20, reserved: [0..<300])
    }
    #expect(
      error?.description
        == "the zones cannot be laid out: every frame is reserved; nothing is left to hand out")
  }
}
