import Foundation
import KernelMemory
import Testing

@testable import kmem

@Suite struct AreaReplayTests {
  /// Page numbers of the vmalloc area's start and end.
  private let low = 0xffff_c900_0000_0
  private let high = 0xffff_e900_0000_0

  private func map(_ pages: Int, at page: Int, align: Int = 1) -> String {
    "map-area size=\(pages * 4096) align=\(align) low=\(low) high=\(high) cpu=0 page=\(low + page)\n"
  }

  @Test func addressesAreCompared() throws {
    let report = try replayed(
      map(2, at: 0) + map(5, at: 4, align: 16384) + "unmap-area #0 cpu=0\n" + map(2, at: 2)
        + "purge-areas cpu=0\n" + map(2, at: 0) + map(1, at: 100) + map(1, at: 9),
      "--memory", "64M")
    #expect(report.violation == nil)
    #expect(report.operations.areas == 8)
    let areas = try #require(report.areas)
    #expect(areas.maps == 6)
    #expect(areas.unmaps == 1)
    #expect(areas.purges == 1)
    #expect(areas.mapsAtEnd == 5)
    // What was freed is used again after a purge alone; the area that Linux put elsewhere is moved there, so that the
    // next one is judged by Linux's addresses.
    #expect(areas.addressesAgree == 4)
    #expect(areas.addressesDiffer == 2)
    #expect(
      areas.addressNotes.first
        == "operation #6: 4096 bytes lie at 0xffffc90000009000, in the recording at 0xffffc90000064000"
    )
  }

  @Test func memoryIsAllocatedAndReturned() throws {
    let report = try replayed(
      """
      vmalloc size=5000 align=1 gfp=0xcc0 cpu=0
      vmalloc size=100000 align=1 gfp=GFP_KERNEL|__GFP_ZERO cpu=1
      vfree #0 cpu=1
      vmalloc size=1099511627776 align=1 gfp=0x2cc0 cpu=0
      vfree #3 cpu=0
      vfree #99 cpu=0
      """, "--memory", "64M")
    #expect(report.violation == nil)
    let areas = try #require(report.areas)
    #expect(areas.allocations == 2)
    #expect(areas.frees == 1)
    #expect(areas.peakPages == 27)
    #expect(areas.pagesAtEnd == 25)
    #expect(areas.allocationsAtEnd == 1)
    #expect(areas.tablePages > 2)
    #expect(Set(report.operations.skipped.map(\.key)).isSuperset(of: ["noLiveBlock"]))
    #expect(report.operations.skipped.reduce(0) { $0 + $1.count } == 3)
    #expect(report.objects == nil)
  }

  @Test func areasOfASnapshotAreThereFirst() throws {
    let info = """
      0xffffc90000000000-0xffffc90000005000   20480 irq_init_percpu_irqstack+0xf4/0x130 vmap
      0xffffc90000006000-0xffffc90000008000    8192 kernel_clone+0xc2/0x430 pages=1 vmalloc N0=1
      0xffffc90000009000-0xffffc9000000a000    4096 unpurged vm_area
      """
    #expect(Snapshot.areas(info).map(\.isFreed) == [false, false, true])
    // The second area of the snapshot is one that the recording made.
    try withFile(trace(map(2, at: 6) + map(1, at: 5)), named: "a.trace") { path in
      let after = URL(fileURLWithPath: path).deletingLastPathComponent()
        .appending(path: "snapshots/a.after")
      try FileManager.default.createDirectory(at: after, withIntermediateDirectories: true)
      try Data(info.utf8).write(to: after.appending(path: "vmallocinfo"))
      let areas = try #require(try report(kmem("replay", path, "--json").out).areas)
      #expect(areas.areasBefore == 1)
      #expect(areas.addressesAgree + areas.addressesDiffer == 2)
      // The lowest hole behind the snapshot's first area is page 5.
      #expect(areas.addressNotes.first?.contains("lie at 0xffffc90000005000") == true)
      let text = kmem("replay", path).out
      #expect(
        text.contains(
          "2 left at the end; 1 were there before, by the snapshot"))
    }
  }

  @Test func windowsShowTheEnd() throws {
    try withFile(
      trace(
        """
        vmalloc size=5000 align=1 gfp=GFP_KERNEL cpu=0
        cache-alloc size=184 given=192 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
        cache-alloc size=184 given=192 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
        cache-free #2 cache=filp cpu=0
        """)
    ) { path in
      let areas = kmem("procfs", path, "vmallocinfo").out
      #expect(areas.hasPrefix("0xffffc90000000000-0xffffc90000003000   12288 "))
      #expect(areas.hasSuffix(" pages=2 vmalloc N0=2\n"))
      let slabs = kmem("procfs", path, "slabinfo").out.split(separator: "\n")
      #expect(slabs[0] == "slabinfo - version: 2.1")
      #expect(
        slabs[2]
          == "filp                  21     21    192   21    1 : tunables    0    0    0 : slabdata      1      1      0"
      )
      #expect(kmem("procfs", path, "meminfo").out.hasPrefix("MemTotal: "))
    }
  }
}
