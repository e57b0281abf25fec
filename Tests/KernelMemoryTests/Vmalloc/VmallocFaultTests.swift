import Testing

@testable import KernelMemory

@Suite("vmalloc when pages fail") struct VmallocFaultTests {
  private func setUp(memory: Int = 32 << 20) throws -> (Machine, Vmalloc) {
    let machine = try Machine(memory: memory)
    return (
      machine, try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: machine.cpus[0])
    )
  }

  private func allocated(_ machine: Machine) -> Int {
    machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
  }

  @Test("every page request of an allocation fails once, and each time all is undone")
  func everyFailure() throws {
    let (machine, vmalloc) = try setUp()
    let cpu = machine.cpus[0]
    var failures = 0
    while true {
      let before = allocated(machine) - vmalloc.pageTablePages
      try machine.injectFaults(.nth(failures + 1))
      let area = try vmalloc.vmalloc(520 * pageSize, cpu: cpu)
      machine.stopFaults()
      try vmalloc.checkInvariants()
      if let area {
        try vmalloc.vfree(area, cpu: cpu)
        break
      }
      failures += 1
      #expect(allocated(machine) - vmalloc.pageTablePages == before)
      if failures == 6 {
        // What comes between is more of the same.
        failures = 517
      }
    }
    // Pages, the list's pages and its list; and tables, where the addresses come to new ones.
    #expect(failures >= 523)
    #expect(vmalloc.failedAllocations >= 12)
    #expect(vmalloc.usedBytes == 0)
  }

  @Test("with __GFP_NOFAIL what fails is tried again")
  func noFail() throws {
    let (machine, vmalloc) = try setUp(memory: 1 << 20)
    let cpu = machine.cpus[0]
    try machine.injectFaults(.nth(3))
    #expect(try vmalloc.vmalloc(5 * pageSize, gfp: [.kernel, .nofail], cpu: cpu) != nil)
    machine.stopFaults()
    try vmalloc.checkInvariants()
  }
}
