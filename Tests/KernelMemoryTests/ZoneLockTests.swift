import Testing

@testable import KernelMemory

@Suite("A zone's lock that a CPU keeps") struct ZoneLockTests {
  private let machine: Machine
  private let zone: Zone
  private var keeper: UnsafeMutablePointer<PerCPUState>? {
    zone.state.pointee.lock.keeper.load(ordering: .relaxed)
  }

  init() throws {
    machine = try Machine(memory: 256 << 20, cpus: 2)
    zone = try #require(machine.node.zones.first { $0.kind == .dma32 })
  }

  /// Allocates and frees blocks that no CPU's list holds.
  private static func work(_ cpu: CPU, _ count: Int) throws {
    for step in 0..<count {
      let order = 4 + step % 5
      let frame = try #require(try cpu.allocatePages(order: order, gfp: .kernel))
      try cpu.freePages(frame, order: order)
    }
  }

  @Test func isKeptForACPUThatIsAlone() throws {
    #expect(keeper == nil)
    try Self.work(machine.cpus[0], 1000)
    #expect(keeper == (ProcessBarrier.isAvailable ? machine.cpus[0].pages(of: zone).state : nil))
    try Self.work(machine.cpus[0], 1000)
    try machine.checkInvariants()
  }

  @Test func isTakenAwayByWhoeverWantsIt() throws {
    try Self.work(machine.cpus[0], 1000)
    try Self.work(machine.cpus[1], 1)
    #expect(keeper == nil)
    try Self.work(machine.cpus[0], 10_000)
    _ = zone.freeBlockCount(order: 10)
    #expect(keeper == nil)
    let frame = try #require(zone.allocateBlock(order: 3))
    try zone.freeBlock(frame, order: 3)
    try machine.checkInvariants()
  }

  @Test func keepsBlocksApartWhileItChangesHands() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for cpu in machine.cpus {
        group.addTask {
          for _ in 0..<8 {
            try Self.work(cpu, 600)
            await Task.yield()
          }
        }
      }
      for _ in 0..<200 {
        if let frame = zone.allocateBlock(order: 5) { try zone.freeBlock(frame, order: 5) }
        await Task.yield()
      }
      try await group.waitForAll()
    }
    machine.drainAll()
    try machine.checkInvariants()
    #expect(zone.freePages == zone.managed)
  }
}
