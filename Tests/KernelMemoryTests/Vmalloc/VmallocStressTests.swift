import PropertyTesting
import Testing

@testable import KernelMemory

#if canImport(Glibc)
  import Glibc
#endif

/// The ideas of Linux's own `lib/test_vmalloc.c`.
@Suite("vmalloc under load") struct VmallocStressTests {
  private func setUp(cpus: Int = 1, memory: Int = 32 << 20) throws -> (Machine, Vmalloc) {
    let machine = try Machine(memory: memory, cpus: cpus)
    return (
      machine, try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: machine.cpus[0])
    )
  }

  private func allocated(_ machine: Machine) -> Int {
    machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
  }

  @Test("fix_size: the same size again and again uses no more addresses than the lazy limit")
  func fixedSize() throws {
    let (machine, vmalloc) = try setUp()
    for round in 0..<3000 {
      let area = try #require(try vmalloc.vmalloc(3 * pageSize, cpu: machine.cpus[0]))
      try vmalloc.store(round, at: area)
      try vmalloc.vfree(area, cpu: machine.cpus[0])
    }
    #expect(vmalloc.statistics.purges == 1)
    #expect(allocated(machine) == vmalloc.pageTablePages)
    try vmalloc.checkInvariants()
  }

  @Test("full_fit: a hole of exactly the size is filled again")
  func fullFit() throws {
    let (machine, vmalloc) = try setUp()
    let cpu = machine.cpus[0]
    var areas: [VirtualAddress] = []
    for _ in 0..<600 { areas.append(try #require(try vmalloc.vmalloc(pageSize, cpu: cpu))) }
    for index in stride(from: 0, to: 600, by: 2) { try vmalloc.vfree(areas[index], cpu: cpu) }
    vmalloc.purge()
    for index in stride(from: 0, to: 600, by: 2) {
      #expect(try vmalloc.vmalloc(pageSize, cpu: cpu) == areas[index])
    }
    try vmalloc.checkInvariants()
  }

  @Test("random sizes, freed in another order")
  func randomSize() throws {
    let (machine, vmalloc) = try setUp()
    let cpu = machine.cpus[0]
    var random = SplitMix64(seed: 4)
    var areas: [VirtualAddress] = []
    for _ in 0..<1500 {
      if areas.count < 60 || random.next() % 2 == 0, areas.count < 120 {
        let pages = Int(random.next() % 100) + 1
        guard let area = try vmalloc.vmalloc(pages * pageSize, cpu: cpu) else { continue }
        try vmalloc.store(area.rawValue, at: area + (pages - 1) * pageSize)
        areas.append(area)
      } else {
        try vmalloc.vfree(
          areas.remove(at: Int(random.next() % UInt64(areas.count))), cpu: cpu)
      }
    }
    try vmalloc.checkInvariants()
    for area in areas { try vmalloc.vfree(area, cpu: cpu) }
    #expect(allocated(machine) == vmalloc.pageTablePages)
    try vmalloc.checkInvariants()
  }

  @Test("long_busy_list: with 8,000 areas a search still takes a few steps")
  func longBusyList() throws {
    let (machine, vmalloc) = try setUp()
    let cpu = machine.cpus[0]
    var areas: [VirtualAddress] = []
    for _ in 0..<8000 {
      areas.append(try #require(try vmalloc.allocateArea(size: pageSize, cpu: cpu)))
    }
    for index in stride(from: 1, to: 8000, by: 2) { try vmalloc.freeArea(at: areas[index]) }
    vmalloc.purge()
    try vmalloc.checkInvariants()
    // Two pages fit in none of the 4,000 holes but behind all.
    let behind = try vmalloc.allocateArea(size: 2 * pageSize, cpu: cpu)
    #expect(behind == areas[7999])
    // As deep as a red-black tree may be: twice the bits of its size.
    for tree in [vmalloc.space.pointee.free, vmalloc.space.pointee.busy] {
      var deepest = 0
      for area in areas {
        var (index, depth) = (tree.atOrBelow(area.rawValue), 0)
        while index != 0 { (index, depth) = (tree.nodes[Int(index)].parent, depth + 1) }
        deepest = max(deepest, depth)
      }
      #expect(deepest <= 26)
    }
  }

  @Test("align_shift and fix_align: every alignment that there is", arguments: 0..<30)
  func alignment(shift: Int) throws {
    let (machine, vmalloc) = try setUp(memory: 1 << 20)
    let cpu = machine.cpus[0]
    _ = try vmalloc.vmalloc(1, cpu: cpu)
    for _ in 0..<3 {
      let area = try #require(try vmalloc.vmalloc(2 * pageSize, align: 1 << shift, cpu: cpu))
      #expect(area.rawValue & (1 << UInt64(shift) - 1) == 0)
    }
    try vmalloc.checkInvariants()
  }

  @Test("an alignment beyond all addresses finds no hole")
  func alignmentTooLarge() throws {
    let (machine, vmalloc) = try setUp(memory: 1 << 20)
    #expect(try vmalloc.vmalloc(1, align: 1 << 62, cpu: machine.cpus[0]) == nil)
    try vmalloc.checkInvariants()
  }

  @Test("threads neither share nor lose pages or addresses", arguments: [1, 4])
  func threads(vmapNodes: Int) async throws {
    let machine = try Machine(memory: 24 << 20, cpus: 4)
    let vmalloc = try Vmalloc(
      machine: machine, vmapNodes: vmapNodes, preallocatesTopLevel: false, cpu: machine.cpus[0])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for cpu in machine.cpus {
        group.addTask { try Self.work(vmalloc, cpu) }
      }
      try await group.waitForAll()
    }
    try vmalloc.checkInvariants()
    try machine.checkInvariants()
    #expect(vmalloc.areas == [])
    #expect(allocated(machine) == vmalloc.pageTablePages)
    vmalloc.purge(full: true)
    let whole = vmalloc.layout.areas.upperBound.distance(from: vmalloc.layout.areas.lowerBound)
    #expect(vmalloc.largestHole == whole)
    vmalloc.tearDown(cpu: machine.cpus[0])
    #expect(allocated(machine) == 0)
  }

  private static func work(_ vmalloc: Vmalloc, _ cpu: CPU) throws {
    var random = SplitMix64(seed: UInt64(cpu.number))
    var areas: [(start: VirtualAddress, pages: Int)] = []
    for _ in 0..<1500 {
      if areas.count < 20, random.next() % 5 < 3 {
        let pages = Int(random.next() % 60) + 1
        guard let area = try vmalloc.vmalloc(pages * pageSize, cpu: cpu) else { continue }
        for page in 0..<pages { try vmalloc.store(cpu.number, at: area + page * pageSize) }
        areas.append((area, pages))
      } else if !areas.isEmpty {
        let area = areas.remove(at: Int(random.next() % UInt64(areas.count)))
        for page in 0..<area.pages {
          #expect(try vmalloc.load(at: area.start + page * pageSize, as: Int.self) == cpu.number)
        }
        try vmalloc.vfree(area.start, cpu: cpu)
      }
      if random.next() % 64 == 0 { vmalloc.purge() }
    }
    for area in areas { try vmalloc.vfree(area.start, cpu: cpu) }
  }

  @Test("scattered pages as one stretch of this process's memory")
  func hostMemory() throws {
    let machine = try Machine(memory: 4 << 20, sharedMemory: true)
    let cpu = machine.cpus[0]
    let vmalloc = try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: cpu)
    // Every second page is taken, so that no two of the area's lie side by side.
    var kept: [PageFrame] = []
    for _ in 0..<40 {
      kept.append(try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu)))
    }
    for index in stride(from: 0, to: 40, by: 2) {
      try machine.freePages(kept[index], order: 0, cpu: cpu)
    }
    let area = try #require(try vmalloc.vmalloc(20 * pageSize, cpu: cpu))
    let bytes = try vmalloc.hostMemory(of: area)
    #expect(bytes.count == 20 * pageSize)
    for word in 0..<bytes.count / 8 {
      bytes.storeBytes(of: word, toByteOffset: word * 8, as: Int.self)
    }
    for word in stride(from: 0, to: bytes.count / 8, by: 97) {
      #expect(try vmalloc.load(at: area + word * 8, as: Int.self) == word)
    }
    try vmalloc.store(-5, at: area + 7 * pageSize + 16)
    #expect(bytes.load(fromByteOffset: 7 * pageSize + 16, as: Int.self) == -5)
    #expect(try vmalloc.hostMemory(of: area).baseAddress == bytes.baseAddress)
    try vmalloc.checkInvariants()
    try vmalloc.vfree(area, cpu: cpu)
    try vmalloc.checkInvariants()

    let device = try #require(try vmalloc.ioremap(0xfed0_0000, size: 1, cpu: cpu))
    let error = #expect(throws: VmallocError.self) { try vmalloc.hostMemory(of: device) }
    #expect(
      error?.description == "the area cannot be mapped in one piece: it has no pages of memory")
  }

  @Test("private memory cannot be shown twice, and the error says what to do")
  func privateMemory() throws {
    let (machine, vmalloc) = try setUp(memory: 1 << 20)
    let area = try #require(try vmalloc.vmalloc(1, cpu: machine.cpus[0]))
    let error = #expect(throws: VmallocError.self) { try vmalloc.hostMemory(of: area) }
    #expect(
      error?.description
        == "the area cannot be mapped in one piece: the machine's memory is private "
        + "to its arena: boot it with sharedMemory: true")
  }
}
