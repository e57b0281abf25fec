import Testing

@testable import KernelMemory

@Suite("Kernel: everything in one object") struct KernelTests {
  @Test("boot, allocate with every call, give all back")
  func roundTrip() throws {
    let kernel = try Kernel(megabytes: 64, cpus: 2)
    let buffer = try #require(try kernel.kmalloc(100))
    #expect(try kernel.ksize(buffer) == 128)
    buffer.storeBytes(of: 42, as: Int.self)
    let larger = try #require(try kernel.krealloc(buffer, 5000))
    #expect(larger.load(as: Int.self) == 42)
    try kernel.kfree(larger)
    try kernel.kfree(nil)

    let zeros = try #require(try kernel.kcalloc(16, 16))
    #expect((0..<256).allSatisfy { zeros.load(fromByteOffset: $0, as: UInt8.self) == 0 })
    try kernel.kfree(zeros)
    #expect(try kernel.kcalloc(.max, 2) == nil)
    let cleared = try #require(try kernel.kzalloc(64))
    #expect(cleared.load(as: Int.self) == 0)
    try kernel.kfree(cleared)

    let cache = try kernel.createCache("inode", size: 600)
    let object = try #require(try kernel.allocate(from: cache))
    try kernel.free(object, to: cache)
    kernel.shrink(cache)
    try kernel.destroyCache(cache)

    let pages = try #require(try kernel.getFreePages(order: 2))
    try kernel.freePages(pages, order: 2)

    let area = try #require(try kernel.vmalloc(3 * pageSize))
    try kernel.areas.store(UInt64(7), at: area)
    #expect(try kernel.areas.load(at: area, as: UInt64.self) == 7)
    try kernel.vfree(area)

    let report = kernel.shutDown()
    #expect(report.isClean)
    #expect(report.description == "shut down: everything was given back")
    try kernel.machine.checkInvariants()
    try kernel.slab.checkInvariants()
  }

