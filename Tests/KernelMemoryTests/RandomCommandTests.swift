import PropertyTesting
import PropertyTestingSupport
import Testing

@testable import KernelMemory

/// Random sequences of calls against a model that knows what is live, with all invariants after every call.
@Suite("Random commands") struct RandomCommandTests {
  @Test("64-bit x86")
  func x86_64() async {
    let report = await checkProperty("the 64-bit machine keeps its memory in order", runs: 150) {
      try Self.commands($0, average: 30) {
        // The memory ends inside a block; DMA32 has 3 MiB and a hole.
        try Machine(
          memory: (19 << 20) + 5 * pageSize, cpus: 3, reserved: [900..<1111, 4200..<4300])
      }
    }
    #expect(report.labels["exhausted", default: 0] > 5)
    #expect(report.labels["drained", default: 0] > 5)
    #expect(report.labels["split", default: 0] > 5)
  }

  @Test("32-bit x86, with all three zones in use")
  func x86_32() async {
    await checkProperty("the 32-bit machine keeps its memory in order", runs: 12) {
      try Self.commands($0, average: 30) {
        // Most of Normal is reserved, so that high memory runs out into it and from there into DMA.
        try Machine(kind: .x86_32, memory: 904 << 20, cpus: 2, reserved: [6000..<229_000])
      }
    }
  }

  @Test("64-bit x86, with all three zones in use")
  func allZones64() async {
    await checkProperty("a machine beyond 4 GiB keeps its memory in order", runs: 3) {
      try Self.commands($0, average: 30) {
        try Machine(memory: (4 << 30) + (6 << 20), cpus: 2, reserved: [5000..<1_048_000])
      }
    }
  }

  private static let masks: [GFPFlags] = [
    .kernel, .atomic, .highuserMovable, [.kernel, .dma], [.kernel, .dma32, .zero],
    [.kernel, .memalloc], .nowait, [.highuser, .zero],
  ]

  private static func commands(
    _ choices: Choices, average: Int, machine make: () throws -> Machine
  ) throws {
    let model = MachineModel(try make())
    try choices.commands(average: average, max: 400) {
      switch try choices.weighted([10, 8, 1, 1, 3, 2]) {
      case 0:
        try model.allocate(
          order: try choices.weighted([30, 10, 8, 8, 4, 3, 3, 3, 3, 3, 3]),
          gfp: try choices.element(of: masks), cpu: try choices.draw(0...model.cpuCount - 1),
          choices)
      case 1 where !model.live.isEmpty:
        try model.free(
          block: try choices.draw(0...model.live.count - 1),
          cpu: try choices.draw(0...model.cpuCount - 1), choices)
      case 2 where !model.live.isEmpty:
        try model.split(block: try choices.draw(0...model.live.count - 1), choices)
      case 3:
        try model.drain(cpu: try choices.draw(0...model.cpuCount - 1), choices)
      case 4:
        try model.badFree(
          frame: try choices.draw(-1...model.frameCount), order: try choices.draw(-1...11), choices)
      case 5:
        // Many at once, so that lists fill up and memory runs out.
        let count = try choices.draw(1...40)
        for _ in 0..<count {
          try model.allocate(order: 4, gfp: .highuserMovable, cpu: 0, choices)
        }
      default: break
      }
      try model.check()
    }
  }
}

/// What must be true of a machine after the calls made so far.
private final class MachineModel {
  struct Block {
    let frame: Int
    let order: Int
    let stamp: UInt64
  }
  struct Wrong: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  let machine: Machine
  private(set) var live: [Block] = []
  private var owned: Set<Int> = []
  private var stamps: UInt64 = 0

  init(_ machine: Machine) { self.machine = machine }

  var cpuCount: Int { machine.cpus.count }
  var frameCount: Int { machine.memory.byteCount / pageSize }

