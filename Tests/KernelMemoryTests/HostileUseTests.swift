import PropertyTesting
import Testing

@testable import KernelMemory

/// Threads that do everything at once, right and wrong, on too little memory, while requests are made to fail.
///
/// What must hold: calls throw what they promise, nobody's bytes change, and in the end everything is there again.
/// Under the sanitizers, nothing is reported either.
@Suite("Hostile use by sixteen threads") struct HostileUseTests {
  private static let threads = 16

  @Test("all calls of one kernel at once", arguments: [SlabFlags(), .debug])
  func kernel(debug: SlabFlags) throws {
    let kernel = try Kernel(megabytes: 24, cpus: 8, debug: debug)
    kernel.machine.reclaimSettings.patience = 5
    let cpu = kernel.machine.cpus[0]
    let users = try UserMemory(
      machine: kernel.machine, kernel: kernel.areas, swapPages: 512, cpu: cpu)
    let attic = Attic(kernel)
    kernel.machine.register(shrinker: attic.shrinker)
    let failures = Locked<[String]>([])
    inThreads(Self.threads) { number in
      var villain = Villain(kernel, users, attic, number)
      do {
        for _ in 0..<60 { try villain.act() }
        kernel.machine.stopFaults()
        try villain.giveAllBack()
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    kernel.machine.stopFaults()
    kernel.machine.stopFaults(at: .objects)
    kernel.machine.unregister(shrinker: attic.shrinker)
    attic.empty(cpu)
    users.tearDown(cpu: cpu)
    try kernel.slab.checkInvariants()
    try kernel.areas.checkInvariants()
    #expect(kernel.shutDown().description == "shut down: everything was given back")
    try kernel.machine.checkInvariants()
  }
}

/// Objects that anybody may free, a shrinker above all.
private final class Attic: @unchecked Sendable {
  private struct Thing: @unchecked Sendable { let pointer: UnsafeMutableRawPointer }
  private let things = Locked<[Thing]>([])
  private unowned let kernel: Kernel

  init(_ kernel: Kernel) { self.kernel = kernel }

  func put(_ pointer: UnsafeMutableRawPointer) {
    things.withLock { $0.append(Thing(pointer: pointer)) }
  }

  @discardableResult
  func freeOne(_ cpu: CPU) -> Bool {
    guard let thing = things.withLock({ $0.popLast() }) else { return false }
    #expect(throws: Never.self) { try kernel.slab.kfree(thing.pointer, cpu: cpu) }
    return true
  }

  func empty(_ cpu: CPU) { while freeOne(cpu) {} }

  private(set) lazy var shrinker = Shrinker(
    name: "attic", count: { [unowned self] _ in things.withLock { $0.count } },
    scan: { [unowned self] control in
      (0..<control.target).prefix { _ in self.freeOne(control.cpu) }.count
    })
}

/// One thread's means and mischief.
private struct Villain {
  private let kernel: Kernel
  private let users: UserMemory
  private let attic: Attic
  private let number: Int
  private var random: SplitMix64

  private var objects: [(pointer: UnsafeMutableRawPointer, size: Int)] = []
  private var blocks: [(pointer: UnsafeMutableRawPointer, order: Int)] = []
  private var areas: [VirtualAddress] = []

  init(_ kernel: Kernel, _ users: UserMemory, _ attic: Attic, _ number: Int) {
    self.kernel = kernel
    self.users = users
    self.attic = attic
    self.number = number
    random = SplitMix64(seed: UInt64(number))
  }

  private mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

  private mutating func mask() -> GFPFlags {
    [.kernel, .kernel, .atomic, .nowait, [.kernel, .zero], [.kernel, .noretry]][pick(6)]
  }

  mutating func act() throws {
    switch pick(14) {
    case 0, 1, 2: try allocateObjects()
    case 3, 4: try freeObjects()
    case 5: try movePages()
    case 6: try moveAreas()
    case 7: try useCache()
    case 8: try runProcess()
    case 9: misuseObjects()
    case 10: misusePages()
    case 11: misuseAreas()
    case 12: try look()
    default: try disturb()
    }
  }

  // MARK: What is allowed

  private mutating func allocateObjects() throws {
    for _ in 0..<8 {
      let size = [8, 40, 96, 200, 700, 3000, 9000, 70_000][pick(8)]
      guard let pointer = try kernel.kmalloc(size, mask()) else { continue }
      pointer.initializeMemory(as: UInt8.self, repeating: UInt8(number), count: size)
      if pick(4) == 0 { attic.put(pointer) } else { objects.append((pointer, size)) }
    }
    guard let last = objects.popLast() else { return }
    if let larger = try kernel.krealloc(last.pointer, last.size + 100, .nowait) {
      objects.append((larger, last.size))
    } else {
      objects.append(last)
    }
  }

  private mutating func freeObjects() throws {
    while objects.count > 10, let (pointer, size) = objects.popLast() {
      try free(pointer, size)
    }
    kernel.withCPU { cpu in _ = attic.freeOne(cpu) }
  }

  private func free(_ pointer: UnsafeMutableRawPointer, _ size: Int) throws {
    let bytes = UnsafeRawBufferPointer(start: pointer, count: size)
    #expect(bytes.allSatisfy { $0 == UInt8(number) }, "an object was handed out twice")
    try kernel.kfree(pointer)
  }

  private mutating func movePages() throws {
    for order in [0, 0, 1, 3, 4, 7] {
      if let pointer = try kernel.getFreePages(order: order, mask()) {
        pointer.storeBytes(of: number, as: Int.self)
        blocks.append((pointer, order))
      }
    }
    while blocks.count > 4 {
      let (pointer, order) = blocks.remove(at: pick(blocks.count))
      #expect(pointer.load(as: Int.self) == number)
      try kernel.freePages(pointer, order: order)
    }
  }

  private mutating func moveAreas() throws {
    if let area = try kernel.vmalloc((1 + pick(20)) * pageSize) {
      try kernel.areas.store(number, at: area)
      areas.append(area)
    }
    if let area = try kernel.kvmalloc(1 + pick(100_000)) { try kernel.kvfree(area) }
    while areas.count > 2 {
      let area = areas.remove(at: pick(areas.count))
      #expect(try kernel.areas.load(at: area, as: Int.self) == number)
      try kernel.vfree(area)
    }
    if pick(4) == 0 { kernel.areas.purge() }
  }

  /// Caches of like objects become one; each thread destroys only its own name.
  private mutating func useCache() throws {
    let cache = try kernel.createCache("cache-\(number)", size: 248 + pick(3) * 8)
    for _ in 0..<5 {
      guard let object = try kernel.allocate(from: cache, mask()) else { continue }
      try kernel.free(object, to: cache)
    }
    kernel.shrink(cache)
    try kernel.destroyCache(cache)
  }

  private mutating func runProcess() throws {
    let process: AddressSpace? = kernel.withCPU { cpu in
      try? AddressSpace(memory: users, name: "process", pid: number + 1, cpu: cpu)
    }
    guard let process else { return }
    do {
      if let start = try process.mmap(64 * pageSize) {
        for page in 0..<24 {
          try kernel.withCPU { cpu in
            try process.store(page, at: start + page * pageSize, cpu: cpu)
          }
        }
        let child = try kernel.withCPU { cpu in try process.fork(pid: number + 100, cpu: cpu) }
        defer { kernel.withCPU { cpu in child?.exit(cpu: cpu) } }
        try kernel.withCPU { cpu in
          try process.store(-1, at: start, cpu: cpu)
          if let child { #expect(try child.load(at: start, as: Int.self, cpu: cpu) == 0) }
        }
      }
    } catch is UserFault {
      // Memory ran out, or the killer came.
    } catch UserMemoryError.ended {}
    kernel.withCPU { cpu in process.exit(cpu: cpu) }
  }

  // MARK: What is not

  private func misuseObjects() {
    var local = 0
    withUnsafeMutablePointer(to: &local) { pointer in
      #expect(throws: SlabError.self) { try kernel.kfree(UnsafeMutableRawPointer(pointer)) }
      #expect(throws: SlabError.self) { try kernel.ksize(UnsafeMutableRawPointer(pointer)) }
    }
    #expect(throws: SlabError.self) { try kernel.createCache("", size: 8) }
    #expect(throws: SlabError.self) { try kernel.createCache("none", size: 0) }
    if let (pointer, _) = objects.last {
      #expect(throws: SlabError.self) { try kernel.kfree(pointer + 1) }
      #expect(throws: SlabError.self) { try kernel.krealloc(pointer + 1, 10) }
    }
    if let (pointer, _) = blocks.last {
      #expect(throws: SlabError.self) { try kernel.kfree(pointer) }
    }
    kernel.withCPU { cpu in
      cpu.withAtomicContext(.spinLock("lock")) {
        #expect(throws: SlabError.self) { try kernel.kmalloc(8) }
        #expect(throws: PageError.self) { try kernel.getFreePages(order: 0) }
      }
    }
  }

  private func misusePages() {
    #expect(throws: PageError.self) { try kernel.getFreePages(order: -1) }
    #expect(throws: PageError.self) { try kernel.getFreePages(order: 11) }
    #expect(throws: PageError.self) { try kernel.getFreePages(order: 0, [.dma, .dma32]) }
    if let (pointer, order) = blocks.last {
      #expect(throws: PageError.self) { try kernel.freePages(pointer, order: order + 1) }
      #expect(throws: PageError.self) { try kernel.freePages(pointer + 1, order: order) }
      if order > 0 {
        #expect(throws: PageError.self) { try kernel.freePages(pointer + pageSize, order: 0) }
      }
    }
    let base = kernel.machine.memory.base
    #expect(throws: PageError.self) { try kernel.freePages(base, order: 0) }
    #expect(throws: PageError.self) { try kernel.freePages(base - pageSize, order: 0) }
  }

  private func misuseAreas() {
    let start = kernel.areas.layout.vmalloc.lowerBound
    #expect(throws: VmallocError.self) { try kernel.vmalloc(0) }
    #expect(throws: VmallocError.self) { try kernel.vfree(start + 1) }
    if let area = areas.last {
      #expect(throws: VmallocError.self) { try kernel.vfree(area + pageSize) }
      #expect(throws: VmallocError.self) {
        try kernel.areas.vunmap(area + 1, cpu: kernel.machine.cpus[0])
      }
    }
    #expect(throws: VmallocFault.self) {
      try kernel.areas.load(at: VirtualAddress(1), as: Int.self)
    }
  }

  // MARK: What disturbs others

  private mutating func look() throws {
    let file = Kernel.ProcFile.allCases[pick(Kernel.ProcFile.allCases.count)]
    #expect(!kernel.proc(file).isEmpty || file == .vmallocinfo)
    _ = (kernel.slab.statistics, kernel.slab.reports.count, kernel.machine.log.lines.count)
    _ = kernel.machine.use(of: PageFrame(pick(24 << 8)))
    #expect(kernel.slab.cache(named: "kmalloc-64") != nil)
  }

  private mutating func disturb() throws {
    switch pick(5) {
    case 0:
      try kernel.machine.injectFaults(.probability(0.1, seed: random.next()))
      try kernel.machine.injectFaults(.every(7), at: .objects)
    case 1:
      kernel.machine.stopFaults()
      kernel.machine.stopFaults(at: .objects)
    case 2: kernel.machine.drainAll()
    case 3: kernel.withCPU { cpu in _ = kernel.machine.dropCaches(cpu: cpu) }
    default: kernel.withCPU { cpu in _ = kernel.slab.shrinkAll(cpu: cpu) }
    }
  }

  mutating func giveAllBack() throws {
    for (pointer, size) in objects { try free(pointer, size) }
    for (pointer, order) in blocks { try kernel.freePages(pointer, order: order) }
    for area in areas { try kernel.vfree(area) }
  }
}