  @Test("what nobody freed is named")
  func leaks() throws {
    let kernel = try Kernel(megabytes: 64)
    let cache = try kernel.createCache("inode", size: 600)
    _ = try kernel.allocate(from: cache)
    _ = try kernel.kmalloc(100)
    _ = try kernel.kmalloc(100)
    _ = try kernel.kmalloc(20_000)
    _ = try kernel.getFreePages(order: 1)
    let area = try #require(try kernel.vmalloc(3 * pageSize, caller: "load_module"))
    #expect(
      kernel.shutDown().description == """
        shut down with leaks:
          kmalloc, whole pages: 1 object, 32768 bytes
          inode: 1 object, 600 bytes
          kmalloc-128: 2 objects, 256 bytes
          vmalloc: 3 pages at \(area), by load_module
          page allocator: 2 pages
        """)
  }

  @Test("with tracking, a leak names the line that allocated")
  func trackedLeak() throws {
    let kernel = try Kernel(megabytes: 64, debug: .storeUser)
    _ = try kernel.kmalloc(100, file: "Driver.swift", line: 7)
    #expect(
      kernel.shutDown().objects.entries.map(\.site?.description) == ["Driver.swift:7"])
  }

  @Test("/proc shows what was allocated")
  func proc() throws {
    let kernel = try Kernel(megabytes: 64)
    func kilobytes(_ label: String) -> Int? {
      kernel.proc(.meminfo).split(separator: "\n").first { $0.hasPrefix(label + ":") }
        .flatMap { Int($0.split(separator: " ")[1]) }
    }
    let free = try #require(kilobytes("MemFree"))
    let slab = try #require(kilobytes("Slab"))
    #expect(kilobytes("VmallocUsed") == 0)
    let area = try #require(try kernel.vmalloc(64 * pageSize, caller: "load_module"))
    let cache = try kernel.createCache("inode", size: 600, flags: .reclaimAccount)
    let inode = try #require(try kernel.allocate(from: cache))
    #expect(kilobytes("VmallocUsed") == 256)
    #expect(kilobytes("SReclaimable") == cache.statistics.pages * 4)
    #expect(try #require(kilobytes("Slab")) > slab)
    #expect(try #require(kilobytes("MemFree")) < free - 256)
    #expect(kernel.proc(.slabinfo).contains("\ninode "))
    #expect(kernel.proc(.vmallocinfo).contains("load_module"))
    for file in Kernel.ProcFile.allCases { #expect(!kernel.proc(file).isEmpty) }
    try kernel.free(inode, to: cache)
    try kernel.vfree(area)
  }

  @Test("kvmalloc gives whichever there is")
  func kvmalloc() throws {
    let kernel = try Kernel(megabytes: 64)
    let small = try #require(try kernel.kvmalloc(100))
    let large = try #require(try kernel.kvmalloc(8 << 20))
    #expect(!kernel.areas.isVmallocAddress(small) && kernel.areas.isVmallocAddress(large))
    try kernel.kvfree(small)
    try kernel.kvfree(large)
    try kernel.kvfree(nil)
    #expect(kernel.shutDown().isClean)
  }

  @Test("a machine that cannot be built says why")
  func badMachines() {
    let none = #expect(throws: KernelError.self) { try Kernel(megabytes: 0) }
    #expect(
      none?.description
        == "a machine of 0 bytes cannot be built: x86-64 takes a multiple of 4096 from 65536 to 1099511627776 bytes"
    )
    #expect(throws: KernelError.self) { try Kernel(megabytes: .max) }
    #expect(throws: KernelError.machine(.badCPUCount(0))) { try Kernel(megabytes: 64, cpus: 0) }
  }

  @Test("pages freed at no page's start are refused")
  func misalignedPages() throws {
    let kernel = try Kernel(megabytes: 64)
    let pages = try #require(try kernel.getFreePages(order: 0))
    #expect(throws: PageError.self) { try kernel.freePages(pages + 8, order: 0) }
    try kernel.freePages(pages, order: 0)
    #expect(throws: PageError.self) { try kernel.freePages(pages, order: 0) }
    #expect(kernel.shutDown().isClean)
  }

  @Test("sixteen threads share two CPUs")
  func threads() async throws {
    let kernel = try Kernel(megabytes: 64, cpus: 2)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<16 {
        group.addTask {
          var live: [(UnsafeMutableRawPointer, UInt64)] = []
          for step in 0..<400 {
            let mark = UInt64(task) << 32 | UInt64(step)
            if let memory = try kernel.kmalloc(8 + (step * 37 + task) % 3000) {
              memory.storeBytes(of: mark, as: UInt64.self)
              live.append((memory, mark))
            }
            if step % 3 == 2, let (memory, mark) = live.popLast() {
              #expect(memory.load(as: UInt64.self) == mark)
              try kernel.kfree(memory)
            }
          }
          for (memory, mark) in live {
            #expect(memory.load(as: UInt64.self) == mark)
            try kernel.kfree(memory)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(kernel.shutDown().isClean)
  }

  @Test("a call within a call stays on its thread's CPU")
  func nested() throws {
    let kernel = try Kernel(megabytes: 64)
    let size = try kernel.withCPU { outer in
      try kernel.withCPU { inner in
        #expect(inner.number == outer.number)
        let memory = try #require(try kernel.kmalloc(10))
        defer { #expect(throws: Never.self) { try kernel.kfree(memory) } }
        return try kernel.ksize(memory)
      }
    }
    #expect(size == 16)
  }

  @Test("a call within a call stays there when the CPU that its thread tries first becomes free")
  func nestedElsewhere() throws {
    let kernel = try Kernel(megabytes: 64, cpus: 2)
    let first = kernel.withCPU { $0.number }
    let taken = Locked<Set<Int>>([])
    let threads = (0..<2).map { _ in
      BackgroundThread.start {
        kernel.withCPU { cpu in
          taken.withLock { _ = $0.insert(cpu.number) }
          while taken.withLock({ $0.contains(cpu.number) }) { yieldProcessor() }
        }
      }
    }
    while taken.withLock({ $0.count }) < 2 { yieldProcessor() }
    taken.withLock { _ = $0.remove(1 - first) }
    kernel.withCPU { outer in
      #expect(outer.number == 1 - first)
      taken.withLock { _ = $0.remove(first) }
      for thread in threads { thread?.join() }
      #expect(kernel.withCPU { $0.number } == outer.number)
    }
  }
}
