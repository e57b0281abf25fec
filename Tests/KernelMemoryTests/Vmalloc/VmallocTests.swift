import Testing

@testable import KernelMemory

@Suite("vmalloc") struct VmallocTests {
  let machine: Machine
  let vmalloc: Vmalloc
  let cpu: CPU

  init() throws {
    machine = try Machine(memory: 16 << 20)
    cpu = machine.cpus[0]
    vmalloc = try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: cpu)
  }

  private var allocated: Int {
    machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
  }

  @Test("an area starts at the range's start, is mapped page by page and ends with a guard page")
  func first() throws {
    let area = try #require(try vmalloc.vmalloc(3 * pageSize - 5, caller: "test+0x1/0x2", cpu: cpu))
    #expect(area.description == "0xffffc90000000000")
    for page in 0..<3 { try vmalloc.store(page, at: area + page * pageSize) }
    for page in 0..<3 {
      let frame = try #require(vmalloc.vmallocToPage(area + page * pageSize))
      #expect(machine.pointer(to: frame).load(as: Int.self) == page)
    }
    #expect(vmalloc.vmallocToPage(area + 3 * pageSize) == nil)
    #expect(vmalloc.entry(of: area)?.description.hasSuffix("rw- accessed dirty global") == true)
    #expect(vmalloc.usedBytes == 3 * pageSize)
    try vmalloc.checkInvariants()
    try machine.checkInvariants()
    try vmalloc.vfree(area, cpu: cpu)
    try vmalloc.checkInvariants()
    #expect(vmalloc.usedBytes == 0)
    // The top and three tables below it stay, as in Linux.
    #expect(allocated == 4 && vmalloc.pageTablePages == 4)
    #expect(vmalloc.tearDown(cpu: cpu) == [])
    #expect(allocated == 0)
  }

  @Test("freed addresses come back after a purge, and not before")
  func lazy() throws {
    let first = try #require(try vmalloc.vmalloc(pageSize, cpu: cpu))
    let second = try #require(try vmalloc.vmalloc(pageSize, cpu: cpu))
    #expect(second.distance(from: first) == 2 * pageSize)
    try vmalloc.vfree(first, cpu: cpu)
    #expect(vmalloc.lazyPages == 2)
    let third = try #require(try vmalloc.vmalloc(pageSize, cpu: cpu))
    #expect(third.distance(from: second) == 2 * pageSize)
    #expect(vmalloc.purge() == PurgeReport(start: first.rawValue, end: second.rawValue, count: 1))
    #expect(vmalloc.purge() == PurgeReport())
    #expect(vmalloc.statistics.tlbFlushes == 1)
    #expect(try vmalloc.vmalloc(pageSize, cpu: cpu) == first)
    try vmalloc.checkInvariants()
  }

  @Test("more lazy pages than the limit are purged at once; the limit grows with the CPUs' bits")
  func lazyLimit() throws {
    #expect(vmalloc.lazyMax == 8192)
    let two = try Machine(memory: 1 << 20, cpus: 2)
    #expect(
      try Vmalloc(machine: two, preallocatesTopLevel: false, cpu: two.cpus[0]).lazyMax == 16384)
    let size = 5000 * pageSize
    let areas = try (0..<2).map { _ in
      try #require(try vmalloc.allocateArea(size: size, cpu: cpu))
    }
    try vmalloc.freeArea(at: areas[0])
    #expect(vmalloc.lazyPages == 5000 && vmalloc.statistics.purges == 0)
    try vmalloc.freeArea(at: areas[1])
    #expect(vmalloc.lazyPages == 0 && vmalloc.statistics.purges == 1)
    try vmalloc.checkInvariants()
  }

  @Test("code is flushed as soon as it is freed")
  func flushAtFree() throws {
    let code = try #require(
      try vmalloc.vmalloc(
        pageSize, range: vmalloc.layout.modules, kind: .flushAtFree, caller: "load_module",
        cpu: cpu))
    #expect(code.description == "0xffffffffc0000000")
    try vmalloc.vfree(code, cpu: cpu)
    #expect(vmalloc.lazyPages == 0)
  }

  @Test("a list of more than 512 pages is an area itself, and goes with its owner")
  func pageList() throws {
    let area = try #require(try vmalloc.vmalloc(513 * pageSize, caller: "large", cpu: cpu))
    #expect(
      vmalloc.vmallocinfo == """
        0xffffc90000000000-0xffffc90000202000 2105344 large pages=513 vmalloc vpages N0=513
        0xffffc90000202000-0xffffc90000205000   12288 large pages=2 vmalloc N0=2

        """)
    try vmalloc.checkInvariants()
    try vmalloc.vfree(area, cpu: cpu)
    #expect(vmalloc.areas == [])
    #expect(allocated == vmalloc.pageTablePages)
    try vmalloc.checkInvariants()
  }

  @Test("pages come zeroed when asked for, and with the last owner's bytes else")
  func zero() throws {
    let dirty = try #require(try vmalloc.vmalloc(64 * pageSize, cpu: cpu))
    try vmalloc.fill(dirty, count: 64 * pageSize, with: 0xaa)
    try vmalloc.vfree(dirty, cpu: cpu)
    let clean = try #require(try vmalloc.vzalloc(64 * pageSize, cpu: cpu))
    for page in 0..<64 {
      #expect(try vmalloc.load(at: clean + page * pageSize + 4088, as: UInt64.self) == 0)
    }
    try vmalloc.vfree(clean, cpu: cpu)
    let used = try #require(try vmalloc.vmalloc(64 * pageSize, cpu: cpu))
    var seen = 0
    for page in 0..<64
    where try vmalloc.load(at: used + page * pageSize, as: UInt64.self) == 0 { seen += 1 }
    #expect(seen > 0)
  }

  @Test("a huge area is mapped in pieces of 2 MiB, aligned, and falls back where there are none")
  func huge() throws {
    let area = try #require(try vmalloc.vmallocHuge(3 << 20, caller: "huge", cpu: cpu))
    #expect(area.rawValue & (2 << 20 - 1) == 0)
    #expect(vmalloc.entry(of: area)?.isHuge == true)
    #expect(vmalloc.areas.first { $0.start == area }?.pages == 1024)
    for offset in stride(from: 0, to: 4 << 20, by: 300_007) {
      try vmalloc.store(offset, at: area + offset)
    }
    for offset in stride(from: 0, to: 4 << 20, by: 300_007) {
      #expect(try vmalloc.load(at: area + offset, as: Int.self) == offset)
    }
    try vmalloc.checkInvariants()
    try vmalloc.vfree(area, cpu: cpu)
    try vmalloc.checkInvariants()
    // No block of 2 MiB is left whole.
    var pages: [PageFrame] = []
    while let page = try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu) {
      pages.append(page)
    }
    for page in pages where page.number % 2 == 0 {
      try machine.freePages(page, order: 0, cpu: cpu)
    }
    let small = try #require(try vmalloc.vmallocHuge(2 << 20, cpu: cpu))
    #expect(vmalloc.entry(of: small)?.isHuge == false)
    #expect(vmalloc.areas.first { $0.start == small }?.pages == 512)
    try vmalloc.checkInvariants()
  }

  @Test("a deferred free happens when it is run, and the area is dead before")
  func deferred() throws {
    let area = try #require(try vmalloc.vmalloc(pageSize, caller: "maker", cpu: cpu))
    try vmalloc.vfreeAtomic(area, caller: "irq")
    try vmalloc.checkInvariants()
    #expect(throws: VmallocError.alreadyFreed(try #require(vmalloc.area(containing: area)))) {
      try vmalloc.vfree(area, cpu: cpu)
    }
    vmalloc.freeDeferred(cpu: cpu)
    #expect(vmalloc.areas == [] && vmalloc.lazyPages == 2)
    try vmalloc.checkInvariants()
  }

  @Test("vmap shows pages in the order given, also twice, and leaves them to their owner")
  func vmap() throws {
    var frames: [PageFrame] = []
    for number in 0..<3 {
      let frame = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
      machine.pointer(to: frame).storeBytes(of: number, as: Int.self)
      frames.append(frame)
    }
    let shown = [frames[2], frames[0], frames[1], frames[0]]
    let area = try #require(try vmalloc.vmap(shown, caller: "alias", cpu: cpu))
    let numbers = try (0..<4).map { try vmalloc.load(at: area + $0 * pageSize, as: Int.self) }
    #expect(numbers == [2, 0, 1, 0])
    try vmalloc.store(77, at: area + pageSize)
    #expect(try vmalloc.load(at: area + 3 * pageSize, as: Int.self) == 77)
    #expect(
      vmalloc.vmallocinfo == "0xffffc90000000000-0xffffc90000005000   20480 alias vmap\n")
    #expect(vmalloc.usedBytes == 0)
    let constant = try #require(try vmalloc.vmap([frames[1]], isWritable: false, cpu: cpu))
    #expect(try vmalloc.load(at: constant, as: Int.self) == 1)
    #expect(throws: VmallocFault.self) { try vmalloc.store(5, at: constant) }
    #expect(try vmalloc.load(at: constant, as: Int.self) == 1)
    try vmalloc.checkInvariants()
    try vmalloc.vunmap(area, cpu: cpu)
    try vmalloc.vunmap(constant, cpu: cpu)
    try vmalloc.checkInvariants()
    for frame in frames { try machine.freePages(frame, order: 0, cpu: cpu) }
    #expect(allocated == vmalloc.pageTablePages)
  }

  @Test("vmap that owns its pages frees them with the area")
  func vmapOwning() throws {
    let frame = try #require(try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu))
    let area = try #require(
      try vmalloc.vmap([frame], kind: .ownsPages, caller: "gift", cpu: cpu))
    #expect(vmalloc.vmallocinfo.hasSuffix(" gift pages=1 vmap N0=1\n"))
    #expect(throws: VmallocError.self) { try vmalloc.vunmap(area, cpu: cpu) }
    try vmalloc.vfree(area, cpu: cpu)
    #expect(allocated == vmalloc.pageTablePages)
  }

  @Test("device memory is mapped aligned to its size, and reading it is a fault that names it")
  func ioremap() throws {
    let device = try #require(
      try vmalloc.ioremap(0xfed0_0010, size: 5 * pageSize, caller: "hpet_enable", cpu: cpu))
    #expect(device.description == "0xffffc90000000010")
    #expect(
      vmalloc.vmallocinfo
        == "0xffffc90000000000-0xffffc90000007000   28672 hpet_enable phys=0x00000000fed00000 ioremap\n"
    )
    let fault = #expect(throws: VmallocFault.self) {
      try vmalloc.load(at: device, as: UInt8.self)
    }
    #expect(
      fault?.description
        == "read fault at 0xffffc90000000010: the ioremap area "
        + "0xffffc90000000000-0xffffc90000007000 of 6 pages (hpet_enable) shows device memory at "
        + "0xfed00000, which this machine has not")
    try vmalloc.checkInvariants()
    try vmalloc.iounmap(device, cpu: cpu)
    try vmalloc.checkInvariants()
  }

  @Test("the 32-bit machine has three levels and 112 MiB at most")
  func x86_32() throws {
    let machine = try Machine(kind: .x86_32, memory: 1 << 30)
    let cpu = machine.cpus[0]
    let vmalloc = try Vmalloc(machine: machine, cpu: cpu)
    #expect(vmalloc.layout.vmalloc.lowerBound.description == "0x00000000f8800000")
    #expect(vmalloc.layout.vmalloc.upperBound.description == "0x00000000ff7fe000")
    let area = try #require(try vmalloc.vmalloc(5 * pageSize, cpu: cpu))
    #expect(area == vmalloc.layout.vmalloc.lowerBound)
    let frame = try #require(vmalloc.vmallocToPage(area))
    // __GFP_HIGHMEM is added: such pages need no address of their own.
    #expect(machine.zone(of: frame)?.kind == .highMem)
    try vmalloc.store(UInt64(1) << 60, at: area + pageSize - 3)
    #expect(try vmalloc.load(at: area + pageSize - 3, as: UInt64.self) == 1 << 60)
    #expect(vmalloc.pageTablePages == 3)
    // 112 MiB of addresses are soon used up, long before memory is.
    var count = 1
    while try vmalloc.vmalloc(8 << 20, cpu: cpu) != nil { count += 1 }
    #expect(count == 14 && vmalloc.statistics.addressFailures == 1)
    try vmalloc.checkInvariants()
  }

  @Test("what the kernel made where, on one CPU, is made there again")
  func recorded() throws {
    var present: [VirtualAddress: VirtualAddress] = [:]
    var made = 0
    for event in RecordedAreas.events(vmalloc.layout) {
      switch event {
      case .present(let start, let size):
        present[start] = try vmalloc.allocateArea(
          size: size, range: start..<(start + size), cpu: cpu)
      case .made(let start, let size, let align, let isModule):
        let range = isModule ? vmalloc.layout.modules : vmalloc.layout.vmalloc
        let area = try vmalloc.allocateArea(size: size, align: align, range: range, cpu: cpu)
        #expect(area == start)
        present[start] = area
        made += 1
      case .freed(let start):
        let area = present.removeValue(forKey: start)
        try vmalloc.freeArea(at: #require(area))
      case .purged(let count): #expect(vmalloc.purge().count == count)
      }
      try vmalloc.checkInvariants()
    }
    #expect(made == 172)
  }
}
