import Synchronization

/// An object allocator over a machine's pages: ``SLUB``, ``SLAB`` or ``SLOB``.
///
/// Owns its caches, and what each processor keeps of them. Many threads may call it at once, each with a ``CPU`` of
/// its own. Source: `mm/slab_common.c`, `mm/slab.h`.
public class SlabAllocator: @unchecked Sendable {
  public final let machine: Machine
  /// Which checks all caches get at creation (`slub_debug`).
  public final let debug: SlabFlags
  /// Decides everything that looks random.
  final let seed: UInt64

  /// Address of the machine's first byte.
  final let base: UInt
  final let frameCount: UInt
  /// For each frame the number of the cache whose slab it is part of; ``noCache``, or ``largeBlock``.
  final let owners: UnsafeMutablePointer<UInt16>
  /// For each eighth of a kmalloc size the number of its cache, 1024 elements; ``noCache`` for none.
  final let kmallocIDs: UnsafeMutablePointer<UInt8>

  /// Indexed by head frame.
  final let slabs: UnsafeMutablePointer<SlabDescriptor>
  /// Indexed by a cache's number.
  final let states: UnsafeMutablePointer<CacheState>
  /// The kmalloc caches of each family in order of their class; zero elements while there are none.
  final var kmallocCaches: [[ObjectCache]] = []
  /// Blocks that `kmalloc` took from the page allocator, and their pages.
  final let largeBlocks = Atomic<Int>(0)
  final let largePages = Atomic<Int>(0)

  private let tables: [Arena]
  private let linesPerCPU: Arena
  private let entries: Arena
  /// Guards the list of caches.
  final let registry = Locked(Registry())
  /// Held while caches come and go, and while all are visited (`slab_mutex`); nothing is allocated meanwhile.
  final let lifecycle = SpinLock()

  struct Registry {
    /// Numbers of the living caches, oldest first.
    var order: [UInt16] = []
    var nextID = SlabAllocator.firstCache
    /// Numbers of destroyed caches.
    var unused: [UInt16] = []
    var reports: [SlabReport] = []
    var largeTracks: [UInt32: Track] = [:]
  }

  /// The page belongs to no cache. The number's line holds nothing and may hold nothing, so that every operation
  /// that meets it goes the slow way.
  static let noCache: UInt16 = 0
  /// The page is part of a block that `kmalloc` took from the page allocator.
  static let largeBlock: UInt16 = 1
  /// The page is one of SLOB's, which holds objects of any cache.
  static let mixedPage: UInt16 = 2
  static let firstCache: UInt16 = 3
  /// The most caches there can be at a time.
  public static let maximumCaches = 1021
  private static let numbers = 1024
  /// Where the kernel maps all memory; reports give addresses in this map (`PAGE_OFFSET`).
  static let directMap: UInt = 0xffff_8880_0000_0000

  /// Prepares the tables and each processor's area.
  ///
  /// - Throws: ``SlabError/machineInUse``, or ``SlabError/machine(_:)`` when address space is refused.
  init(machine: Machine, debug: SlabFlags, seed: UInt64) throws(SlabError) {
    guard machine.cpus[0].state.pointee.objects == nil else { throw .machineInUse }
    self.machine = machine
    self.debug = debug.intersection(.debug)
    self.seed = seed
    base = UInt(bitPattern: machine.memory.base)
    let frames = machine.memory.byteCount / pageSize
    frameCount = UInt(frames)
    let cpus = machine.cpus.count
    let numbers = Self.numbers
    let lineBytes = numbers * MemoryLayout<CPUObjects>.stride
    let entryBytes = numbers * CPUObjects.entryStride * MemoryLayout<UInt>.stride
    do throws(MachineError) {
      let owned = try Arena(byteCount: frames * MemoryLayout<UInt16>.stride)
      let described = try Arena(byteCount: frames * MemoryLayout<SlabDescriptor>.stride)
      linesPerCPU = try Arena(byteCount: cpus * lineBytes)
      entries = try Arena(byteCount: cpus * entryBytes)
      tables = [owned, described]
      owners = owned.base.bindMemory(to: UInt16.self, capacity: frames)
      slabs = described.base.bindMemory(to: SlabDescriptor.self, capacity: frames)
    } catch {
      throw .machine(error)
    }
    states = .allocate(capacity: numbers)
    kmallocIDs = .allocate(capacity: KmallocClass.tableCount)
    kmallocIDs.initialize(repeating: 0, count: KmallocClass.tableCount)
    for cpu in machine.cpus {
      cpu.state.pointee.objects = CPUObjectTables(
        lines: linesPerCPU.base + cpu.number * lineBytes, owners: owners, kmallocIDs: kmallocIDs,
        base: base)
      for id in 0..<Self.firstCache { resetLine(cpu, id) }
    }
    machine.add(usageOf: self)
  }

