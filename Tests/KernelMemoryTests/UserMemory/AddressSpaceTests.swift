import Testing

@testable import KernelMemory

@Suite("A process's memory") final class AddressSpaceTests {
  let machine: Machine
  let memory: UserMemory
  let cpu: CPU
  let process: AddressSpace

  init() throws {
    machine = try Machine(memory: 8 << 20)
    cpu = machine.cpus[0]
    memory = try UserMemory(machine: machine, swapPages: 512, cpu: cpu)
    process = try AddressSpace(memory: memory, name: "init", cpu: cpu)
  }

  /// A process that lives keeps its machine.
  deinit { process.exit(cpu: cpu) }

  private var allocated: Int {
    machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
  }

  /// Everything is in order, and nothing is left once all processes have ended.
  private func end(_ processes: AddressSpace...) throws {
    try memory.checkInvariants()
    for process in [process] + processes { process.exit(cpu: cpu) }
    try memory.checkInvariants()
    #expect(allocated == 1 && memory.usedSwapPages == 0)
    memory.tearDown(cpu: cpu)
    #expect(allocated == 0)
    try machine.checkInvariants()
  }

  @Test("a mapping costs nothing until it is touched, a page by the first write")
  func demandPaging() throws {
    let before = allocated
    let area = try #require(try process.mmap(64 << 20))
    #expect(allocated == before && process.resident == 0)
    #expect(process.totalVirtualPages == (64 << 20) / pageSize + 33)
    // More than the machine's memory: nobody minds before it is used.
    try process.store(42, at: area + 5 * pageSize + 100, cpu: cpu)
    #expect(process.resident == 1)
    // The page, and three tables.
    #expect(allocated == before + 4 && process.pageTablePages == 4)
    #expect(try process.load(at: area + 5 * pageSize + 100, as: Int.self, cpu: cpu) == 42)
    #expect(memory.statistics.minorFaults == 1)
    try end()
  }

  @Test("reading untouched memory shows the shared zero page and allocates none")
  func zeroPage() throws {
    let area = try #require(try process.mmap(100 * pageSize))
    for page in 0..<100 {
      #expect(try process.load(at: area + page * pageSize, as: Int.self, cpu: cpu) == 0)
    }
    #expect(process.resident == 0 && memory.statistics.zeroPageMaps == 100)
    #expect(process.entry(of: area)?.frame == memory.zeroPage)
    // A write takes the page's place, and the zeros stay zeros.
    try process.store(UInt8(1), at: area + 7, cpu: cpu)
    #expect(process.resident == 1)
    #expect(try process.load(at: area + pageSize + 7, as: UInt8.self, cpu: cpu) == 0)
    #expect(machine.pointer(to: memory.zeroPage).load(fromByteOffset: 7, as: UInt8.self) == 0)
    try end()
  }

