import Testing

@testable import KernelMemory

@Suite("Per-CPU page lists") struct PerCPUTests {
  @Test("batch and limits are those of running kernels")
  func sizes() {
    func sizes(_ managed: Int, _ low: Int, _ cpus: Int) -> [Int] {
      let sizes = PerCPUSizes(managed: managed, low: low, cpus: cpus)
      return [sizes.batch, sizes.highMin, sizes.highMax]
    }
    #expect(sizes(3840, 27, 1) == [1, 27, 480])
    #expect(sizes(50608, 527, 1) == [15, 527, 6326])
    #expect(sizes(115024, 823, 1) == [31, 823, 14378])
    #expect(sizes(114655, 2542, 2) == [31, 1271, 7165])
    #expect(sizes(514243, 11482, 2) == [63, 5741, 32140])
    #expect(sizes(0, 0, 4) == [1, 4, 4])
  }

  /// A 512 MiB machine with 112572 managed pages in DMA32, as a kernel recorded it.
  private func machine(cpus: Int = 1) throws -> Machine {
    try Machine(memory: 512 << 20, cpus: cpus, reserved: [1..<256, 131072 - 14404..<131072])
  }

  @Test("a burst of frees counts up to 32 batches, whether the lists have room or not")
  func longBursts() throws {
    let machine = try machine()
    let cpu = machine.cpus[0]
    let pages = cpu.pages(of: machine.node.zones[1])
    var frames: [PageFrame] = []
    for _ in 0..<6000 {
      frames.append(try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu)))
    }
    for frame in frames {
      try machine.freePages(frame, order: 0, cpu: cpu)
      #expect(pages.state.pointee.freeCount <= 32 * pages.batch)
    }
    #expect(pages.state.pointee.freeCount == 32 * pages.batch)
    // An allocation halves it; a free adds to it as long as it is below.
    for expected in [992 / 2 + 512, (992 / 2 + 512) / 2 + 512] {
      let frame = try #require(try machine.allocatePages(order: 9, gfp: .kernel, cpu: cpu))
      try machine.freePages(frame, order: 9, cpu: cpu)
      #expect(pages.state.pointee.freeCount == expected)
    }
    try machine.checkInvariants()
  }

  @Test("refills double while nothing is freed")
  func refills() throws {
    let machine = try machine()
    let cpu = machine.cpus[0]
    let zone = machine.node.zones[1]
    #expect(zone.managed == 112572)
    let pages = cpu.pages(of: zone)
    var refills: [Int] = []
    while refills.count < 7 {
      let before = pages.count
      _ = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
      if pages.count > before || before == 0 { refills.append(pages.count - before + 1) }
    }
    #expect(refills == [31, 62, 124, 248, 496, 992, 992])
    try machine.checkInvariants()
  }

  @Test("a free halves the next refill, an allocation the count of frees in a row")
  func bursts() throws {
    let machine = try machine()
    let cpu = machine.cpus[0]
    let pages = cpu.pages(of: machine.node.zones[1])
    func allocate() throws -> PageFrame {
      try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    }
    // Refills of 31 and 62; the next would be 124.
    let frames = try (0..<32).map { _ in try allocate() }
    #expect(pages.count == 61)
    for frame in frames.suffix(8) { try machine.freePages(frame, order: 0, cpu: cpu) }
    #expect(pages.state.pointee.freeCount == 8)
    _ = try allocate()
    #expect(pages.state.pointee.freeCount == 4)
    while pages.count > 0 { _ = try allocate() }
    _ = try allocate()
    // Eight frees have halved it down to a batch.
    #expect(pages.count == 30)
  }

  @Test("a refill for a higher order moves as many pages")
  func refillsOfHigherOrders() throws {
    let machine = try machine()
    let cpu = machine.cpus[0]
    let pages = cpu.pages(of: machine.node.zones[1])
    for (order, blocks) in [(1, 15), (2, 7), (3, 3), (9, 2)] {
      _ = try #require(try machine.allocatePages(order: order, gfp: .kernel, cpu: cpu))
      #expect(pages.blocks(order: order).count == blocks - 1)
    }
    #expect(pages.count == 14 << 1 + 6 << 2 + 2 << 3 + 1 << 9)
    _ = try #require(try machine.allocatePages(order: 4, gfp: .kernel, cpu: cpu))
    #expect(pages.blocks(order: 4) == [])
    try machine.checkInvariants()
  }

  @Test("32-bit machines keep no huge pages per CPU")
  func noHugePages() throws {
    let machine = try Machine(kind: .x86_32, memory: 512 << 20)
    let cpu = machine.cpus[0]
    let frame = try #require(try machine.allocatePages(order: 9, gfp: .kernel, cpu: cpu))
    try machine.freePages(frame, order: 9, cpu: cpu)
    #expect(cpu.pages(of: machine.node.zones[1]).count == 0)
    try machine.checkInvariants()
  }

  @Test("pages leave in the order they came, and the page freed last leaves first")
  func order() throws {
    let machine = try machine()
    let cpu = machine.cpus[0]
    let first = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    let second = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    #expect(second.number == first.number + 1)
    try machine.freePages(first, order: 0, cpu: cpu)
    #expect(machine.use(of: first) == .perCPU(head: first, order: 0))
    #expect(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu) == first)
    #expect(machine.use(of: first) == .allocated(head: first, order: 0))
  }

  @Test("lists give pages back when they hold too many")
  func limit() throws {
    let machine = try machine()
    let cpu = machine.cpus[0]
    let zone = machine.node.zones[1]
    let pages = cpu.pages(of: zone)
    var frames: [PageFrame] = []
    for _ in 0..<40000 {
      frames.append(try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu)))
    }
    var most = 0
    for frame in frames {
      try machine.freePages(frame, order: 0, cpu: cpu)
      most = max(most, pages.count)
      #expect(pages.count <= pages.high)
    }
    #expect(most > 823 && most <= 112572 / 8)
    try machine.checkInvariants()
    machine.drain(cpu)
    #expect(pages.count == 0)
    #expect(zone.freePages == zone.managed)
    try machine.checkInvariants()
  }

  @Test("a run of frees of a higher order empties the lists at once")
  func highOrderFrees() throws {
    let machine = try machine()
    let cpu = machine.cpus[0]
    let pages = cpu.pages(of: machine.node.zones[1])
    var frames: [PageFrame] = []
    for _ in 0..<1000 {
      frames.append(try #require(try machine.allocatePages(order: 2, gfp: .kernel, cpu: cpu)))
    }
    var drains = 0
    for frame in frames {
      let before = pages.count
      try machine.freePages(frame, order: 2, cpu: cpu)
      if pages.count < before { drains += 1 }
      // 442 pages in a row, a batch and half the least limit, is a run.
      #expect(pages.count <= 442 + 4 + 31)
    }
    #expect(drains > 0)
    try machine.checkInvariants()
  }

  @Test("lists shrink while the zone is below its high watermark")
  func belowHigh() throws {
    let machine = try machine()
    let cpu = machine.cpus[0]
    let zone = machine.node.zones[1]
    let pages = cpu.pages(of: zone)
    var frames: [PageFrame] = []
    while !zone.isBelowHigh {
      frames.append(try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu)))
    }
    #expect(zone.freePages <= zone.watermarks.high)
    // The last refill may have passed the low watermark too; then the last page is from the zone below.
    while machine.zone(of: try #require(frames.last))?.kind != .dma32 {
      try machine.freePages(frames.removeLast(), order: 0, cpu: cpu)
    }
    let high = pages.high
    try machine.freePages(frames.removeLast(), order: 0, cpu: cpu)
    #expect(pages.high < high)
    while let frame = frames.popLast() { try machine.freePages(frame, order: 0, cpu: cpu) }
    #expect(!zone.isBelowHigh)
    try machine.checkInvariants()
  }
}
