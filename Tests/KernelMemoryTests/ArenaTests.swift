import Testing

@testable import KernelMemory

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Simulated memory") struct ArenaTests {
  @Test("is zero, page-aligned and writable from end to end")
  func bytes() throws {
    let arena = try Arena(byteCount: 1 << 30)
    #expect(Int(bitPattern: arena.base) % pageSize == 0)
    for offset in [0, 12345, (1 << 30) - 1] {
      #expect(arena.base.load(fromByteOffset: offset, as: UInt8.self) == 0)
      arena.base.storeBytes(of: 0x5a, toByteOffset: offset, as: UInt8.self)
      #expect(arena.base.load(fromByteOffset: offset, as: UInt8.self) == 0x5a)
    }
  }

  @Test("more than the address space holds is refused with a way out")
  func tooLarge() {
    let error = #expect(throws: MachineError.self) { try Arena(byteCount: 1 << 60) }
    #expect(
      error?.description == "the operating system refused to reserve 1152921504606846976 bytes of "
        + "address space; ask for a smaller machine, or raise the limit (ulimit -v)")
  }

  #if canImport(Glibc)
    @Test("a 4 GiB machine takes less than 100 MB until it is touched")
    func lazy() throws {
      let machine = try Machine(memory: 4 << 30, cpus: 4)
      #expect(residentBytes(machine.memory) == 0)
      #expect(residentBytes(machine.node.descriptors) < 12 << 20)
      // Touched pages cost what they hold.
      let cpu = machine.cpus[0]
      for _ in 0..<4 {
        _ = try #require(try machine.allocatePages(order: 8, gfp: [.kernel, .zero], cpu: cpu))
      }
      #expect((4 << 20...16 << 20).contains(residentBytes(machine.memory)))
    }

    /// Asks the kernel about each page of the arena alone: other tests run in this process.
    private func residentBytes(_ arena: Arena) -> Int {
      let size = Int(sysconf(Int32(_SC_PAGESIZE)))
      var pages = [UInt8](repeating: 0, count: (arena.byteCount + size - 1) / size)
      #expect(mincore(arena.base, arena.byteCount, &pages) == 0)
      return pages.reduce(0) { $0 + Int($1 & 1) } * size
    }
  #endif
}