  @Test("values across pages, and addresses beyond 4 GiB")
  func acrossPages() throws {
    let area = try #require(
      try process.mmap(3 * pageSize, at: VirtualAddress(0x2_0000_1000)))
    try process.store(0x1122_3344_5566_7788 as UInt64, at: area + pageSize - 3, cpu: cpu)
    #expect(
      try process.load(at: area + pageSize - 3, as: UInt64.self, cpu: cpu)
        == 0x1122_3344_5566_7788)
    #expect(process.resident == 2)
    try end()
  }

  @Test("fork shares every page; the first writer gets a copy, the last owner the page")
  func copyOnWrite() throws {
    let area = try #require(try process.mmap(10 * pageSize))
    try process.touch(area, pages: 10, cpu: cpu)
    try process.store(1, at: area, cpu: cpu)
    let pages = allocated
    let child = try #require(try process.fork(name: "child", pid: 2, cpu: cpu))
    // Tables alone.
    #expect(allocated == pages + 4 && child.resident == 10)
    try child.store(2, at: area, cpu: cpu)
    #expect(allocated == pages + 5)
    #expect(try process.load(at: area, as: Int.self, cpu: cpu) == 1)
    #expect(try child.load(at: area, as: Int.self, cpu: cpu) == 2)
    #expect(memory.statistics.copies == 1 && memory.statistics.reuses == 0)
    try memory.checkInvariants()
    // The parent owns its page alone by now.
    try process.store(3, at: area, cpu: cpu)
    #expect(allocated == pages + 5 && memory.statistics.reuses == 1)
    #expect(try child.load(at: area, as: Int.self, cpu: cpu) == 2)
    child.exit(cpu: cpu)
    #expect(allocated == pages)
    for page in 0..<10 { try process.store(9, at: area + page * pageSize, cpu: cpu) }
    #expect(allocated == pages && memory.statistics.copies == 1)
    try end()
  }

  @Test("300 processes share a page; it lives until the last one ends")
  func manySharers() throws {
    let area = try #require(try process.mmap(pageSize))
    try process.store(77, at: area, cpu: cpu)
    var children: [AddressSpace] = []
    for pid in 0..<300 {
      children.append(try #require(try process.fork(pid: pid + 2, cpu: cpu)))
    }
    process.exit(cpu: cpu)
    for child in children.dropLast() { child.exit(cpu: cpu) }
    let last = try #require(children.last)
    #expect(try last.load(at: area, as: Int.self, cpu: cpu) == 77)
    last.exit(cpu: cpu)
    try end()
  }

  @Test("an untouched page that was read before the fork faults once for a write")
  func zeroPageAfterFork() throws {
    let area = try #require(try process.mmap(pageSize))
    _ = try process.load(at: area, as: Int.self, cpu: cpu)
    let child = try #require(try process.fork(pid: 2, cpu: cpu))
    let before = memory.statistics.minorFaults
    try child.store(1, at: area, cpu: cpu)
    #expect(memory.statistics.minorFaults == before + 1)
    #expect(try process.load(at: area, as: Int.self, cpu: cpu) == 0)
    // New mappings of the child keep off the inherited ones.
    let new = try #require(try child.mmap(pageSize))
    #expect(!process.regions.contains { $0.contains(new) })
    try end(child)
  }

  @Test(
    "swap: a used page gets a second chance, an old one goes out, and comes back with its bytes")
  func swap() throws {
    let area = try #require(try process.mmap(100 * pageSize))
    for page in 0..<100 { try process.store(page, at: area + page * pageSize, cpu: cpu) }
    let before = allocated
    #expect(memory.reclaim(pages: 40, cpu: cpu) == 40)
    #expect(memory.statistics.secondChances == 100)
    #expect(allocated == before - 40 && memory.usedSwapPages == 40)
    #expect(process.resident == 60 && process.swapEntries == 40)
    try memory.checkInvariants()
    for page in 0..<100 {
      #expect(try process.load(at: area + page * pageSize, as: Int.self, cpu: cpu) == page)
    }
    #expect(memory.statistics.majorFaults == 40 && memory.usedSwapPages == 0)
    #expect(process.resident == 100)
    try end()
  }

  @Test("a shared page is written to swap once, and read once")
  func sharedSwap() throws {
    let area = try #require(try process.mmap(8 * pageSize))
    for page in 0..<8 { try process.store(page, at: area + page * pageSize, cpu: cpu) }
    let child = try #require(try process.fork(pid: 2, cpu: cpu))
    #expect(memory.reclaim(pages: 8, cpu: cpu) == 8)
    #expect(memory.statistics.swapWrites == 8 && memory.statistics.swappedOut == 16)
    try memory.checkInvariants()
    for page in 0..<8 {
      #expect(try child.load(at: area + page * pageSize, as: Int.self, cpu: cpu) == page)
    }
    try memory.checkInvariants()
    for page in 0..<8 {
      #expect(try process.load(at: area + page * pageSize, as: Int.self, cpu: cpu) == page)
    }
    // The second reader finds the first one's pages in the swap cache.
    #expect(memory.statistics.majorFaults == 8)
    try process.store(100, at: area, cpu: cpu)
    #expect(try child.load(at: area, as: Int.self, cpu: cpu) == 0)
    try end(child)
  }

  @Test("memory is lent out beyond its size as long as swap has room, and then it ends")
  func pressure() throws {
    // 2048 frames of memory, 512 of swap.
    let area = try #require(try process.mmap(4000 * pageSize))
    var written = 0
    let fault = #expect(throws: UserFault.self) {
      while written < 4000 {
        try process.store(written, at: area + written * pageSize, cpu: cpu)
        written += 1
      }
    }
    #expect(fault == .outOfMemory(area + written * pageSize) || process.wasKilled)
    #expect(written > 1900)
    try memory.checkInvariants()
    try machine.checkInvariants()
    try end()
  }

  @Test("segmentation faults name the address and what is near")
  func segmentationFaults() throws {
    func dies(_ message: String, _ call: () throws -> Void) {
      let fault = #expect(throws: UserFault.self) { try call() }
      #expect(fault?.description == "segmentation fault: " + message)
    }
    let area = try #require(try process.mmap(pageSize, at: VirtualAddress(0x1000_0000)))
    let constant = try #require(
      try process.mmap(
        pageSize, at: VirtualAddress(0x2000_0000), protection: .read, name: "libc.so"))
    dies(
      "write at 0x0000000020000008: 20000000-20001000 r--p libc.so does not allow it"
    ) { try process.store(1, at: constant + 8, cpu: cpu) }
    // A child may not write either, once the page is shared.
    _ = try process.load(at: constant, as: Int.self, cpu: cpu)
    let child = try #require(try process.fork(pid: 2, cpu: cpu))
    dies(
      "write at 0x0000000020000000: 20000000-20001000 r--p libc.so does not allow it"
    ) { try child.store(1, at: constant, cpu: cpu) }
    dies(
      "read at 0x0000000010001000: nothing is mapped there; the nearest region below is "
        + "10000000-10001000 rw-p"
    ) { _ = try process.load(at: area + pageSize, as: UInt8.self, cpu: cpu) }
    dies(
      "write at 0x0000000000000000: nothing is mapped there; the nearest region above is "
        + "10000000-10001000 rw-p"
    ) { try process.store(1, at: VirtualAddress(0), cpu: cpu) }
    dies(
      "read at 0xffff888000000000: nothing is mapped there; the nearest region below is "
        + "7ffffffde000-7ffffffff000 rw-p [stack]"
    ) { _ = try process.load(at: VirtualAddress(0xffff_8880_0000_0000), as: Int.self, cpu: cpu) }
    // Below the stack, and above the break.
    #expect(throws: UserFault.self) {
      try process.store(1, at: VirtualAddress(0x7fff_fffd_dff8), cpu: cpu)
    }
    try process.brk(process.heapStart + pageSize, cpu: cpu)
    try process.store(1, at: process.heapStart, cpu: cpu)
    #expect(throws: UserFault.self) {
      try process.store(1, at: process.heapStart + pageSize, cpu: cpu)
    }
    try end(child)
  }

  @Test("munmap cuts regions and frees exactly what it covers")
  func munmap() throws {
    let area = try #require(
      try process.mmap(10 * pageSize, at: VirtualAddress(0x1010_0000), name: "data"))
    for page in 0..<10 { try process.store(page, at: area + page * pageSize, cpu: cpu) }
    try process.munmap(area + 3 * pageSize, 4 * pageSize, cpu: cpu)
    #expect(process.resident == 6)
    #expect(process.regions.filter { $0.name == "data" }.map(\.pages) == [3, 3])
    for page in [0, 1, 2, 7, 8, 9] {
      #expect(try process.load(at: area + page * pageSize, as: Int.self, cpu: cpu) == page)
    }
    for page in 3..<7 {
      #expect(throws: UserFault.self) {
        try process.load(at: area + page * pageSize, as: Int.self, cpu: cpu)
      }
    }
    try memory.checkInvariants()
    // Untouched pages, gaps and swapped pages are fine, too.
    _ = memory.reclaim(pages: 4, cpu: cpu)
    try process.munmap(area - 100 * pageSize, 200 * pageSize, cpu: cpu)
    #expect(process.resident == 0 && process.swapEntries == 0)
    // The last-level table went with them.
    #expect(process.pageTablePages == 3)
    try end()
  }

  @Test("brk grows without touching, shrinks exactly, and stays when there is no room")
  func brk() throws {
    let start = process.heapStart
    try process.brk(start + 10 * pageSize, cpu: cpu)
    #expect(process.resident == 0)
    try process.touch(start, pages: 1, cpu: cpu)
    try process.touch(start + 9 * pageSize, pages: 1, cpu: cpu)
    #expect(process.resident == 2)
    try process.brk(start + 4 * pageSize - 100, cpu: cpu)
    #expect(process.resident == 1)
    #expect(process.regions.first?.description == "555555559000-55555555d000 rw-p [heap]")
    _ = try #require(try process.mmap(pageSize, at: start + 20 * pageSize))
    let old = process.programBreak
    #expect(try process.brk(start + 20 * pageSize, cpu: cpu) == old)
    #expect(try process.sbrk(1 << 40, cpu: cpu) == nil)
    let error = #expect(throws: UserMemoryError.self) { try process.brk(start - 1, cpu: cpu) }
    #expect(
      error?.description
        == "the break cannot be 0x0000555555558fff: the heap starts at 0x0000555555559000")
    try end()
  }

  @Test("bad calls are refused in words, and change nothing")
  func badCalls() throws {
    func refused(_ message: String, _ call: () throws -> Void) {
      let before = process.regions
      let error = #expect(throws: UserMemoryError.self) { try call() }
      #expect(error?.description == message && process.regions == before)
    }
    refused("0 bytes cannot be mapped: give at least 1, and no more than a process has addresses") {
      _ = try process.mmap(0)
    }
    refused("0x0000000000010001 is no multiple of 4096") {
      _ = try process.mmap(1, at: VirtualAddress(0x1_0001))
    }
    refused("0xffff888000000000-0xffff888000001000 are no addresses of a process") {
      _ = try process.mmap(1, at: VirtualAddress(0xffff_8880_0000_0000))
    }
    refused("0x0000000000008000-0x000000000000c000 are no addresses of a process") {
      _ = try process.mmap(4 * pageSize, at: VirtualAddress(0x8000), name: "low")
    }
  }

  @Test("fixed mappings that overlap are refused, neighbours become one")
  func fixed() throws {
    let at = VirtualAddress(0x4000_8000)
    _ = try #require(try process.mmap(4 * pageSize, at: at))
    let error = #expect(throws: UserMemoryError.self) {
      try process.mmap(4 * pageSize, at: VirtualAddress(0x4000_6000))
    }
    #expect(
      error?.description == "0x0000000040006000-0x000000004000a000 cannot be mapped: "
        + "40008000-4000c000 rw-p is there; unmap it first")
    _ = try #require(try process.mmap(4 * pageSize, at: VirtualAddress(0x4000_4000)))
    #expect(process.regions.first?.description == "40004000-4000c000 rw-p")
    try end()
  }

  @Test("a process that ended is no more")
  func ended() throws {
    let area = try #require(try process.mmap(pageSize))
    process.exit(cpu: cpu)
    process.exit(cpu: cpu)
    #expect(throws: UserFault.ended("init")) { try process.store(1, at: area, cpu: cpu) }
    #expect(throws: UserMemoryError.ended("init")) { try process.mmap(pageSize) }
    #expect(throws: UserMemoryError.ended("init")) { try process.fork(pid: 2, cpu: cpu) }
    try end()
  }

  @Test("the killer takes the process with the most memory, and the others go on")
  func killed() throws {
    let hog = try AddressSpace(memory: memory, name: "hog", pid: 7, cpu: cpu)
    let small = try #require(try process.mmap(10 * pageSize))
    for page in 0..<10 { try process.store(page, at: small + page * pageSize, cpu: cpu) }
    let area = try #require(try hog.mmap(4000 * pageSize))
    #expect(throws: UserFault.self) { try hog.touch(area, pages: 4000, cpu: cpu) }
    #expect(hog.wasKilled && !process.wasKilled)
    #expect(machine.log.lines.contains { $0.contains("Killed process 7 (hog)") })
    for page in 0..<10 {
      #expect(try process.load(at: small + page * pageSize, as: Int.self, cpu: cpu) == page)
    }
    try end(hog)
  }

  @Test("all processes have the kernel's half of the addresses")
  func kernelHalf() throws {
    let machine = try Machine(memory: 8 << 20)
    let cpu = machine.cpus[0]
    let kernel = try Vmalloc(machine: machine, cpu: cpu)
    let memory = try UserMemory(machine: machine, kernel: kernel, cpu: cpu)
    let process = try AddressSpace(memory: memory, name: "sh", cpu: cpu)
    // Made after the process, and yet the same for it: the top level does not change any more.
    let area = try #require(try kernel.vmalloc(pageSize, cpu: cpu))
    #expect(process.entry(of: area) == kernel.entry(of: area))
    #expect(throws: UserFault.self) { try process.load(at: area, as: Int.self, cpu: cpu) }
    process.exit(cpu: cpu)
    try kernel.checkInvariants()
    try kernel.store(1, at: area)
  }

  @Test("the 32-bit machine's processes have 3 GiB and three levels, and their pages are high")
  func x86_32() throws {
    let machine = try Machine(kind: .x86_32, memory: 1 << 30)
    let cpu = machine.cpus[0]
    let memory = try UserMemory(machine: machine, cpu: cpu)
    let process = try AddressSpace(memory: memory, name: "sh", cpu: cpu)
    let area = try #require(try process.mmap(4 * pageSize))
    try process.store(5, at: area, cpu: cpu)
    #expect(process.pageTablePages == 3)
    let frame = try #require(process.entry(of: area)?.frame)
    #expect(machine.zone(of: frame)?.kind == .highMem)
    #expect(try process.mmap(0xbff0_0000) == nil)
    try memory.checkInvariants()
    process.exit(cpu: cpu)
  }

  @Test("threads of several processes fault, fork and swap at once")
  func threads() async throws {
    let machine = try Machine(memory: 8 << 20, cpus: 4)
    let memory = try UserMemory(machine: machine, swapPages: 16_384, cpu: machine.cpus[0])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for cpu in machine.cpus {
        group.addTask {
          let process = try AddressSpace(
            memory: memory, name: "worker", pid: cpu.number + 10, oomScoreAdjustment: -1000,
            cpu: cpu)
          let area = try #require(try process.mmap(1900 * pageSize))
          for round in 0..<2 {
            for page in 0..<1900 {
              try process.store(page * 4 + round, at: area + page * pageSize, cpu: cpu)
            }
            let child = try #require(try process.fork(pid: 100, cpu: cpu))
            for page in stride(from: 0, to: 1900, by: 7) {
              try child.store(-1, at: area + page * pageSize, cpu: cpu)
            }
            for page in 0..<1900 {
              let value = try process.load(at: area + page * pageSize, as: Int.self, cpu: cpu)
              #expect(value == page * 4 + round)
            }
            child.exit(cpu: cpu)
          }
          process.exit(cpu: cpu)
        }
      }
      try await group.waitForAll()
    }
    try memory.checkInvariants()
    #expect(memory.usedSwapPages == 0 && memory.statistics.swapWrites > 0)
    #expect(machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated } == 1)
  }
}
