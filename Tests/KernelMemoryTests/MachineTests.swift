import Testing

@testable import KernelMemory

@Suite struct MachineTests {
  @Test func pagesComeAndGo() throws {
    let machine = try Machine(memory: 64 << 20, cpus: 2)
    try machine.checkInvariants()
    let cpu = machine.cpus[0]
    var blocks: [(PageFrame, Int)] = []
    for round in 0..<400 {
      let order = round % 11
      let frame = try machine.allocatePages(order: order, gfp: .kernel, cpu: cpu)
      if let frame {
        #expect(frame.number % (1 << order) == 0)
        blocks.append((frame, order))
      }
      try machine.checkInvariants()
    }
    #expect(blocks.count > 50)
    for (frame, order) in blocks {
      try machine.freePages(frame, order: order, cpu: machine.cpus[order % 2])
      try machine.checkInvariants()
    }
    machine.drainAll()
    try machine.checkInvariants()
  }
}
