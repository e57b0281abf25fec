/// A simulated machine: real memory, its zones, and the page allocator with a set of page lists for each CPU.
///
/// Many threads may call it at once, each with a ``CPU`` of its own. Source: `mm/page_alloc.c`.
public final class Machine: @unchecked Sendable {
  public let kind: MachineKind
  /// The memory's bytes; frame n lies at n × ``pageSize``. Costs only what is touched.
  public let memory: Arena
  public let node: Node
  public let cpus: [CPU]
  /// `vm.min_free_kbytes` as chosen at boot.
  public let minFreeKilobytes: Int
  /// Messages: allocation failures, killed processes, injected failures.
  public let log = KernelLog()
  /// Where failures are injected.
  let faultPoints = FaultPoints()
  /// Gets memory back when it is short.
  let reclaimer = Reclaimer()
  /// Who knows how memory is used.
  let usageSources = MemoryUsageSources()

  /// What a mask's zone bits mean here: 32 elements, indexed by the mask's low five bits.
  @usableFromInline let routes: UnsafeMutablePointer<Route>
  /// The zone index of each stretch of 2^``maxOrder`` frames; zone borders lie between stretches.
  @usableFromInline let zoneOfSection: UnsafeMutablePointer<UInt8>
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline let map: MemoryMap
  private let lists: UnsafeMutablePointer<PerCPUState>
  private let cpuStates: UnsafeMutablePointer<CPUState>
  let zonelists: [[Zone]]

  /// The least memory a machine can have, in bytes.
  public static let minimumMemory = 64 << 10
  /// The most processors a machine can have.
  public static let maximumCPUs = 64

  /// Boots a machine.
  ///
  /// Frame 0 belongs to the firmware, as on every PC; it is never handed out.
  /// - Parameters:
  ///   - kind: which zones it has.
  ///   - memory: bytes of physical memory, from address 0 without holes; a multiple of ``pageSize``.
  ///   - cpus: number of processors.
  ///   - reserved: frames that the page allocator never gets, such as a kernel's image.
  ///   - sharedMemory: whether pages can be mapped a second time, side by side (``Vmalloc/hostMemory(of:)``).
  /// - Throws: ``MachineError``.
  /// - Complexity: O(memory / 4 MiB + reserved frames).
  public convenience init(
    kind: MachineKind = .x86_64, memory bytes: Int, cpus count: Int = 1,
    reserved: [Range<Int>] = [], sharedMemory: Bool = false
  ) throws(MachineError) {
    guard bytes >= Self.minimumMemory, bytes <= kind.maximumMemory, bytes.isMultiple(of: pageSize)
    else { throw .badMemorySize(bytes: bytes, kind: kind) }
    let memblock = Memblock()
    do throws(MemblockError) {
      try memblock.add(pageSize..<bytes)
      for range in reserved.map({ $0.clamped(to: 0..<bytes / pageSize) }) {
        try memblock.reserve(range.lowerBound * pageSize..<range.upperBound * pageSize)
      }
    } catch {
      throw .badLayout(error.description)
    }
    try self.init(memblock: memblock, kind: kind, cpus: count, sharedMemory: sharedMemory)
  }

