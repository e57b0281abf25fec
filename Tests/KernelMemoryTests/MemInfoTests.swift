import Testing

@testable import KernelMemory

@Suite("/proc/meminfo") struct MemInfoTests {
  private final class Source: MemoryUsageSource {
    let memoryUsage: MemoryUsage
    init(_ usage: MemoryUsage) { memoryUsage = usage }
  }

  @Test("a running kernel's text comes back from its figures")
  func recorded() {
    var usage = MemoryUsage()
    usage.cached = 37712 / 4
    usage.activeAnonymous = 37844 / 4
    usage.anonymous = 132 / 4
    usage.mapped = 1728 / 4
    usage.shared = 37712 / 4
    usage.slabReclaimable = 768 / 4
    usage.slabUnreclaimable = 7588 / 4
    usage.kernelStacks = 816 / 4
    usage.pageTables = 340 / 4
    usage.committed = 38400 / 4
    usage.vmallocUsed = 7164 / 4
    usage.perCPU = 276 / 4
    // Watermarks of DMA, DMA32 and the empty Movable zone; DMA keeps back 439 pages.
    let info = MemInfo(
      kind: .x86_64, total: 475456 / 4, free: 361584 / 4, reserve: 439 + 32 + 987,
      low: 27 + 823 + 32, vmallocBytes: (32 << 40) - 1, usage: usage)
    #expect(info.text == Self.text)
  }

  private static let text = """
    MemTotal:         475456 kB
    MemFree:          361584 kB
    MemAvailable:     356136 kB
    Buffers:               0 kB
    Cached:            37712 kB
    SwapCached:            0 kB
    Active:            37844 kB
    Inactive:              0 kB
    Active(anon):      37844 kB
    Inactive(anon):        0 kB
    Active(file):          0 kB
    Inactive(file):        0 kB
    Unevictable:           0 kB
    Mlocked:               0 kB
    SwapTotal:             0 kB
    SwapFree:              0 kB
    Zswap:                 0 kB
    Zswapped:              0 kB
    Dirty:                 0 kB
    Writeback:             0 kB
    AnonPages:           132 kB
    Mapped:             1728 kB
    Shmem:             37712 kB
    KReclaimable:        768 kB
    Slab:               8356 kB
    SReclaimable:        768 kB
    SUnreclaim:         7588 kB
    KernelStack:         816 kB
    PageTables:          340 kB
    SecPageTables:         0 kB
    NFS_Unstable:          0 kB
    Bounce:                0 kB
    WritebackTmp:          0 kB
    CommitLimit:      237728 kB
    Committed_AS:      38400 kB
    VmallocTotal:   34359738367 kB
    VmallocUsed:        7164 kB
    VmallocChunk:          0 kB
    Percpu:              276 kB
    HardwareCorrupted:     0 kB
    AnonHugePages:         0 kB
    ShmemHugePages:        0 kB
    ShmemPmdMapped:        0 kB
    FileHugePages:         0 kB
    FilePmdMapped:         0 kB
    Unaccepted:            0 kB
    HugePages_Total:       0
    HugePages_Free:        0
    HugePages_Rsvd:        0
    HugePages_Surp:        0
    Hugepagesize:       2048 kB
    Hugetlb:               0 kB

    """