  deinit {
    for cpu in machine.cpus { cpu.state.pointee.objects = nil }
    registry.withLock { registry in
      for id in Self.firstCache..<registry.nextID {
        states[Int(id)].shared.deallocate()
        states[Int(id)].extra?.deallocate()
        (states + Int(id)).deinitialize(count: 1)
      }
    }
    states.deallocate()
    kmallocIDs.deallocate()
  }

  /// Empties a CPU's part of a cache.
  final func resetLine(_ cpu: CPU, _ id: UInt16) {
    let start =
      entries.base.assumingMemoryBound(to: UInt.self)
      + (cpu.number * Self.numbers + Int(id)) * CPUObjects.entryStride
    cpu.objects(id).initialize(to: CPUObjects(entries: start + 1))
  }

  // MARK: What each design decides

  /// The design's name: `SLUB`, `SLAB` or `SLOB`.
  public var name: String { "" }

  /// Lays out a new cache; nil when no slab can hold its objects.
  func layout(
    objectSize: Int, align: Int, flags: SlabFlags, hasConstructor: Bool
  ) -> CacheLayout? { nil }

  /// Whether caches with these parameters may share slabs.
  var merges: Bool { false }

  /// Whether slots start at multiples of their size from the start of a page.
  var slotsStartWithPages: Bool { false }

  /// Completes a new cache: arrays, random order.
  func prepare(_ cache: ObjectCache, arrayCapacity: Int?) throws(SlabError) {}

  /// Takes an object after the CPU's array had none, or could not be used; 0 for none.
  func takeSlowly(
    _ cache: ObjectCache, bytes: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt { 0 }

  /// Gives back an object when the CPU's array is full, or could not be used; `address` may be anything.
  func giveSlowly(_ address: UInt, _ cache: ObjectCache, cpu: CPU, site: CallSite) throws(SlabError)
  {}

  /// Returns the pages of empty slabs; the number of pages.
  func shrinkSlabs(_ cache: ObjectCache, cpu: CPU) -> Int { 0 }

  /// Releases what ``prepare(_:arrayCapacity:)`` made; the cache has no slab left.
  func dismantle(_ cache: ObjectCache) {}

  /// Checks one cache.
  func check(_ cache: ObjectCache) throws(SlabInvariantViolation) {}

  /// Checks what belongs to no cache.
  func checkAll() throws(SlabInvariantViolation) {}

  /// Adds what belongs to no cache.
  func sharedCounts(_ sum: inout SlabStatistics) {}

  /// Bytes usable of an object (`ksize`).
  func usableSize(_ address: UInt, _ cache: ObjectCache) -> Int { cache.size }

  /// How many of a slab's objects a CPU keeps for itself, uncounted by the slab.
  func privateObjects(_ cache: ObjectCache, _ frame: UInt32) -> Int { 0 }

  /// Every object of a cache that is in use, with who allocated it where that is known.
  func liveTracks(_ cache: ObjectCache) -> [Track?] { [] }

  /// The cache's line in `/proc/slabinfo`.
  func slabInfo(of cache: ObjectCache) -> SlabInfo {
    let layout = cache.layout
    let state = cache.state
    var info = SlabInfo(
      name: cache.name, size: layout.size, objectsPerSlab: layout.objectsPerSlab,
      order: layout.order)
    state.pointee.lock.lock()
    defer { state.pointee.lock.unlock() }
    info.objects = state.pointee.objectCount
    info.slabs = state.pointee.slabCount
    info.activeSlabs = info.slabs
    info.activeObjects = info.objects
    var frame = state.pointee.partial.first
    while frame != 0 {
      info.activeObjects -= Int(slabs[Int(frame)].objects - slabs[Int(frame)].inUse)
      frame = slabs[Int(frame)].next
    }
    return info
  }

  /// Notes that an allocation of `usable` bytes has another size now, and clears what is new if asked to.
  func resizeInPlace(_ address: UInt, to size: Int, usable: Int, zero: Bool) {
    if zero, size < usable {
      UnsafeMutableRawPointer(bitPattern: address + UInt(size)).unsafelyUnwrapped
        .initializeMemory(as: UInt8.self, repeating: 0, count: usable - size)
    }
  }

  /// `kmalloc` of a size that no cache has.
  func kmallocElsewhere(
    _ size: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt {
    try kmallocLarge(size, gfp: gfp, cpu: cpu, site: site)
  }

  /// `kfree` of an address in a page of ``mixedPage``.
  func kfreeElsewhere(_ address: UInt, cpu: CPU, site: CallSite) throws(SlabError) {}

  /// `ksize` of an address in a page of ``mixedPage``.
  func usableSizeElsewhere(_ address: UInt, site: CallSite) throws(SlabError) -> Int { 0 }
}
