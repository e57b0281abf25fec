import Testing

@testable import KernelMemory

@Suite("/proc text") struct ProcTests {
  /// The watermarks, protection and batches are those that a 512 MiB kernel printed with these managed pages.
  @Test("zoneinfo in Linux's format")
  func zoneinfo() throws {
    let machine = try Machine(
      memory: 512 << 20, cpus: 2, reserved: [1..<256, 131072 - 14404..<131072])
    let cpu = machine.cpus[1]
    _ = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    _ = try #require(try machine.allocatePages(order: 8, gfp: [.kernel, .dma], cpu: cpu))
    #expect(machine.minFreeKilobytes == 2729)
    #expect(
      machine.zoneinfo == """
        Node 0, zone      DMA
          pages free     3584
                boost    0
                min      22
                low      27
                high     32
                promo    37
                spanned  4095
                present  4095
                managed  3840
                cma      0
                protection: (0, 439, 439, 439, 439)
              nr_free_pages 3584
          pagesets
            cpu: 0
                      count: 0
                      high:  0
                      batch: 1
          vm stats threshold: 4
            cpu: 1
                      count: 0
                      high:  0
                      batch: 1
          vm stats threshold: 4
          node_unreclaimable:  0
          start_pfn:           1
        Node 0, zone    DMA32
          pages free     112541
                boost    0
                min      659
                low      823
                high     987
                promo    1151
                spanned  126976
                present  126976
                managed  112572
                cma      0
                protection: (0, 0, 0, 0, 0)
              nr_free_pages 112541
          pagesets
            cpu: 0
                      count: 0
                      high:  0
                      batch: 31
          vm stats threshold: 12
            cpu: 1
                      count: 30
                      high:  442
                      batch: 31
          vm stats threshold: 12
          node_unreclaimable:  0
          start_pfn:           4096
        Node 0, zone   Normal
          pages free     0
                boost    0
                min      0
                low      0
                high     0
                promo    0
                spanned  0
                present  0
                managed  0
                cma      0
                protection: (0, 0, 0, 0, 0)
        Node 0, zone  Movable
          pages free     0
                boost    0
                min      32
                low      32
                high     32
                promo    32
                spanned  0
                present  0
                managed  0
                cma      0
                protection: (0, 0, 0, 0, 0)
        Node 0, zone   Device
          pages free     0
                boost    0
                min      0
                low      0
                high     0
                promo    0
                spanned  0
                present  0
                managed  0
                cma      0
                protection: (0, 0, 0, 0, 0)

        """)
  }

  @Test("buddyinfo in Linux's format: populated zones, a space at the end of the line")
  func buddyinfo() throws {
    let machine = try Machine(kind: .x86_32, memory: 1 << 30)
    _ = try #require(try machine.allocatePages(order: 5, gfp: .highuser, cpu: machine.cpus[0]))
    let lines = [
      "Node 0, zone      DMA      1      1      1      1      1      1      1      1      1      1      3 ",
      "Node 0, zone   Normal      0      0      0      0      0      0      0      0      0      0    220 ",
      "Node 0, zone  HighMem      0      0      0      0      0      1      1      1      1      1     31 ",
    ]
    #expect(machine.buddyinfo == lines.map { $0 + "\n" }.joined())
  }

  @Test("pagetypeinfo in Linux's format")
  func pagetypeinfo() throws {
    let machine = try Machine(memory: 16 << 20, reserved: [0..<16])
    _ = try #require(try machine.allocatePages(order: 10, gfp: .kernel, cpu: machine.cpus[0]))
    let none = String(repeating: "     0 ", count: 11)
    let free = "     0      0      0      0      1      1      1      1      1      1      2 "
    let lines = [
      "Page block order: 9", "Pages per block:  512", "",
      "Free pages count per migrate type at order "
        + "      0      1      2      3      4      5      6      7      8      9     10 ",
      "Node    0, zone      DMA, type    Unmovable " + none,
      "Node    0, zone      DMA, type      Movable " + free,
      "Node    0, zone      DMA, type  Reclaimable " + none,
      "Node    0, zone      DMA, type   HighAtomic " + none,
      "Node    0, zone      DMA, type      Isolate " + none, "",
      "Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate ",
      "Node 0, zone      DMA            2            6            0            0            0 ",
    ]
    #expect(machine.pagetypeinfo == lines.map { $0 + "\n" }.joined())
  }

  @Test("buddyinfo adds up to the free pages of zoneinfo")
  func sum() throws {
    let machine = try Machine(memory: 100 << 20)
    for order in [0, 1, 7, 3, 10] {
      _ = try machine.allocatePages(order: order, gfp: .kernel, cpu: machine.cpus[0])
    }
    for (line, zone) in zip(machine.buddyinfo.split(separator: "\n"), machine.node.zones) {
      let counts = line.split(separator: " ").suffix(11).compactMap { Int($0) }
      #expect(counts.enumerated().reduce(0) { $0 + $1.element << $1.offset } == zone.freePages)
    }
  }

  @Test(
    "the drift of counters grows with CPUs and memory",
    arguments: [(1, 512, 6), (2, 512, 12), (16, 512, 30), (64, 512, 42)])
  func threshold(cpus: Int, mebibytes: Int, expected: Int) throws {
    let machine = try Machine(memory: mebibytes << 20, cpus: cpus)
    let lines = machine.zoneinfo.split(separator: "\n").filter { $0.contains("threshold") }
    #expect(lines.last == "  vm stats threshold: \(expected)")
  }
}
