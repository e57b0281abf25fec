import PropertyTesting
import Testing

@testable import KernelMemory

/// Threads that run into each other's locks; what they must not do is lose or share a page.
@Suite("Several CPUs at once") struct ConcurrencyTests {
  private struct Block: Sendable {
    let frame: PageFrame
    let order: Int
  }

  /// Allocates and frees on one CPU; gives what is left. Every page carries its owner's number meanwhile.
  private static func work(_ machine: Machine, _ cpu: CPU, steps: Int, live: Int) throws -> [Block]
  {
    var random = SplitMix64(seed: UInt64(cpu.number))
    var blocks: [Block] = []
    for _ in 0..<steps {
      if blocks.count < live, random.next() % 5 < 3 {
        let order = [0, 0, 0, 0, 1, 2, 3, 4, 6, 9][Int(random.next() % 10)]
        let gfp: GFPFlags = random.next() % 4 == 0 ? .atomic : .kernel
        guard let frame = try machine.allocatePages(order: order, gfp: gfp, cpu: cpu) else {
          continue
        }
        stamp(machine, Block(frame: frame, order: order), cpu.number)
        blocks.append(Block(frame: frame, order: order))
      } else if !blocks.isEmpty {
        let block = blocks.remove(at: Int(random.next() % UInt64(blocks.count)))
        #expect(owner(machine, block) == cpu.number)
        try machine.freePages(block.frame, order: block.order, cpu: cpu)
      }
    }
    for block in blocks { #expect(owner(machine, block) == cpu.number) }
    return blocks
  }

  private static func stamp(_ machine: Machine, _ block: Block, _ owner: Int) {
    for page in 0..<1 << block.order {
      machine.pointer(to: block.frame).storeBytes(
        of: owner, toByteOffset: page * pageSize, as: Int.self)
    }
  }

  /// The owner on every page of the block, or nil where they differ.
  private static func owner(_ machine: Machine, _ block: Block) -> Int? {
    let memory = machine.pointer(to: block.frame)
    let owner = memory.load(as: Int.self)
    for page in 0..<1 << block.order
    where memory.load(fromByteOffset: page * pageSize, as: Int.self) != owner { return nil }
    return owner
  }

  /// Small memory is exhausted all the time, so that CPUs drain each other's lists; large memory is not.
  @Test("pages are neither lost nor shared", arguments: [(8, 200), (256, 400)])
  func work(mebibytes: Int, live: Int) async throws {
    let machine = try Machine(memory: mebibytes << 20, cpus: 4)
    let left = try await withThrowingTaskGroup(of: [Block].self) { group in
      for cpu in machine.cpus {
        group.addTask { try Self.work(machine, cpu, steps: 20_000, live: live) }
      }
      return try await group.reduce(into: [[Block]]()) { $0.append($1) }
    }
    try machine.checkInvariants()
    let pages = left.joined().reduce(0) { $0 + 1 << $1.order }
    #expect(machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated } == pages)

    // Each CPU frees what another allocated.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (cpu, blocks) in zip(machine.cpus.reversed(), left) {
        group.addTask {
          for block in blocks { try machine.freePages(block.frame, order: block.order, cpu: cpu) }
        }
      }
      try await group.waitForAll()
    }
    machine.drainAll()
    try machine.checkInvariants()
    for zone in machine.node.zones { #expect(zone.freePages == zone.managed) }
  }

  @Test("sixteen CPUs on hardly any memory, drained and looked at by a stranger all the time")
  func strangers() async throws {
    let machine = try Machine(memory: 16 << 20, cpus: 16)
    let left = try await withThrowingTaskGroup(of: [Block].self) { group in
      for cpu in machine.cpus {
        group.addTask { try Self.work(machine, cpu, steps: 2000, live: 80) }
      }
      group.addTask {
        for _ in 0..<30 {
          machine.drainAll()
          #expect(machine.pagetypeinfo.contains("Movable") && machine.zoneinfo.contains("boost"))
        }
        return []
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    try machine.checkInvariants()
    for block in left {
      try machine.freePages(block.frame, order: block.order, cpu: machine.cpus[0])
    }
    machine.drainAll()
    try machine.checkInvariants()
    for zone in machine.node.zones { #expect(zone.freePages == zone.managed) }
  }
}
