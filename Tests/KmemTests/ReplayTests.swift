import Foundation
import KernelMemory
import Testing

@testable import kmem

@Suite struct ReplayTests {
  @Test func performsPageOperations() throws {
    let report = try replayed(
      """
      pages order=2 gfp=GFP_KERNEL|__GFP_ZERO type=0 cpu=1 frame=31340
      kmalloc size=8 given=8 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
      split-pages #0
      free-pages #0+3 order=0 cpu=0
      kfree #1 cpu=0
      pages order=0 gfp=GFP_HIGHUSER_MOVABLE|__GFP_COMP type=1 cpu=0 frame=31343
      free-pages #0 order=1 cpu=3
      free-pages #5 order=0 cpu=0
      """, "--check", "every")
    #expect(report.violation == nil)
    #expect(report.format == "trace")
    #expect(report.kernel == "6.12")
    #expect(report.kernelFrom == "the recording's header")
    #expect(report.lines.lines == 12)
    #expect(report.lines.performed == 8)
    #expect(report.operations.total == 8)
    #expect(report.operations.allocations == 2)
    #expect(report.operations.frees == 3)
    #expect(report.operations.splits == 1)
    #expect(report.operations.objects == 2)
    #expect(report.operations.skipped.isEmpty)
    #expect(report.peakPages == 4)
    #expect(report.pagesAtEnd == 1)
    #expect(report.machine.cpus == 4)
    #expect(report.machine.memoryFrom == "fits")
    // The highest frame, rounded up to 32 MiB.
    #expect(report.machine.bytes == 128 << 20)
    #expect(report.checks.mode == "every")
    #expect(report.checks.count == 7)
    #expect(report.checks.pagesStamped == 5)
    #expect(report.checks.pagesVerified == 5)
    for zone in report.zones { #expect(zone.free + zone.perCPU + zone.allocated == zone.managed) }
    #expect(report.zones.reduce(0) { $0 + $1.allocated } == 1)
  }

  @Test func theZeroSizePointerIsNoObject() throws {
    let operations = """
      kmalloc size=0 given=0 gfp=GFP_KERNEL|__GFP_ZERO node=-1 accounted=0 cpu=0
      kmalloc size=0 given=0 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
      kfree #0 cpu=0
      kmalloc size=0 given=0 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
      kmalloc size=8 given=8 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
      """
    let report = try replayed(operations)
    #expect(report.violation == nil)
    let objects = try #require(report.objects)
    #expect(objects.performed == 5)
    // Two requests for no bytes are never given back, but there is nothing to give back.
    #expect(objects.objectsAtEnd == 1)
    #expect(objects.recordedAtEnd == 1)
    #expect(objects.notServedAtEnd == 0)
    try withFile(trace(operations)) { path in
      let (status, _, error) = kmem("compare", path)
      #expect(status == 0)
      #expect(error == "")
    }
  }

  @Test(arguments: [("amortised", 2), ("100", 16), ("end", 1), ("every", 1_501)])
  func invariantsAreCheckedAsAsked(mode: String, checks: Int) throws {
    let pairs = (0..<750).map {
      "pages order=0 gfp=GFP_KERNEL type=0 cpu=0 frame=1\nfree-pages #\($0 * 2) order=0 cpu=0\n"
    }.joined()
    let report = try replayed(pairs, "--check", mode, "--memory", "4M")
    #expect(report.checks.count == checks)
    #expect(report.violation == nil)
    #expect(report.operations.performed == 1_500)
  }

  @Test func whatDoesNotFitIsCounted() throws {
    let report = try replayed(
      """
      pages order=10 gfp=GFP_KERNEL type=0 cpu=0 frame=1024
      pages order=10 gfp=GFP_KERNEL type=0 cpu=0 frame=2048
      free-pages #1 order=10 cpu=0
      pages order=9 gfp=GFP_KERNEL type=0 cpu=0 frame=2048
      split-pages #3
      free-pages #3+1 order=0 cpu=0
      free-pages #0 order=10 cpu=0
      """, "--memory", "4M")
    // Frame 0 is the firmware's, so no whole block of order 10 exists.
    #expect(report.machine.memoryFrom == "given")
    #expect(report.operations.unservedByOrder == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2])
    #expect(report.operations.skipped.map(\.key) == ["unserved", "freeOfUnserved"])
    #expect(report.operations.skipped.map(\.count) == [2, 2])
    #expect(report.operations.performed == 3)
    #expect(report.violation == nil)
  }

  @Test func masksAndHandlesThatAreNoneAreCounted() throws {
    let report = try replayed(
      """
      pages order=0 gfp=GFP_KERNEL|__GFP_FROB type=0 cpu=0 frame=1
      free-pages #0 order=0 cpu=0
      free-pages #0 order=0 cpu=0
      split-pages #99
      pages order=1 gfp=GFP_KERNEL type=0 cpu=0 frame=1
      free-pages #4 order=0 cpu=0
      free-pages #4+1 order=0 cpu=0
      pages order=0 gfp=GFP_DMA|__GFP_HIGHMEM type=0 cpu=0 frame=1
      """)
    #expect(
      report.operations.skipped.map(\.key) == [
        "unknownMask", "freeOfUnserved", "noLiveBlock", "refused",
      ])
    #expect(report.operations.skipped.map(\.count) == [1, 1, 3, 2])
    #expect(report.operations.remarks.count == 3)
    #expect(
      report.operations.remarks[0]
        == "`GFP_KERNEL|__GFP_FROB`: GFP flags, column 12: Linux 6.12 prints no flag '__GFP_FROB'")
    #expect(report.operations.remarks[1].hasPrefix("operation #5: the block at page frame 0x"))
    #expect(report.operations.remarks[1].hasSuffix("was allocated with order 1, not 0"))
    #expect(report.operations.remarks[2].hasPrefix("operation #7: the zone modifiers of GFP mask"))
    #expect(report.violation == nil)
  }

  @Test func everyMachineTakesARecording() throws {
    for machine in MachineKind.allCases {
      let report = try replayed(
        """
        pages order=0 gfp=GFP_HIGHUSER_MOVABLE type=1 cpu=0 frame=1
        pages order=0 gfp=GFP_KERNEL type=0 cpu=0 frame=1
        pages order=0 gfp=GFP_KERNEL|GFP_DMA type=0 cpu=0 frame=1
        """, "--machine", machine.rawValue, "--memory", "1G", "--check", "every")
      #expect(report.operations.performed == 3)
      #expect(report.violation == nil)
      let expected = machine == .x86_32 ? ["DMA", "Normal", "HighMem"] : ["DMA", "DMA32"]
      #expect(report.zones.map(\.name) == expected)
      #expect(report.zones.map(\.allocated) == (machine == .x86_32 ? [1, 1, 1] : [1, 2]))
    }
  }

  @Test func theReportSaysItAll() throws {
    let (status, out, error) = try withFile(
      ftrace(
        "mm_page_alloc: page=1 pfn=0x7a6c order=2 migratetype=0 gfp_flags=GFP_ATOMIC|__GFP_ZERO",
        "mm_page_free: page=1 pfn=0x7a6f order=0", "kfree: call_site=f ptr=0000000000000000",
        "mm_page_pcpu_drain: page=1 pfn=0x1 order=0 migratetype=0", "kfree: call_site=f"),
      named: "small-k6.1.trace"
    ) { kmem("replay", $0) }
    #expect(status == 0)
    #expect(error == "")
    let lines = out.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines[0].hasSuffix("small-k6.1.trace: ftrace, Linux 6.1 (the file's name)"))
    let zones = lines.firstIndex { $0.hasPrefix("DMA ") } ?? 0
    #expect(
      lines[1..<zones].joined(separator: "\n") == """
        Machine     x86-64, 128 MiB, 32,768 frames, 1 CPU; memory fits the recording

        Lines       6 = 2 performed + 4 skipped
                              1  header comment or empty line
                              1  event that is no allocation
                                 mm_page_pcpu_drain 1
                              1  free of NULL or of the zero-size pointer
                              1  malformed line
                                 line 6:             init-1       [000] .....     1.000000: kfree: call_site=f
                    and 0 frees that no line tells, 1 splits for 1 frees inside a block
                                 line 3: order 0 at frame 31343, inside the order-2 block at 31340

        Operations  3 = 3 performed + 0 skipped
                              1  allocations of pages
                              1  frees of pages
                              1  splits

        Peak        4 pages, 16 KiB at once; 3 pages handed out at the end
        """)
    #expect(lines[zones] == "DMA         4,095 free + 0 per-CPU + 0 allocated = 4,095 managed")
    #expect(lines[zones + 1].hasSuffix(" + 3 allocated = 28,672 managed"))
    let rows = ["order", "DMA free blocks", "DMA unusable", "DMA32 free blocks", "DMA32 unusable"]
    for (offset, row) in rows.enumerated() {
      #expect(lines[zones + 2 + offset].hasPrefix("            \(row) "))
    }
    let checks = try #require(lines.first { $0.hasPrefix("Checks") })
    let stamps = "stamps put into 4 pages and verified in 4"
    #expect(checks == "Checks      1 of all invariants (--check amortised); \(stamps)")
    #expect(lines.contains { $0.hasPrefix("Verdict     sound: every invariant held") })
  }

  @Test func procfsShowsTheEndState() throws {
    try withFile(trace("pages order=3 gfp=GFP_KERNEL type=0 cpu=0 frame=1\n")) { path in
      let (status, out, _) = kmem("procfs", path, "buddyinfo", "--memory", "64M")
      #expect(status == 0)
      #expect(out.split(separator: "\n").count == 2)
      #expect(out.hasPrefix("Node 0, zone      DMA      1      1      1 "))
      #expect(
        kmem("procfs", path, "zoneinfo").out.hasPrefix("Node 0, zone      DMA\n  pages free "))
    }
  }
}
