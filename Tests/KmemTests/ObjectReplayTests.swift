import AllocationTrace
import Foundation
import KernelMemory
import Testing

@testable import kmem

@Suite struct ObjectReplayTests {
  private let recording = """
    kmalloc size=20 given=32 gfp=GFP_KERNEL|__GFP_ZERO node=-1 accounted=0 cpu=0
    cache-alloc size=176 given=184 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
    cache-alloc size=184 given=192 gfp=GFP_KERNEL_ACCOUNT node=-1 accounted=1 cpu=1
    cache-alloc size=184 given=192 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
    cache-free #2 cache=filp cpu=0
    kfree #3 cpu=1
    cache-alloc size=184 given=192 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
    cache-free #6 cache=cred cpu=0
    kmalloc size=20000 given=32768 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
    kfree #0 cpu=0
    cache-alloc size=176 given=184 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
    kmalloc size=100 given=120 gfp=GFP_ATOMIC node=-1 accounted=0 cpu=0

    """

  @Test func objectsArePerformed() throws {
    let report = try replayed(recording, "--memory", "64M")
    #expect(report.violation == nil)
    #expect(report.operations.total == 12)
    #expect(report.operations.objects == 12)
    #expect(report.operations.skipped.isEmpty)
    let objects = try #require(report.objects)
    #expect(objects.allocator == "SLUB")
    #expect(objects.allocations == 8)
    #expect(objects.frees == 4)
    #expect(objects.peakObjects == 4)
    #expect(objects.objectsAtEnd == 4)
    #expect(objects.recordedAtEnd == 4)
    #expect(objects.notServedAtEnd == 0)
    #expect(objects.bytesAtEnd == 176 + 20000 + 176 + 100)
    #expect(objects.roundingAgrees == 2)
    #expect(objects.roundingDiffers == 1)
    #expect(
      objects.roundingNotes == [
        "operation #11: kmalloc of 100 bytes handed out 128, the recorded kernel 120"
      ])
    // One free by kfree names no cache.
    #expect(objects.cacheNamesAgree == 2)
    #expect(objects.cacheNamesDiffer == 0)
    // Size and mask tell filp and cred apart; of size 176 no free tells the name.
    let names = objects.caches.map(\.name)
    #expect(Set(names).isSuperset(of: ["size-184", "filp", "cred"]))
    // Nothing of it shows in the page allocator that performs the pages.
    #expect(report.peakPages == 0)
    #expect(report.areas == nil)
  }

  @Test func theTextSaysIt() throws {
    let out = try withFile(trace(recording)) { kmem("replay", $0, "--memory", "64M").out }
    #expect(
      out.contains(
        """
        Operations  12 = 12 performed + 0 skipped
                              0  allocations of pages
                              0  frees of pages
                             12  operations on objects

        Objects     8 allocations, 4 frees on a SLUB of their own; at most 4 at once
                    kmalloc's sizes: 2 as Linux rounded them, 1 not
                                 operation #11: kmalloc of 100 bytes handed out 128, the recorded kernel 120
                    caches: 2 frees name the one that was used, 0 another
                    live at the end: 4, in the recording 4
        """))
    #expect(out.contains("nothing tells what Linux had: no snapshot beside the recording"))
    #expect(out.contains("no page and no object was damaged, nothing leaked"))
  }

  @Test func whatIsNotServedIsExplained() throws {
    let report = try replayed(
      """
      kmalloc size=4194304 given=4194304 gfp=GFP_KERNEL|__GFP_NOWARN node=-1 accounted=0 cpu=0
      kmalloc size=64 given=64 gfp=GFP_KERNEL|__GFP_FROB node=-1 accounted=0 cpu=0
      kmalloc size=9000000 given=16777216 gfp=GFP_KERNEL|__GFP_NOWARN node=-1 accounted=0 cpu=0
      kfree #1 cpu=0
      kfree #77 cpu=0
      kmalloc size=64 given=64 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0
      """, "--memory", "64M")
    #expect(
      report.operations.skipped.map(\.key) == [
        "unknownMask", "unserved", "freeOfUnserved", "noLiveBlock",
      ])
    let objects = try #require(report.objects)
    #expect(objects.recordedAtEnd == 3)
    #expect(objects.notServedAtEnd == 1)
    #expect(objects.objectsAtEnd == 2)
    #expect(report.violation == nil)
  }

  @Test func snapshotsStandBeside() throws {
    let slabinfo = """
      slabinfo - version: 2.1
      # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables
      filp                  40     42    192   21    1 : tunables    0    0    0 : slabdata      2      2      0
      names_cache            8      8   4096    8    8 : tunables    0    0    0 : slabdata      1      1      0

      """
    #expect(
      Snapshot.caches(slabinfo) == [
        Snapshot.Cache(name: "filp", activeObjects: 40, objects: 42, size: 192, slabs: 2, pages: 2),
        Snapshot.Cache(
          name: "names_cache", activeObjects: 8, objects: 8, size: 4096, slabs: 1, pages: 8),
      ])
    try withFile(trace(recording), named: "small.trace") { path in
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
      let after = folder.appending(path: "small.after")
      try FileManager.default.createDirectory(at: after, withIntermediateDirectories: true)
      try Data(slabinfo.utf8).write(to: after.appending(path: "slabinfo.txt"))
      let beside = try report(kmem("replay", path, "--json", "--memory", "64M").out)
      #expect(beside.objects?.after?.pages == 10)
      #expect(beside.objects?.before == nil)
      #expect(beside.objects?.caches.first { $0.name == "filp" }?.after == 2)
      let text = kmem("replay", path, "--memory", "64M", "--snapshot", after.path).out
      #expect(text.contains("Linux: 10 pages, 1.2 % not in use, with what is older"))
      #expect(
        kmem("replay", path, "--snapshot", "/nowhere").error
          == "kmem: --snapshot: /nowhere holds neither small.after nor slabinfo.txt nor vmallocinfo.txt\n"
      )
    }
  }

  // MARK: What must be noticed

  private func request(_ verb: KernelVerb, block: Int = 0, at index: Int, cache: Int32 = -1)
    -> ObjectRequest
  {
    var operation = KernelOperation(verb)
    operation.block = block
    operation.size = 64
    operation.given = 64
    var request = ObjectRequest(operation, index: index, cpus: 1)
    request.mask = GFPFlags.kernel.rawValue
    request.cache = cache
    return request
  }

  @Test func aDamagedObjectIsFound() throws {
    let machine = try Machine(memory: 64 << 20)
    var replayer = ObjectReplayer(try SLUB(machine, options: .linux6_12))
    replayer.perform([request(.kmalloc, at: 0), request(.kmalloc, at: 1)])
    let live = replayer.live.value(0)
    let object = try #require(live)
    let pointer = try #require(UnsafeMutableRawPointer(bitPattern: object.address))
    pointer.storeBytes(of: 1, toByteOffset: 63, as: UInt8.self)
    replayer.perform([request(.kfree, block: 0, at: 2)])
    let found = replayer.violation
    #expect(found?.hasPrefix("the object at \(pointer), handed out by operation #0") == true)
    replayer.perform([request(.kmalloc, at: 3)])
    #expect(replayer.counts.allocations == 2)
  }

  @Test func anObjectTooManyIsFound() throws {
    let machine = try Machine(memory: 64 << 20)
    let slub = try SLUB(machine, options: .linux6_12)
    var replayer = ObjectReplayer(slub)
    replayer.perform([request(.kmalloc, at: 0)])
    // Somebody allocates behind the replay's back.
    _ = try slub.kmalloc(64, cpu: machine.cpus[0])
    replayer.account()
    let found = replayer.violation
    #expect(
      found == "objects: the allocator counts 2 in use, but 1 were not given back")
  }

  @Test func pagesThatDoNotComeBackAreFound() throws {
    let machine = try Machine(memory: 64 << 20)
    var replayer = ObjectReplayer(try SLUB(machine, options: .linux6_12))
    replayer.perform([request(.kmalloc, at: 0)])
    _ = try machine.allocatePages(order: 1, gfp: .kernel, cpu: machine.cpus[0])
    replayer.account()
    let found = replayer.violation
    #expect(found == "objects: a leak: 2 pages are still held after every object was given back")
  }

  @Test func everythingComesBack() throws {
    let machine = try Machine(memory: 64 << 20)
    var replayer = ObjectReplayer(try SLUB(machine, options: .linux6_12))
    replayer.perform((0..<1_000).map { request(.kmalloc, at: $0) })
    #expect(replayer.counts.peakPages > 15)
    replayer.account()
    let (violation, pages, left) = (replayer.violation, replayer.pages, replayer.counts.leftLive)
    #expect(violation == nil)
    #expect(pages == 0)
    #expect(left == 1_000)
  }

  @Test func designsAreCompared() throws {
    try withFile(trace(recording)) { path in
      let (status, out, _) = kmem("compare", path, "--json", "--memory", "64M")
      #expect(status == 0)
      let report = try JSONDecoder().decode(CompareReport.self, from: Data(out.utf8))
      #expect(report.operations == 12)
      #expect(report.recordedAtEnd == 4)
      #expect(report.designs.first?.name == "SLUB")
      for design in report.designs {
        #expect(design.violation == nil)
        #expect(design.performed == 12)
        #expect(design.objectsAtEnd == 4)
        #expect(design.unserved == 0)
        // The large object alone takes eight pages.
        #expect(design.peakPages > 8)
        #expect(design.peakWaste > 0 && design.peakWaste < 1)
      }
      #expect(kmem("compare", path).out.contains("pages at most"))
    }
    try withFile(trace("pages order=0 gfp=GFP_KERNEL type=0 cpu=0 frame=1\n")) { path in
      #expect(
        kmem("compare", path).error
          == "kmem: \(path) holds no operations on objects; there is nothing to compare\n")
    }
  }
}
