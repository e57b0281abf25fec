import PropertyTesting
import PropertyTestingSupport
import Testing

@testable import KernelMemory

@Suite("The boot allocator") struct MemblockTests {
  private static func ranges(_ regions: [Memblock.Region]) -> [Range<Int>] { regions.map(\.range) }

  @Test("ranges that touch or overlap become one, whatever they span")
  func merging() throws {
    let memblock = Memblock()
    try memblock.reserve(2..<4)
    try memblock.reserve(6..<8)
    #expect(Self.ranges(memblock.reserved) == [2..<4, 6..<8])
    try memblock.reserve(1..<9)
    #expect(Self.ranges(memblock.reserved) == [1..<9] && memblock.reservedSize == 8)
    try memblock.reserve(9..<12)
    try memblock.reserve(20..<30)
    try memblock.reserve(3..<5)
    #expect(Self.ranges(memblock.reserved) == [1..<12, 20..<30])
    try memblock.free(4..<25)
    #expect(Self.ranges(memblock.reserved) == [1..<4, 25..<30])
    try memblock.free(0..<100)
    #expect(memblock.reserved.isEmpty)
    try memblock.checkInvariants()
  }

  @Test("what is known keeps its flags; neighbours of another kind stay apart")
  func flags() throws {
    let memblock = Memblock()
    try memblock.add(0x1000..<0x9000)
    try memblock.mark(0x3000..<0x5000, .noMap)
    #expect(
      Self.ranges(memblock.memory) == [0x1000..<0x3000, 0x3000..<0x5000, 0x5000..<0x9000])
    try memblock.add(0x0..<0xa000, flags: .hotplug)
    #expect(memblock.memory.map(\.flags) == [.hotplug, [], .noMap, [], .hotplug])
    #expect(
      memblock.freeRanges() == [0..<0x1000, 0x1000..<0x3000, 0x5000..<0x9000, 0x9000..<0xa000])
    try memblock.mark(0x0..<0x1_0000, .noMap, on: false)
    try memblock.mark(0x0..<0x1_0000, .hotplug)
    #expect(Self.ranges(memblock.memory) == [0..<0xa000])
    try memblock.mark(0x2000..<0x3000, .driverManaged)
    #expect(memblock.freeRanges() == [0..<0x2000, 0x3000..<0xa000])
    try memblock.checkInvariants()
  }

  @Test("from the top downwards, aligned, within limits, and never page 0")
  func topDown() throws {
    let memblock = Memblock()
    try memblock.add(0..<0x10000)
    #expect(try memblock.allocate(100) == 0xff80)
    #expect(try memblock.allocate(0x1000, alignment: 0x1000) == 0xe000)
    #expect(try memblock.allocate(0x1000, alignment: 0x4000) == 0xc000)
    #expect(try memblock.allocate(64, below: 0x4000) == 0x3fc0)
    #expect(try memblock.allocate(1, from: 0x5000, below: 0x6000) == 0x5fc0)
    // The lower limit is a wish.
    try memblock.reserve(0x5000..<0x6000)
    #expect(try memblock.allocate(0x1000, from: 0x5000, below: 0x6000) == 0x4000)
    memblock.currentLimit = 0x2000
    #expect(try memblock.allocate(0x1000) == 0x1000)
    #expect(try memblock.allocate(1) == nil)
    memblock.currentLimit = .max
    #expect(try memblock.allocate(0x8000) == nil)
    try memblock.checkInvariants()
  }

  @Test("or from the bottom upwards")
  func bottomUp() throws {
    let memblock = Memblock()
    memblock.isBottomUp = true
    try memblock.add(0..<0x10000)
    #expect(try memblock.allocate(100) == 0x1000)
    #expect(try memblock.allocate(100) == 0x1080)
    #expect(try memblock.allocate(0x1000, alignment: 0x1000) == 0x2000)
    #expect(try memblock.allocate(0x1000, alignment: 0x1000, from: 0x9001) == 0xa000)
    // Aligning must not lead out of the hole.
    let holes = Memblock()
    holes.isBottomUp = true
    try holes.add(0x1000..<0x3000)
    #expect(try holes.allocate(0x2000, alignment: 0x4000) == nil)
    #expect(try holes.allocate(0x1000, alignment: 0x2000) == 0x2000)
  }

  @Test("mirrored memory first, any other then")
  func mirror() throws {
    let memblock = Memblock()
    try memblock.add(0x1000..<0x10000)
    try memblock.mark(0x2000..<0x3000, .mirror)
    #expect(try memblock.allocate(0x800) == 0x2800)
    #expect(try memblock.allocate(0x800) == 0x2000)
    #expect(try memblock.allocate(0x800) == 0xf800)
  }

  @Test("bad calls")
  func badCalls() throws {
    let memblock = Memblock()
    try memblock.add(0x1000..<0x10000)
    for (message, call) in [
      ("memblock: cannot allocate 0 bytes; ask for 1 or more", { _ = try memblock.allocate(0) }),
      ("memblock: cannot allocate -5 bytes; ask for 1 or more", { _ = try memblock.allocate(-5) }),
      (
        "memblock: the alignment 48 is not a power of two",
        { _ = try memblock.allocate(1, alignment: 48) }
      ),
      (
        "memblock: the alignment 0 is not a power of two",
        { _ = try memblock.allocate(1, alignment: 0) }
      ),
      ("memblock: the range -1..<5 starts below address 0", { try memblock.add(-1..<5) }),
      ("memblock: the range -1..<5 starts below address 0", { try memblock.reserve(-1..<5) }),
      ("memblock: the range -1..<5 starts below address 0", { try memblock.free(-1..<5) }),
    ] as [(String, () throws -> Void)] {
      let error = #expect(throws: MemblockError.self) { try call() }
      #expect(error?.description == message)
    }
    #expect(try memblock.allocate(.max) == nil)
    #expect(try memblock.allocate(1, alignment: 1 << 62) == nil)
    memblock.isBottomUp = true
    #expect(try memblock.allocate(1, alignment: 1 << 62) == nil)
    #expect(memblock.reserved.isEmpty)
  }

  @Test("a full table doubles into memory that it reserves, and gives the old one back")
  func growth() throws {
    let memblock = Memblock(entries: 4)
    try memblock.add(0x1000..<0x100000)
    for index in 0..<4 { try memblock.reserve(index * 0x2000 + 0x10000..<index * 0x2000 + 0x11000) }
    #expect(memblock.reserved.count == 4)
    // The fifth region needs room: 8 entries lie in the highest free page, above what is being reserved.
    try memblock.reserve(0x20000..<0x21000)
    #expect(memblock.reserved.last?.range == 0xff000..<0x100000)
    #expect(memblock.reservedTable.capacity == 8)
    for index in 0..<400 {
      try memblock.reserve(0x30000 + index * 0x20..<0x30010 + index * 0x20)
      try memblock.checkInvariants()
    }
    #expect(memblock.reservedTable.capacity == 512)
    // 512 entries of 24 bytes are 3 pages; of the smaller tables nothing is left.
    let tables = memblock.reserved.filter { $0.range.lowerBound >= 0x40000 }
    #expect(tables.reduce(0) { $0 + $1.range.count } == 3 * 0x1000)
  }

  @Test("when a table cannot grow the call fails and leaves everything as it was")
  func growthFails() throws {
    let memblock = Memblock(entries: 4)
    for index in 0..<4 { try memblock.reserve(index * 0x2000..<index * 0x2000 + 0x1000) }
    let before = memblock.description
    let error = #expect(throws: MemblockError.self) { try memblock.reserve(0x1800..<0x1900) }
    #expect(
      error?.description
        == "memblock: the table of reserved regions is full with 4 entries and cannot "
        + "grow: add memory first, allow growth, or start with more entries")
    #expect(throws: MemblockError.self) { try memblock.free(0x2400..<0x2500) }
    #expect(memblock.description == before)
    try memblock.add(0x10000..<0x20000)
    memblock.canGrow = false
    #expect(throws: MemblockError.self) { try memblock.reserve(0x1800..<0x1900) }
    memblock.canGrow = true
    try memblock.reserve(0x1800..<0x1900)
    #expect(memblock.reserved.count == 6)
  }

  @Test("a machine takes over what is free, in whole pages, and nothing else")
  func handover() throws {
    let memblock = Memblock()
    try memblock.add(0x1800..<0x40_0800)
    try memblock.add(0x80_0000..<0x100_0000)
    try memblock.reserve(0x10_0800..<0x10_1001)
    try memblock.mark(0x90_0000..<0x91_0000, .noMap)
    let image = try #require(try memblock.allocate(3 << 20, alignment: 1 << 20))
    #expect(image == 0xd0_0000)
    let small = try #require(try memblock.allocate(10, below: 1 << 20))
    #expect(small == 0xf_ffc0)

    let machine = try Machine(memblock: memblock)
    // 0x2…0x3ff but the pages of the small ones, and 0x800…0xcff but the unmapped ones.
    let expected = (0x2..<0x400).count - 3 + (0x800..<0xd00).count - 16
    #expect(machine.managedPages == expected)
    #expect(machine.node.zones[0].present == (0x2..<0x400).count + (0x800..<0x1000).count)
    #expect(machine.node.zones[0].start == PageFrame(2))
    var pages: Set<Int> = []
    while let page = try machine.allocatePages(
      order: 0, gfp: [.dma, .memalloc], cpu: machine.cpus[0])
    {
      #expect(pages.insert(page.number).inserted)
    }
    #expect(pages.count == expected)
    for range in [0..<2, 0xff..<0x102, 0x400..<0x800, 0x900..<0x910, 0xd00..<0x1000] {
      #expect(pages.isDisjoint(with: range))
      for frame in range {
        #expect([.reserved, .foreign].contains(machine.use(of: PageFrame(frame))))
      }
    }
    try machine.checkInvariants()
  }

  @Test("blocks are handed over from the bottom, each as large as its place allows")
  func blocks() throws {
    let memblock = Memblock()
    try memblock.add(0x3000..<0x2_5000)
    let machine = try Machine(memblock: memblock)
    let zone = machine.node.zones[0]
    let blocks = (0...maxOrder).flatMap { order in
      zone.freeBlocks(order: order).map { ($0.number, order) }
    }.sorted { $0.0 < $1.0 }
    #expect(blocks.map(\.0) == [3, 4, 8, 16, 32, 36])
    #expect(blocks.map(\.1) == [0, 2, 3, 4, 2, 0])
    try machine.checkInvariants()
  }

  @Test("after the handover every change is refused, and says where to go")
  func afterHandover() throws {
    let memblock = Memblock()
    try memblock.add(0x1000..<0x100_0000)
    let machine = try Machine(memblock: memblock)
    let message =
      "memblock: the memory was handed over to the page allocator; allocate from the machine instead"
    for call in [
      { _ = try memblock.allocate(1) }, { try memblock.add(0..<1) }, { try memblock.remove(0..<1) },
      { try memblock.reserve(0..<1) }, { try memblock.free(0..<1) },
      { try memblock.mark(0..<1, .noMap) },
    ] as [() throws -> Void] {
      let error = #expect(throws: MemblockError.self) { try call() }
      #expect(error?.description == message)
    }
    let again = #expect(throws: MachineError.self) { try Machine(memblock: memblock) }
    #expect(
      again?.description == "the zones cannot be laid out: the memblock was handed over to another "
        + "machine; fill a new one")
    #expect(memblock.memorySize == 0xff_f000)
    _ = machine
  }

  @Test("machines that cannot be booted")
  func noMachine() throws {
    let empty = Memblock()
    #expect(throws: MachineError.badLayout("the memblock has no whole page of memory")) {
      try Machine(memblock: empty)
    }
    try empty.add(0x1800..<0x2800)
    #expect(throws: MachineError.badLayout("the memblock has no whole page of memory")) {
      try Machine(memblock: empty)
    }
    try empty.add(0x1000..<0x10000)
    try empty.reserve(0..<0x10000)
    #expect(
      throws: MachineError.badLayout("every frame is reserved; nothing is left to hand out")
    ) { try Machine(memblock: empty) }
    // A machine that could not be booted leaves the memblock usable.
    try empty.free(0x5000..<0x10000)
    #expect(try Machine(memblock: empty).managedPages == 11)
    let large = Memblock()
    try large.add((1 << 40)..<(1 << 40) + 0x1000)
    #expect(throws: MachineError.self) { try Machine(memblock: large) }
  }

  @Test("both tables as the kernel prints them")
  func text() throws {
    let memblock = Memblock()
    try memblock.add(0x1000..<0x9_f000)
    try memblock.add(0x10_0000..<0x2000_0000)
    try memblock.mark(0x10_0000..<0x20_0000, .noMap)
    try memblock.reserve(0x1000..<0x1_0000)
    #expect(
      memblock.description == """
        MEMBLOCK configuration:
         memory size = 0x000000001ff9e000 reserved size = 0x000000000000f000
         memory.cnt  = 0x3
         memory[0x0]\t[0x0000000000001000-0x000000000009efff], 0x000000000009e000 bytes flags: 0x0
         memory[0x1]\t[0x0000000000100000-0x00000000001fffff], 0x0000000000100000 bytes flags: 0x4
         memory[0x2]\t[0x0000000000200000-0x000000001fffffff], 0x000000001fe00000 bytes flags: 0x0
         reserved.cnt  = 0x1
         reserved[0x0]\t[0x0000000000001000-0x000000000000ffff], 0x000000000000f000 bytes flags: 0x0

        """)
  }

  @Test("random commands against a map of bytes")
  func random() async {
    await checkProperty("the tables say what a map of bytes says", runs: 150) { choices in
      let memblock = Memblock(entries: try choices.draw(4...8))
      memblock.isBottomUp = try choices.draw(0...1) == 1
      // In units of 64 bytes.
      var (isMemory, isReserved) = (Set<Int>(), Set<Int>())
      func units(_ range: Range<Int>) -> Range<Int> {
        range.lowerBound / 64..<range.upperBound / 64
      }
      try choices.commands(average: 20, max: 100) {
        let start = try choices.draw(0...255) * 64
        let range = start..<start + (try choices.draw(0...16)) * 64
        let table = memblock.reservedTable.storage
        do {
          switch try choices.draw(0...4) {
          case 0:
            choices.note("add \(range)")
            try memblock.add(range)
            isMemory.formUnion(units(range))
          case 1:
            choices.note("reserve \(range)")
            try memblock.reserve(range)
            isReserved.formUnion(units(range))
          case 2
          where table?.overlaps(range) != true
            && memblock.memoryTable.storage?.overlaps(range) != true:
            choices.note("free \(range)")
            try memblock.free(range)
            isReserved.subtract(units(range))
          case 3:
            choices.note("remove \(range)")
            try memblock.remove(range)
            isMemory.subtract(units(range))
          case 4 where !range.isEmpty:
            choices.note("allocate \(range.count)")
            guard let address = try memblock.allocate(range.count) else { break }
            let taken = address..<address + range.count
            // A table that grew meanwhile may have moved; it takes whole pages.
            guard isMemory.isSuperset(of: units(taken)), isReserved.isDisjoint(with: units(taken)),
              address >= pageSize, address.isMultiple(of: 64)
            else { throw MemblockViolation("\(taken) was not free") }
            isReserved.formUnion(units(taken))
          default: break
          }
        } catch let error as MemblockError {
          guard case .tableFull = error else { throw error }
          choices.label("full")
        }
        try memblock.checkInvariants()
        // Where the tables lie is theirs to choose.
        let tables = [memblock.memoryTable, memblock.reservedTable].compactMap(\.storage)
        let memory = memblock.memory.flatMap { units($0.range) }
        guard Set(memory) == isMemory else { throw MemblockViolation("memory differs") }
        let reserved = Set(memblock.reserved.flatMap { units($0.range) })
        let (more, less) = (reserved.subtracting(isReserved), isReserved.subtracting(reserved))
        guard more.allSatisfy({ unit in tables.contains { $0.contains(unit * 64) } }), less.isEmpty
        else { throw MemblockViolation("reserved differs") }
        let free = memblock.freeRanges().flatMap { units($0) }
        guard Set(free) == isMemory.subtracting(reserved) else {
          throw MemblockViolation("free differs")
        }
      }
    }
  }

  @Test("the checker finds tables that were tampered with")
  func corruption() throws {
    func finding(_ tamper: (Memblock) -> Void) throws -> String? {
      let memblock = Memblock(entries: 4)
      try memblock.add(0x1000..<0x9000)
      for start in [0x2000, 0x4000, 0x6000] { try memblock.reserve(start..<start + 0x100) }
      try memblock.checkInvariants()
      tamper(memblock)
      do {
        try memblock.checkInvariants()
        return nil
      } catch {
        return error.description
      }
    }
    #expect(
      try finding { $0.reservedTable.regions.swapAt(0, 1) }
        == "memblock: the reserved regions 16384..<16640 and 8192..<8448 overlap or are not ascending"
    )
    #expect(
      try finding { $0.reservedTable.regions[0].range = 0x2000..<0x4001 }
        == "memblock: the reserved regions 8192..<16385 and 16384..<16640 overlap or are not ascending"
    )
    #expect(
      try finding { $0.reservedTable.regions[0].range = 0x2000..<0x4000 }
        == "memblock: the reserved regions 8192..<16384 and 16384..<16640 should be one")
    #expect(
      try finding { $0.reservedTable.regions[2].range = 0x6000..<0x6000 }
        == "memblock: the reserved region 24576..<24576 is empty")
    #expect(
      try finding { $0.reservedTable.capacity = 2 }
        == "memblock: the table of reserved regions has 3 of at most 2")
    #expect(
      try finding { $0.memoryTable.storage = 0x5000..<0x6000 }
        == "memblock: the table of memory regions lies at 20480..<24576, which is not reserved")
  }
}
