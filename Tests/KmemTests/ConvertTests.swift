import AllocationTrace
import Foundation
import Testing

@testable import kmem

@Suite struct ConvertTests {
  private let recording = ftrace(
    "mm_page_alloc: page=1 pfn=0x100 order=0 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE",
    "kmalloc: call_site=f ptr=ffff888000100000 bytes_req=8 bytes_alloc=8 gfp_flags=GFP_KERNEL",
    "mm_page_alloc: page=1 pfn=0x7a6c order=2 migratetype=0 gfp_flags=GFP_ATOMIC|__GFP_ZERO",
    "mm_page_free: page=1 pfn=0x7a6f order=0", "kfree: call_site=f ptr=ffff888000100000",
    "mm_page_free: page=1 pfn=0x100 order=0", "mm_page_free: page=1 pfn=0x7a6c order=1")

  @Test func aRecordingConvertsWhole() throws {
    let out = try withFile(recording, named: "a-k6.12.trace") { kmem("convert", $0).out }
    #expect(
      out == """
        kernel-memory-lab trace 1
        vocabulary: KernelRecording
        kernel: 6.12
        source: a-k6.12.trace

        pages order=0 gfp=GFP_HIGHUSER_MOVABLE type=1 cpu=0 frame=256
        kmalloc size=8 given=8 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
        pages order=2 gfp=GFP_ATOMIC|__GFP_ZERO type=0 cpu=0 frame=31340
        split-pages #2
        free-pages #2+3 order=0 cpu=0
        kfree #1 cpu=0
        free-pages #0 order=0 cpu=0
        free-pages #2 order=1 cpu=0

        """)
    // What was converted converts to itself.
    let again = try withFile(out, named: "a-k6.12.trace") { kmem("convert", $0).out }
    #expect(again == out)
  }

  @Test func aPartIsNumberedAnew() throws {
    let out = try withFile(recording, named: "a.trace") {
      kmem("convert", $0, "--pages", "--lines", "3-8", "--most", "3", "--kernel", "6.1").out
    }
    #expect(
      out == """
        kernel-memory-lab trace 1
        vocabulary: KernelRecording
        kernel: 6.1
        source: a.trace, lines 3-8, page operations, the first 3

        pages order=2 gfp=GFP_ATOMIC|__GFP_ZERO type=0 cpu=0 frame=31340
        split-pages #0
        free-pages #0+3 order=0 cpu=0

        """)
  }

  @Test func linesMayComeFromSeveralPlaces() throws {
    let out = try withFile(recording, named: "a-k6.12.trace") {
      kmem("convert", $0, "--lines", "2-2,4-4,7-7").out
    }
    #expect(
      out.hasSuffix(
        """
        source: a-k6.12.trace, lines 2-2 and 4-4 and 7-7

        pages order=0 gfp=GFP_HIGHUSER_MOVABLE type=1 cpu=0 frame=256
        pages order=2 gfp=GFP_ATOMIC|__GFP_ZERO type=0 cpu=0 frame=31340
        free-pages #0 order=0 cpu=0

        """))
  }

  @Test func aConvertedRecordingReplaysTheSame() throws {
    let direct = try withFile(recording, named: "a-k6.12.trace") {
      try report(kmem("replay", $0, "--json").out)
    }
    let text = try withFile(recording, named: "a-k6.12.trace") { kmem("convert", $0).out }
    let converted = try withFile(text) { try report(kmem("replay", $0, "--json").out) }
    #expect(direct.operations == converted.operations)
    #expect(direct.zones == converted.zones)
    #expect(direct.machine == converted.machine)
    #expect(direct.peakPages == converted.peakPages)
  }

  @Test func theFileIsWritten() throws {
    try withFile(recording, named: "a-k6.12.trace") { path in
      #expect(kmem("convert", path, "--output", path + ".out").status == 0)
      let written = try String(contentsOfFile: path + ".out", encoding: .utf8)
      #expect(written == kmem("convert", path).out)
      let (status, _, error) = kmem("convert", path, "--output", "/nowhere/at/all")
      #expect(status == 1)
      #expect(error == "kmem: /nowhere/at/all cannot be written\n")
    }
  }
}
