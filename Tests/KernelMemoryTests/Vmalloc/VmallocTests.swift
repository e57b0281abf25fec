import Testing

@testable import KernelMemory

@Suite("vmalloc") struct VmallocTests {
  let machine: Machine
  let vmalloc: Vmalloc
  let cpu: CPU

  init() throws {
    machine = try Machine(memory: 16 << 20)
    cpu = machine.cpus[0]
    vmalloc = try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: cpu)
  }

  private var allocated: Int {
    machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
  }

  @Test("an area starts at the range's start, is mapped page by page and ends with a guard page")
  func first() throws {
    let area = try #require(try vmalloc.vmalloc(3 * pageSize - 5, caller: "test+0x1/0x2", cpu: cpu))
    #expect(area.description == "0xffffc90000000000")
    for page in 0..<3 { try vmalloc.store(page, at: area + page * pageSize) }
    for page in 0..<3 {
      let frame = try #require(vmalloc.vmallocToPage(area + page * pageSize))
      #expect(machine.pointer(to: frame).load(as: Int.self) == page)
    }
    #expect(vmalloc.vmallocToPage(area + 3 * pageSize) == nil)
    #expect(
      vmalloc.vmallocinfo
        == "0xffffc90000000000-0xffffc90000004000   16384 test+0x1/0x2 pages=3 vmalloc N0=3\n")
    #expect(vmalloc.usedBytes == 3 * pageSize)
    try vmalloc.checkInvariants()
    try machine.checkInvariants()
    try vmalloc.vfree(area, cpu: cpu)
    try vmalloc.checkInvariants()
    #expect(
      vmalloc.vmallocinfo == "0xffffc90000000000-0xffffc90000004000   16384 unpurged vm_area\n")
    #expect(vmalloc.usedBytes == 0)
    // Three tables below the top stay, as in Linux.
    #expect(allocated == 4 && vmalloc.pageTablePages == 4)
    #expect(vmalloc.purge().count == 1)
    #expect(vmalloc.vmallocinfo == "")
    #expect(vmalloc.tearDown(cpu: cpu) == [])
    #expect(allocated == 0)
  }
}
