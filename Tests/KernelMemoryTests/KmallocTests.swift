import Testing

@testable import KernelMemory

@Suite("kmalloc") struct KmallocTests {
  let machine: Machine
  let slub: SLUB
  let cpu: CPU

  init() throws {
    machine = try Machine(memory: 64 << 20, cpus: 2)
    slub = try SLUB(machine)
    cpu = machine.cpus[0]
  }

  private func bytes(_ pointer: UnsafeMutableRawPointer, _ count: Int) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: pointer, count: count))
  }

  @Test(arguments: [
    (1, 8), (8, 8), (9, 16), (17, 32), (33, 64), (65, 96), (96, 96), (97, 128), (129, 192),
    (192, 192), (193, 256), (257, 512), (4096, 4096), (4097, 8192), (8192, 8192), (8193, 16384),
    (16385, 32768), (1 << 20, 1 << 20), ((1 << 20) + 1, 2 << 20), (4 << 20, 4 << 20),
  ])
  func everySizeGetsItsClass(size: Int, usable: Int) throws {
    let pointer = try #require(try slub.kmalloc(size, cpu: cpu))
    #expect(try slub.ksize(pointer) == usable)
    #expect(KmallocClass.roundUp(size) == usable)
    pointer.initializeMemory(as: UInt8.self, repeating: 0x55, count: usable)
    try slub.checkInvariants()
    try slub.kfree(pointer, cpu: cpu)
    try slub.checkInvariants()
    #expect(slub.statistics.caches.objects == 0)
    #expect(slub.statistics.largePages == 0)
  }

  @Test func nothingIsFine() throws {
    for _ in 0..<3 { try slub.kfree(nil, cpu: cpu) }
    let none = try #require(try slub.kmalloc(0, cpu: cpu))
    #expect(UInt(bitPattern: none) == 16)
    try slub.kfree(none, cpu: cpu)
    #expect(try slub.ksize(none) == 0)
    #expect(slub.statistics.caches.frees == 0)
  }

  @Test func tooMuchIsNothing() throws {
    for size in [(4 << 20) + 1, .max, .max - 8, -1, .min] {
      #expect(try slub.kmalloc(size, gfp: .kernel, cpu: cpu) == nil)
    }
    #expect(try slub.kcalloc(.max / 2, 4, cpu: cpu) == nil)
    #expect(try slub.kmallocArray(1 << 62, 8, cpu: cpu) == nil)
    #expect(try slub.kmallocArray(-1, -8, cpu: cpu) == nil)
    #expect(machine.log.lines.contains("kmalloc: 4194305 bytes are more than 4194304"))
    try slub.checkInvariants()
  }
}
