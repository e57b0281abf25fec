import Testing

@testable import KernelMemory

@Suite("kmap of high memory") struct HighMemoryTests {
  let machine: Machine
  let kernel: Vmalloc
  let high: HighMemory
  let cpu: CPU

  init() throws {
    machine = try Machine(kind: .x86_32, memory: 1 << 30)
    cpu = machine.cpus[0]
    kernel = try Vmalloc(machine: machine, cpu: cpu)
    high = HighMemory(kernel, cpu: cpu)
  }

  private func page(_ gfp: GFPFlags = .highuser) throws -> PageFrame {
    try #require(try machine.allocatePages(order: 0, gfp: gfp, cpu: cpu))
  }

  @Test("a low page has an address anyway, a high page gets a window, the same one twice")
  func windows() throws {
    let low = try page(.kernel)
    #expect(try high.kmap(low, cpu: cpu) == VirtualAddress(0xc000_0000) + low.number * pageSize)
    try high.kunmap(low)
    let frame = try page()
    #expect(machine.zone(of: frame)?.kind == .highMem)
    let window = try #require(try high.kmap(frame, cpu: cpu))
    #expect(window.description == "0x00000000ff801000")
    #expect(try high.kmap(frame, cpu: cpu) == window && high.windowsInUse == 1)
    try kernel.store(0x1234, at: window)
    #expect(machine.pointer(to: frame).load(as: Int.self) == 0x1234)
    try high.kunmap(frame)
    #expect(high.windowsInUse == 1)
    try high.kunmap(frame)
    #expect(high.windowsInUse == 0)
    // Unused, and mapped until the next flush.
    #expect(try kernel.load(at: window, as: Int.self) == 0x1234)
    #expect(throws: HighMemory.Misuse.notMapped(frame)) { try high.kunmap(frame) }
    try kernel.checkInvariants()
  }

  @Test("512 windows are handed out, flushed together, and can be used up")
  func exhaustion() throws {
    let frames = try (0..<513).map { _ in try page() }
    for frame in frames.prefix(511) {
      _ = try #require(try high.kmap(frame, cpu: cpu))
      try high.kunmap(frame)
    }
    #expect(high.flushes == 0)
    // The search comes to window 0: all unused ones are flushed.
    #expect(try high.kmap(frames[511], cpu: cpu)?.description == "0x00000000ff800000")
    #expect(high.flushes == 1)
    for frame in frames.prefix(511) { _ = try #require(try high.kmap(frame, cpu: cpu)) }
    #expect(high.windowsInUse == 512)
    #expect(try high.kmap(frames[512], cpu: cpu) == nil)
    try high.kunmap(frames[100])
    #expect(try high.kmap(frames[512], cpu: cpu) != nil)
    try kernel.checkInvariants()
  }

  @Test("short mappings are a stack of 16")
  func local() throws {
    let frames = try (0..<17).map { _ in try page() }
    var windows: [VirtualAddress] = []
    for frame in frames.prefix(16) {
      windows.append(try #require(try high.kmapLocal(frame, cpu: cpu)))
    }
    #expect(throws: HighMemory.Misuse.tooManyLocal(cpu: 0)) {
      try high.kmapLocal(frames[16], cpu: cpu)
    }
    try kernel.store(9, at: windows[3])
    #expect(machine.pointer(to: frames[3]).load(as: Int.self) == 9)
    let error = #expect(throws: HighMemory.Misuse.self) {
      try high.kunmapLocal(windows[3], cpu: cpu)
    }
    #expect(
      error?.description
        == "short mappings end in reverse order: 0x00000000fffef000 was made last, "
        + "not 0x00000000ffffb000")
    for window in windows.reversed() { try high.kunmapLocal(window, cpu: cpu) }
    #expect(throws: VmallocFault.self) { try kernel.load(at: windows[3], as: Int.self) }
    #expect(throws: HighMemory.Misuse.outOfOrder(windows[0], last: nil)) {
      try high.kunmapLocal(windows[0], cpu: cpu)
    }
  }

  @Test("kmap may sleep, kmap_local may not and need not")
  func contexts() throws {
    let frame = try page()
    try cpu.withAtomicContext(.hardInterrupt("irq 11")) {
      #expect(throws: HighMemory.Misuse.self) { try high.kmap(frame, cpu: cpu) }
      let window = try #require(try high.kmapLocal(frame, cpu: cpu))
      try high.kunmapLocal(window, cpu: cpu)
    }
  }

  @Test("the 64-bit machine needs no windows")
  func x86_64() throws {
    let machine = try Machine(memory: 1 << 20)
    let cpu = machine.cpus[0]
    let kernel = try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: cpu)
    let high = HighMemory(kernel, cpu: cpu)
    let frame = try #require(try machine.allocatePages(order: 0, gfp: .highuser, cpu: cpu))
    let address = try #require(try high.kmap(frame, cpu: cpu))
    #expect(address == VirtualAddress(0xffff_8880_0000_0000) + frame.number * pageSize)
    #expect(try high.kmapLocal(frame, cpu: cpu) == address)
    try high.kunmapLocal(address, cpu: cpu)
    try high.kunmap(frame)
    let free = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    try machine.freePages(free, order: 0, cpu: cpu)
    let error = #expect(throws: HighMemory.Misuse.self) { try high.kmap(free, cpu: cpu) }
    #expect(error?.description.hasPrefix("page frame \(free) cannot be mapped: it is free") == true)
  }
}
