import AllocationTrace
import FtraceImport
import Testing

/// Imports `text` whole and answers the operations in their text form, without the header, and the account.
func imported(_ text: String) -> (operations: [String], account: ImportAccount) {
  var importer = FtraceImporter()
  var operations: [KernelOperation] = []
  importer.read(Array(text.utf8)) { operations.append($0) }
  importer.finish { operations.append($0) }
  let texts = importer.texts
  let printed = operations.map {
    TraceText.print($0.traceOperation(texts), vocabulary: KernelRecording.vocabulary)
  }
  return (printed, importer.account)
}

/// A line of a recording: an event of the first task on processor 0.
func line(_ event: String) -> String {
  "            init-1       [000] .....     1.000000: \(event)\n"
}

func pageAllocation(_ frame: Int, order: Int = 0) -> String {
  let pfn = String(frame, radix: 16)
  return line(
    "mm_page_alloc: page=ffffea0000000000 pfn=0x\(pfn) order=\(order) migratetype=1"
      + " gfp_flags=GFP_KERNEL")
}

func pageFree(_ frame: Int, order: Int = 0) -> String {
  line("mm_page_free: page=ffffea0000000000 pfn=0x\(String(frame, radix: 16)) order=\(order)")
}

/// Checks that no line is unaccounted for and no operation comes from nowhere.
func expectAccounted(_ account: ImportAccount, _ comment: Comment? = nil) {
  #expect(account.linesPerformed + account.linesSkipped == account.lines, comment)
  #expect(account.passedOver.reduce(0) { $0 + $1.lines } == account.lines(.noAllocation), comment)
  #expect(account.unmatched.reduce(0, +) == account.lines(.unmatchedFree), comment)
  #expect(account.null.reduce(0, +) == account.lines(.nullFree), comment)
}

@Suite struct ImportTests {
  @Test func theExcerptBecomesTheseOperations() {
    #expect(
      imported(excerpt).operations == [
        "kmalloc size=20480 given=32768 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0",
        "cache-alloc size=256 given=256 gfp=GFP_NOWAIT node=-1 accounted=0 cpu=0",
        "cache-free #1 cache=\"\" cpu=0",
        "cache-alloc size=256 given=256 gfp=GFP_NOWAIT node=-1 accounted=0 cpu=0",
        "cache-free #3 cache=maple_node cpu=0",
        "pages order=2 gfp=GFP_ATOMIC|__GFP_ZERO type=0 cpu=0 frame=31340",
        "split-pages #5",
        "free-pages #5+3 order=0 cpu=0",
        "pages order=0 gfp=GFP_KERNEL_ACCOUNT|__GFP_COMP|__GFP_ZERO type=0 cpu=0 frame=31343",
        "free-pages #8 order=0 cpu=0",
        "cache-alloc size=704 given=704"
          + " gfp=GFP_NOWAIT|__GFP_IO|__GFP_FS|__GFP_NORETRY|__GFP_NOMEMALLOC node=-1 accounted=0 cpu=0",
        "kfree #10 cpu=0",
        "map-area size=2465792 align=1 low=4503584863420416 high=4503593453355008 cpu=0"
          + " page=4503584863422173",
        "map-area size=12288 align=1 low=4503584863420416 high=4503593453355008 cpu=0"
          + " page=4503584863420525",
        "vmalloc size=4808 align=1 gfp=0xdc0 cpu=0",
        "vmalloc size=2459240 align=1 gfp=0xcc0 cpu=0",
        "vfree #14 cpu=0",
        "unmap-area #13 cpu=0",
        "vfree #15 cpu=0",
        "unmap-area #12 cpu=0",
        "purge-areas cpu=0",
        "pages order=1 gfp=GFP_KERNEL_ACCOUNT|__GFP_ZERO type=0 cpu=1 frame=24290",
        "cache-alloc size=4096 given=4096 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0",
        "cache-alloc size=256 given=256 gfp=GFP_KERNEL|__GFP_ZERO node=-1 accounted=1 cpu=0",
        "cache-alloc size=24 given=24 gfp=GFP_KERNEL|__GFP_ZERO node=-1 accounted=0 cpu=0",
        "kmalloc size=168 given=192 gfp=GFP_KERNEL_ACCOUNT|__GFP_ZERO node=-1 accounted=1 cpu=0",
        "kfree #25 cpu=0",
        "pages order=1 gfp=GFP_KERNEL_ACCOUNT|__GFP_ZERO type=0 cpu=0 frame=24454",
        "free-pages #27 order=1 cpu=0",
      ])
  }

  @Test func everyLineOfTheExcerptIsAccountedFor() {
    let (_, account) = imported(excerpt)
    expectAccounted(account)
    #expect(account.lines == 53)
    #expect(account.linesPerformed == 27)
    // The implied cache-free and the split are told by no line.
    #expect(account.operations == 29)
    #expect(account.lines(.comment) == 12)
    #expect(account.lines(.unmatchedFree) == 3)
    #expect(account.unmatched[Int(KernelVerb.freePages.rawValue)] == 2)
    #expect(account.unmatched[Int(KernelVerb.cacheFree.rawValue)] == 1)
    #expect(account.null[Int(KernelVerb.kfree.rawValue)] == 1)
    #expect(account.null[Int(KernelVerb.vfree.rawValue)] == 1)
    #expect(account.lines(.duplicateKmalloc) == 1)
    #expect(account.lines(.toldByReturn) == 2)
    #expect(account.implied[Int(KernelVerb.cacheAlloc.rawValue)] == 1)
    #expect(account.crossKind == 1)
    #expect(account.freesInside == 1)
    #expect(
      account.inside.first?.text == "order 0 at frame 31343, inside the order-2 block at 31340")
    #expect(account.inside.first?.line == 20)
    #expect(
      account.passedOver.map(\.name) == [
        "mm_page_alloc_zone_locked", "mm_page_alloc_extfrag", "mm_page_pcpu_drain",
        "vfree_atomic_enter", "mm_vmscan_direct_reclaim_begin",
        "mm_compaction_begin",
      ])
    #expect(account.peakPages == 7)
    #expect(account.livePages == 5)
    #expect(account.liveObjects == 4)
    #expect(account.frames == 0xa18d)
    #expect(account.processors == 2)
  }

  @Test(arguments: [1, 3, 64, 1000])
  func chunksImportLikeTheWhole(size: Int) {
    let bytes = Array(excerpt.utf8)
    var importer = FtraceImporter()
    var operations: [KernelOperation] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      importer.read(Array(bytes[start..<min(start + size, bytes.count)])) { operations.append($0) }
    }
    importer.finish { operations.append($0) }
    let texts = importer.texts
    #expect(
      operations.map {
        TraceText.print($0.traceOperation(texts), vocabulary: KernelRecording.vocabulary)
      } == imported(excerpt).operations)
  }
}