  /// Boots a machine from what the boot allocator knows, and takes over all memory that is free there.
  ///
  /// - Parameters:
  ///   - memblock: memory and reservations; it refuses every change afterwards.
  ///   - kind: which zones the machine has.
  ///   - count: number of processors.
  ///   - sharedMemory: whether pages can be mapped a second time, side by side (``Vmalloc/hostMemory(of:)``).
  /// - Throws: ``MachineError``; the memblock is as before then.
  /// - Complexity: O(memory / 4 MiB + reserved frames).
  public init(
    memblock: Memblock, kind: MachineKind = .x86_64, cpus count: Int = 1,
    sharedMemory: Bool = false
  ) throws(MachineError) {
    guard (1...Self.maximumCPUs).contains(count) else { throw .badCPUCount(count) }
    let layouts = try memblock.layouts(for: kind)
    let frames = memblock.end / pageSize
    let bytes = frames * pageSize
    self.kind = kind
    memory = try Arena(byteCount: bytes, isShared: sharedMemory)
    base = memory.base
    let node = try Node(zones: layouts, extraLists: count * layouts.count * PerCPUPages.listCount)
    self.node = node
    map = node.map

    let managed = layouts.map { (kind: $0.kind, managed: $0.managed) }
    minFreeKilobytes = Watermarks.minFreeKilobytes(managed, hugePages: kind.hasHugePages)
    node.setWatermarks(minFreeKilobytes: minFreeKilobytes)

    let sections = ((frames - 1) >> maxOrder) + 1
    zoneOfSection = .allocate(capacity: sections)
    zoneOfSection.initialize(repeating: 0, count: sections)
    for zone in node.zones where zone.spanned > 0 {
      let last = zone.start.number + zone.spanned - 1
      for section in zone.start.number >> maxOrder...last >> maxOrder {
        zoneOfSection[section] = UInt8(zone.index)
      }
    }

    let zoneCount = layouts.count
    lists = .allocate(capacity: count * zoneCount)
    for number in 0..<count {
      for zone in node.zones {
        let position = number * zoneCount + zone.index
        (lists + position).initialize(
          to: PerCPUState(
            zone: zone,
            listHeads: node.extraListHeads + UInt32(position * PerCPUPages.listCount),
            sizes: PerCPUSizes(managed: zone.managed, low: zone.watermarks.low, cpus: count)))
      }
    }
    cpuStates = .allocate(capacity: count)
    for number in 0..<count {
      (cpuStates + number).initialize(
        to: CPUState(number: number, lists: lists + number * zoneCount))
    }
    let states = cpuStates
    cpus = (0..<count).map { CPU(states + $0) }

    zonelists = node.zones.indices.map { highest in
      node.zones[...highest].reversed().filter { $0.managed > 0 }
    }
    routes = .allocate(capacity: 32)
    for bits in 0..<32 {
      (routes + bits).initialize(
        to: Route(GFPFlags(rawValue: UInt32(bits)), kind: kind, zonelists: zonelists))
    }
    memblock.isHandedOver = true
  }

  deinit {
    reclaimer.kswapd.stop()
    lists.deinitialize(count: cpus.count * node.zones.count)
    lists.deallocate()
    cpuStates.deinitialize(count: cpus.count)
    cpuStates.deallocate()
    routes.deallocate()
    zoneOfSection.deallocate()
  }

  /// The address of a frame's first byte; the frame must be memory of this machine.
  @inlinable
  public func pointer(to frame: PageFrame) -> UnsafeMutableRawPointer {
    base + frame.number * pageSize
  }

  /// What a frame is at this moment. O(``maxOrder``).
  public func use(of frame: PageFrame) -> PageUse { map.use(of: frame) }

  /// The zone that a frame of memory belongs to, or nil. O(1).
  public func zone(of frame: PageFrame) -> Zone? {
    guard map.contains(frame) else { return nil }
    let zone = node.zones[Int(zoneOfSection[frame.number >> maxOrder])]
    return zone.spans(UInt32(frame.number)) ? zone : nil
  }

  /// Pages given to the page allocator, over all zones (`totalram_pages`).
  public var managedPages: Int { node.zones.reduce(0) { $0 + $1.managed } }
}

/// Where a request with certain zone bits is served first, ready for the fast path.
@usableFromInline
struct Route {
  /// The highest populated zone that the request may use.
  @usableFromInline let zone: Zone
  /// While the zone has more free pages than this, order 0 is served without further checks: the high watermark and
  /// what is kept back. `Int.max` when there is no such zone, or the mask is bad.
  @usableFromInline let enough: Int
  /// Index of ``zone``.
  @usableFromInline let zoneIndex: Int
  /// Index of the highest zone that the mask allows, populated or not; -1 for a bad mask.
  @usableFromInline let highestZone: Int

  init(_ flags: GFPFlags, kind: MachineKind, zonelists: [[Zone]]) {
    guard let highest = try? flags.highestZone(on: kind), (try? flags.migrateType()) != nil,
      let index = kind.zoneKinds.firstIndex(of: highest)
    else {
      (zone, enough, zoneIndex, highestZone) = (zonelists[zonelists.count - 1][0], .max, 0, -1)
      return
    }
    highestZone = index
    let preferred = zonelists[index].first
    zone = preferred ?? zonelists[zonelists.count - 1][0]
    zoneIndex = zone.index
    enough = preferred.map { $0.watermarks.high + $0.protection(against: index) } ?? .max
  }
}