  func allocate(order: Int, gfp: GFPFlags, cpu: Int, _ choices: Choices) throws {
    choices.note("allocate order \(order) \(gfp) on CPU \(cpu)")
    // kswapd takes the boost back once the request has failed.
    let boosts = machine.node.zones.map(\.boost)
    guard let page = try machine.allocatePages(order: order, gfp: gfp, cpu: machine.cpus[cpu])
    else {
      choices.label("exhausted")
      // No zone may have had enough in its buddy lists: what lay on CPUs' lists was drained, if the mask may wait.
      let highest =
        machine.kind.zoneKinds.firstIndex(of: try gfp.highestZone(on: machine.kind)) ?? 0
      let rights = gfp.slowPathFlags(order: order)
      for zone in machine.node.zones[...highest] {
        let met = zone.isWatermarkMet(
          order: order, mark: zone.watermarks.min - zone.boost + boosts[zone.index],
          highestZone: highest, flags: rights)
        if met { throw Wrong("nil, though zone \(zone.kind) has free pages above its watermark") }
      }
      return
    }
    let frames = page.number..<page.number + (1 << order)
    guard page.number.isMultiple(of: 1 << order) else {
      throw Wrong("block at \(page) is not aligned")
    }
    guard owned.isDisjoint(with: frames) else {
      throw Wrong("block at \(page) was handed out twice")
    }
    guard let zone = machine.zone(of: page) else {
      throw Wrong("block at \(page) is not in a zone")
    }
    let highest = try gfp.highestZone(on: machine.kind)
    let kinds = machine.kind.zoneKinds
    guard let at = kinds.firstIndex(of: zone.kind), let limit = kinds.firstIndex(of: highest),
      at <= limit
    else { throw Wrong("block at \(page) is from \(zone.kind), above \(highest)") }
    let memory = machine.pointer(to: page)
    if gfp.contains(.zero) {
      for word in stride(from: 0, to: pageSize << order, by: 8)
      where memory.load(fromByteOffset: word, as: UInt64.self) != 0 {
        throw Wrong("block at \(page) is not zero at byte \(word)")
      }
    }
    stamps += 1
    for frame in frames {
      machine.pointer(to: PageFrame(frame)).storeBytes(of: stamps, as: UInt64.self)
      machine.pointer(to: PageFrame(frame)).storeBytes(
        of: stamps, toByteOffset: pageSize - 8, as: UInt64.self)
    }
    owned.formUnion(frames)
    live.append(Block(frame: page.number, order: order, stamp: stamps))
  }

  func free(block index: Int, cpu: Int, _ choices: Choices) throws {
    let block = live.remove(at: index)
    choices.note("free \(PageFrame(block.frame)) order \(block.order) on CPU \(cpu)")
    try verify(block)
    owned.subtract(block.frame..<block.frame + (1 << block.order))
    try machine.freePages(PageFrame(block.frame), order: block.order, cpu: machine.cpus[cpu])
  }

  func split(block index: Int, _ choices: Choices) throws {
    let block = live.remove(at: index)
    choices.note("split \(PageFrame(block.frame)) order \(block.order)")
    choices.label("split")
    try machine.splitPages(PageFrame(block.frame), order: block.order)
    for frame in block.frame..<block.frame + (1 << block.order) {
      live.append(Block(frame: frame, order: 0, stamp: block.stamp))
    }
  }

  func drain(cpu: Int, _ choices: Choices) throws {
    choices.note("drain CPU \(cpu)")
    choices.label("drained")
    machine.drain(machine.cpus[cpu])
    for zone in machine.node.zones where machine.cpus[cpu].pages(of: zone).count != 0 {
      throw Wrong("CPU \(cpu) holds pages of \(zone.kind) after its drain")
    }
  }

  /// A free that nothing live allows must be refused and change nothing.
  func badFree(frame: Int, order: Int, _ choices: Choices) throws {
    if live.contains(where: { $0.frame == frame && $0.order == order }) { return }
    choices.note("bad free of \(PageFrame(frame)) order \(order)")
    let before = machine.zoneinfo + machine.buddyinfo
    do {
      try machine.freePages(PageFrame(frame), order: order, cpu: machine.cpus[0])
    } catch {
      guard machine.zoneinfo + machine.buddyinfo == before else {
        throw Wrong("a refusal changed something")
      }
      return
    }
    throw Wrong("a bad free was accepted")
  }

  func check() throws {
    try machine.checkInvariants()
    let allocated = machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
    guard allocated == owned.count else {
      throw Wrong("\(allocated) pages count as allocated, but \(owned.count) are live")
    }
    for block in live.suffix(8) { try verify(block) }
  }

  private func verify(_ block: Block) throws {
    let head = PageFrame(block.frame)
    guard machine.use(of: head) == .allocated(head: head, order: block.order) else {
      throw Wrong("live block at \(head) is \(machine.use(of: head))")
    }
    for frame in block.frame..<block.frame + (1 << block.order) {
      let page = machine.pointer(to: PageFrame(frame))
      guard page.load(as: UInt64.self) == block.stamp,
        page.load(fromByteOffset: pageSize - 8, as: UInt64.self) == block.stamp
      else { throw Wrong("page \(PageFrame(frame)) lost its contents") }
    }
  }
}
