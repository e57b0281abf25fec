import AllocationTrace
import FtraceImport
import Testing

/// What recordings hold that is neither an allocation nor its free.
@Suite struct CaveatTests {
  @Test(arguments: [
    "          <idle>-0       [000] d..1.     0.000000: ",
    "     ksoftirqd/0-15      [000] ..s1.     1.5: ",
    "kworker/u4:1-29 [007] ...1. 1.958831: ", "   my task: [0]-x-12  [003] .....  12.000001: ",
    "    a [001] b-77      [003] dNh2.  12.000001: ",
    "  bash-991   (    990) [000] d..1  5.000000: ",
    "  bash-991   (-----) [000] d..1  5.000000: ", "  cp-4  [001]  63.100000: ",
  ])
  func taskNamesMayHoldAnything(columns: String) {
    let (operations, account) = imported(
      columns
        + "mm_page_alloc: page=ffffea0000000040 pfn=0x1 order=0 migratetype=1 gfp_flags=GFP_KERNEL")
    #expect(operations.count == 1)
    expectAccounted(account)
  }

  @Test func kernelsPrintFieldsInTheirOwnWays() {
    let (operations, account) = imported(
      line("mm_page_alloc: page=00000000deadbeef pfn=24290 order=0 migratetype=0 gfp_flags=none")
        + line(
          "kmalloc_node: call_site=f+0x1/0x2 [loop] ptr=0xffff888004988e40 bytes_req=9"
            + " bytes_alloc=16 gfp_flags=GFP_NOWAIT|__GFP_NOWARN node=3")
        + line("kmem_cache_free: call_site=g+0x1/0x2 [loop] ptr=ffff888004988e40")
        + line("mm_page_free: page=00000000deadbeef pfn=24290 order=0 "))
    #expect(
      operations == [
        "pages order=0 gfp=none type=0 cpu=0 frame=24290",
        "kmalloc size=9 given=16 gfp=GFP_NOWAIT|__GFP_NOWARN node=3 accounted=0 cpu=0",
        "cache-free #1 cache=\"\" cpu=0",
        "free-pages #0 order=0 cpu=0",
      ])
    #expect(account.crossKind == 1)
    expectAccounted(account)
  }

  @Test func requestsThatFailedAreSkipped() {
    let (operations, account) = imported(
      line("mm_page_alloc: page=(nil) pfn=0x0 order=4 migratetype=0 gfp_flags=GFP_ATOMIC")
        + line(
          "mm_page_alloc: page=0000000000000000 pfn=18446744073709551615 order=4"
            + " migratetype=0 gfp_flags=GFP_ATOMIC")
        + line("kmalloc: call_site=f ptr=(null) bytes_req=9 bytes_alloc=16 gfp_flags=GFP_NOWAIT")
        + line("alloc_vmap_area: va_start: 0 size=4096 align=1 vstart=0x0 vend=0x1 failed=1")
        + line("vmalloc_enter: (f+0x0/0x1) size=5 align=1 gfp=0xcc0 vm_flags=0x0 caller=g")
        + line("vmalloc_ret: (g <- f) addr=0x0"))
    #expect(operations == [])
    #expect(account.lines(.nothingAllocated) == 5)
    #expect(account.lines(.toldByReturn) == 1)
    expectAccounted(account)
  }

  /// The frame alone tells: what stands at `page=` depends on the kernel and on the tool.
  @Test(arguments: [
    "page=(null) pfn=0", "page=          (null) pfn=0", "page=00000000deadbeef pfn=0",
    "page=ffffea0000000000 pfn=0x0", "page=(____ptrval____) pfn=18446744073709551615",
    "page=0x0 pfn=0xffffffffffffffff", "page=1 pfn=0xffffffff", "page=1 pfn=4294967295", "pfn=-1",
    "pfn=0",
  ])
  func aRequestForPagesFailsByItsFrame(fields: String) {
    let (operations, account) = imported(
      line("mm_page_alloc: \(fields) order=0 migratetype=0 gfp_flags=GFP_ATOMIC"))
    #expect(operations == [])
    #expect(account.lines(.nothingAllocated) == 1)
    expectAccounted(account)
  }

  @Test(arguments: [
    "page=(null)", "page=          (null)", "page=0000000000000000", "page=(nil)", "page=0x0", "",
    "page=(____ptrval____)",
  ])
  func aRequestForPagesIsServedByItsFrame(page: String) {
    let (operations, account) = imported(
      line("mm_page_alloc: \(page) pfn=24290 order=0 migratetype=0 gfp_flags=none"))
    #expect(operations == ["pages order=0 gfp=none type=0 cpu=0 frame=24290"])
    expectAccounted(account)
  }

  @Test(arguments: [
    "0", "0x0", "0000000000000000", "(null)", "          (null)", "(nil)", "              (nil)",
    "NULL",
    "0x10", "0000000000000010",
  ])
  func nullIsPrintedInManyWays(text: String) {
    let (operations, account) = imported(
      line("kfree: call_site=f+0x1/0x2 ptr=\(text)")
        + line("kmem_cache_free: call_site=f+0x1/0x2 ptr=\(text) name=dentry")
        + line(
          "kmalloc: call_site=f ptr=\(text) bytes_req=8 bytes_alloc=8 gfp_flags=GFP_NOWAIT node=-1")
    )
    #expect(operations == [])
    #expect(account.lines(.nullFree) == 2)
    #expect(account.lines(.nothingAllocated) == 1)
    expectAccounted(account)
  }

  @Test func anEmptyNameTakesNothingFromTheNextField() {
    let (operations, _) = imported(
      line(
        "kmem_cache_alloc: call_site=f name= ptr=ffff888004988e40 bytes_req=8 bytes_alloc=8"
          + " gfp_flags=GFP_KERNEL") + line("kmem_cache_free: name= ptr=ffff888004988e40"))
    #expect(operations.last == "cache-free #0 cache=\"\" cpu=0")
  }

  @Test func theZeroSizePointerIsNoObject() {
    let (operations, account) = imported(
      line("kmalloc: ptr=0000000000000010 bytes_req=0 bytes_alloc=0 gfp_flags=GFP_KERNEL")
        + line("kfree: call_site=f ptr=0000000000000010")
        // A kernel that hashes addresses hashes this one, too.
        + line("kmalloc: ptr=00000000c0ffee00 bytes_req=0 bytes_alloc=0 gfp_flags=GFP_KERNEL")
        + line("kmalloc: ptr=00000000c0ffee00 bytes_req=0 bytes_alloc=0 gfp_flags=GFP_KERNEL")
        + line("kfree: call_site=f ptr=00000000c0ffee00")
        + line("kfree: call_site=f ptr=00000000c0ffee00"))
    #expect(operations == [])
    #expect(account.lines(.nothingAllocated) == 3)
    #expect(account.lines(.nullFree) == 3)
    expectAccounted(account)
  }

  @Test func oldKernelsNameTheirEventsOtherwise() {
    let (operations, account) = imported(
      line("mm_page_alloc: page=ffffea00 pfn=9 order=0 migratetype=0 gfp_flags=GFP_KERNEL")
        + line("mm_page_alloc: page=ffffea00 pfn=16 order=2 migratetype=0 gfp_flags=GFP_KERNEL")
        + line("mm_page_alloc: page=ffffea00 pfn=10 order=0 migratetype=0 gfp_flags=GFP_KERNEL")
        + line("mm_page_free_direct: page=ffffea00 pfn=9 order=0")
        + line("mm_page_free_direct: page=ffffea00 pfn=16 order=2")
        // These kernels report the page of a list twice: once for the list, once for itself.
        + line("mm_pagevec_free: page=ffffea00 pfn=10 order=0 cold=1")
        + line("mm_page_free_direct: page=ffffea00 pfn=10 order=0")
        + line(
          "kmem_cache_alloc_node: ptr=ffff8800 call_site=f bytes_alloc=8 bytes_req=8 node=0"
            + " gfp_flags=GFP_KERNEL"))
    #expect(
      operations.dropFirst(3) == [
        "free-pages #0 order=0 cpu=0", "free-pages #1 order=2 cpu=0", "free-pages #2 order=0 cpu=0",
        "cache-alloc size=8 given=8 gfp=GFP_KERNEL node=0 accounted=0 cpu=0",
      ])
    #expect(account.lines(.duplicateFree) == 1)
    #expect(account.lines(.unmatchedFree) == 0)
    #expect(account.livePages == 0)
    expectAccounted(account)
  }

  @Test func eventsThatRepeatOrMoveArePassedOver() {
    let (operations, account) = imported(
      line("mm_page_free_batched: page=ffffea00 pfn=0x9 order=0")
        + line("mm_page_alloc_zone_locked: page=ffffea00 pfn=0x9 order=0 migratetype=0")
        + line("mm_page_pcpu_drain: page=ffffea00 pfn=0x9 order=0 migratetype=0"))
    #expect(operations == [])
    #expect(account.lines(.noAllocation) == 3)
    expectAccounted(account)
  }

  @Test func onlyALargeKmallocReportedFromWithinIsADuplicate() {
    func kmalloc(_ site: String, _ size: Int, _ given: Int) -> String {
      line(
        "kmalloc: call_site=\(site) ptr=ffff888000100000 bytes_req=\(size) bytes_alloc=\(given)"
          + " gfp_flags=GFP_KERNEL node=-1 accounted=false")
    }
    let twice = kmalloc("__kmalloc_node_noprof+0x1/0x2", 9208, 16384)
    let again = kmalloc("__kvmalloc_node_noprof+0x1/0x2", 9208, 16384)
    #expect(imported(twice + again).account.lines(.duplicateKmalloc) == 1)
    #expect(imported(twice + again + again).account.lines(.duplicateKmalloc) == 1)
    // A small one, one of another size, and two callers outside the allocator: the first was freed unseen.
    let small = kmalloc("__kmalloc_noprof+0x1/0x2", 100, 128)
    for text in [small + small, twice + kmalloc("f", 9209, 16384), again + again] {
      let (operations, account) = imported(text)
      #expect(account.lines(.duplicateKmalloc) == 0)
      #expect(account.implied[Int(KernelVerb.kmalloc.rawValue)] == 1)
      #expect(operations.count == 3)
      #expect(operations[1] == "kfree #0 cpu=0")
    }
  }

  @Test func aFreeInsideABlockSplitsIt() {
    let (operations, account) = imported(
      pageAllocation(8, order: 3) + pageFree(12, order: 2) + pageFree(10, order: 1) + pageFree(9)
        + pageFree(8) + pageFree(8))
    #expect(
      operations.dropFirst() == [
        "split-pages #0", "free-pages #0+4 order=2 cpu=0", "free-pages #0+2 order=1 cpu=0",
        "free-pages #0+1 order=0 cpu=0", "free-pages #0 order=0 cpu=0",
      ])
    #expect(account.freesInside == 1)
    #expect(account.lines(.unmatchedFree) == 1)
    #expect(account.livePages == 0)
    expectAccounted(account)
  }

  @Test func aSplitBlockMayBeFreedWholeAgain() {
    let (operations, account) = imported(
      pageAllocation(8, order: 2) + pageFree(9) + pageAllocation(9) + pageFree(8, order: 2))
    // Page 9 is another operation's by now: the pages go one by one.
    #expect(
      operations.dropFirst(4) == [
        "free-pages #0 order=0 cpu=0", "free-pages #3 order=0 cpu=0",
        "free-pages #0+2 order=0 cpu=0", "free-pages #0+3 order=0 cpu=0",
      ])
    #expect(account.livePages == 0)
    #expect(account.implied[Int(KernelVerb.freePages.rawValue)] == 3)
    expectAccounted(account)
  }

  @Test func aFreeOfAnotherOrderFreesWhatIsThere() {
    let (smaller, account) = imported(pageAllocation(8, order: 2) + pageFree(8, order: 1))
    #expect(smaller.dropFirst() == ["split-pages #0", "free-pages #0 order=1 cpu=0"])
    #expect(account.orderDiffers == 1)
    #expect(account.livePages == 2)
    let (larger, other) = imported(
      pageAllocation(8) + pageAllocation(10, order: 1) + pageFree(8, order: 2))
    #expect(larger.dropFirst(2) == ["free-pages #0 order=0 cpu=0", "free-pages #1 order=1 cpu=0"])
    #expect(other.livePages == 0)
    expectAccounted(account)
    expectAccounted(other)
  }

  @Test func pagesHandedOutAgainWereFreedUnseen() {
    let (operations, account) = imported(
      pageAllocation(8, order: 3) + pageAllocation(64) + pageAllocation(66, order: 1)
        + pageAllocation(10) + pageAllocation(64, order: 2) + pageAllocation(64, order: 2))
    #expect(
      operations.filter { $0.hasPrefix("free-pages") } == [
        "free-pages #0 order=3 cpu=0", "free-pages #1 order=0 cpu=0", "free-pages #2 order=1 cpu=0",
        "free-pages #7 order=2 cpu=0",
      ])
    #expect(account.implied[Int(KernelVerb.pages.rawValue)] == 4)
    #expect(account.livePages == 5)
    expectAccounted(account)
  }

  @Test func lossIsNamed() {
    let (_, account) = imported("CPU:1 [LOST 1234 EVENTS]\nCPU:0 [LOST EVENTS]\n\n   \n")
    #expect(account.lines(.eventsLost) == 2)
    #expect(account.lines(.comment) == 2)
  }
}