  private static func value(_ label: String, in text: String) -> Int? {
    let line = text.split(separator: "\n").first { $0.hasPrefix(label + ":") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
  }

  @Test("a machine's own figures, and what sources add")
  func machine() throws {
    let machine = try Machine(memory: 64 << 20)
    #expect(Self.value("MemTotal", in: machine.meminfo) == (64 << 10) - 4)
    #expect(Self.value("MemFree", in: machine.meminfo) == (64 << 10) - 4)
    _ = try machine.allocatePages(order: 10, gfp: .kernel, cpu: machine.cpus[0])
    #expect(Self.value("MemFree", in: machine.meminfo) == (60 << 10) - 4)
    #expect(Self.value("VmallocTotal", in: machine.meminfo) == 34_359_738_367)
    // Low watermarks cannot hold back more than there is; nothing can be reclaimed.
    let zones = machine.node.zones
    let reserve =
      zones[0].protection(against: 1) + zones[0].watermarks.high + zones[1].watermarks.high
    #expect(
      Self.value("MemAvailable", in: machine.meminfo) == (60 << 10) - 4 - reserve * 4)

    var (slab, process) = (MemoryUsage(), MemoryUsage())
    slab.slabReclaimable = 100
    process.swapTotal = 1000
    process.slabReclaimable = 11
    let sources = [Source(slab), Source(process)]
    for source in sources + sources { machine.add(usageOf: source) }
    #expect(Self.value("SReclaimable", in: machine.meminfo) == 444)
    #expect(
      Self.value("CommitLimit", in: machine.meminfo) == machine.managedPages / 2 * 4 + 4000)
    machine.remove(usageOf: sources[1])
    #expect(Self.value("SReclaimable", in: machine.meminfo) == 400)
  }

  @Test("processes and swap are in it")
  func processes() throws {
    let machine = try Machine(memory: 2 << 20)
    let cpu = machine.cpus[0]
    let memory = try UserMemory(machine: machine, swapPages: 8, reclaims: false, cpu: cpu)
    let process = try AddressSpace(memory: memory, name: "sh", cpu: cpu)
    let area = try #require(try process.mmap(3 * pageSize))
    try process.store(1, at: area, cpu: cpu)
    _ = try process.load(at: area + pageSize, as: Int.self, cpu: cpu)
    #expect(Self.value("AnonPages", in: machine.meminfo) == 4)
    #expect(memory.reclaim(pages: 1, cpu: cpu) == 1)
    try process.store(1, at: area + 2 * pageSize, cpu: cpu)
    let child = try #require(try process.fork(pid: 2, cpu: cpu))
    let text = machine.meminfo
    // The child's pages are its parent's, and the zero page is nobody's.
    #expect(Self.value("AnonPages", in: text) == 4)
    #expect(Self.value("Active(anon)", in: text) == 4)
    #expect(Self.value("SwapTotal", in: text) == 32)
    #expect(Self.value("SwapFree", in: text) == 28)
    #expect(Self.value("SwapCached", in: text) == 0)
    _ = try process.load(at: area, as: Int.self, cpu: cpu)
    #expect(Self.value("SwapCached", in: machine.meminfo) == 4)
    let tables = process.pageTablePages + child.pageTablePages
    #expect(Self.value("PageTables", in: text) == 4 * tables)
    let each = 3 + AddressSpace.stackBytes / pageSize
    #expect(Self.value("Committed_AS", in: text) == 4 * 2 * each)
    child.exit(cpu: cpu)
    process.exit(cpu: cpu)
    #expect(machine.memoryUsage.anonymous + machine.memoryUsage.pageTables == 0)
  }

  @Test("a source that is gone is not asked")
  func weakSources() throws {
    let machine = try Machine(memory: 16 << 20)
    var usage = MemoryUsage()
    usage.pageTables = 7
    do {
      let source = Source(usage)
      machine.add(usageOf: source)
      #expect(machine.memoryUsage.pageTables == 7)
    }
    #expect(machine.memoryUsage == MemoryUsage())
  }

  @Test("the 32-bit machine tells high from low memory")
  func highMemory() throws {
    let machine = try Machine(kind: .x86_32, memory: 1 << 30)
    let lines = machine.meminfo.split(separator: "\n").map { $0.prefix { $0 != ":" } }
    #expect(lines[13...17] == ["Mlocked", "HighTotal", "HighFree", "LowTotal", "LowFree"])
    #expect(Self.value("HighTotal", in: machine.meminfo) == 128 << 10)
    #expect(Self.value("LowFree", in: machine.meminfo) == (896 << 10) - 4)
    #expect(lines.count == 56)
  }

  @Test("every figure is added up")
  func sum() {
    var usage = MemoryUsage()
    usage.buffers = 1
    usage.perCPU = 2
    usage.otherReclaimable = 3
    let sum = usage + usage
    #expect(sum.buffers == 2 && sum.perCPU == 4 && sum.otherReclaimable == 6)
    #expect(Mirror(reflecting: usage).children.count == 24)
  }
}
