import Synchronization

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
  let routes: UnsafeMutablePointer<Route>
  /// The zone index of each stretch of 2^``maxOrder`` frames; zone borders lie between stretches.
  private let zoneOfSection: UnsafeMutablePointer<UInt8>
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline let map: MemoryMap
  /// The CPUs' stretches of memory one after another, then a ``FreeRoute`` for each pageblock.
  private let perCPU: Arena
  /// The arrays of the CPUs' page lists.
  private let stacks: Arena
  /// Whether memory is too small to be grouped by mobility (`page_group_by_mobility_disabled`).
  let isGroupingDisabled: Bool
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
    let node = try Node(zones: layouts)
    self.node = node
    let map = node.map
    self.map = map

    let managed = layouts.map { (kind: $0.kind, managed: $0.managed) }
    minFreeKilobytes = Watermarks.minFreeKilobytes(managed, hugePages: kind.hasHugePages)
    node.setWatermarks(minFreeKilobytes: minFreeKilobytes)
    isGroupingDisabled =
      managed.reduce(0) { $0 + $1.managed } < MigrateType.allCases.count << pageblockOrder

    let sections = ((frames - 1) >> maxOrder) + 1
    zoneOfSection = .allocate(capacity: sections)
    zoneOfSection.initialize(repeating: 0, count: sections)

    let cpuBytes = PerCPULayout.bytes(zones: layouts.count)
    let pageblocks = sections << (maxOrder - pageblockOrder)
    perCPU = try Arena(
      byteCount: PerCPULayout.start + count * cpuBytes
        + pageblocks * MemoryLayout<FreeRoute>.stride)
    let firstCPU = perCPU.base + PerCPULayout.start
    let blockRoutes = (firstCPU + count * cpuBytes).bindMemory(
      to: FreeRoute.self, capacity: pageblocks)
    for zone in node.zones where zone.spanned > 0 {
      let last = zone.start.number + zone.spanned - 1
      for section in zone.start.number >> maxOrder...last >> maxOrder {
        zoneOfSection[section] = UInt8(zone.index)
      }
      for block in zone.start.number >> pageblockOrder...last >> pageblockOrder {
        (blockRoutes + block).initialize(to: FreeRoute(zone: zone.index, type: .movable))
      }
    }

    let sizes = node.zones.map {
      PerCPUSizes(managed: $0.managed, low: $0.watermarks.low, cpus: count)
    }
    let elements = sizes.reduce(0) { $0 + $1.listCapacity * PerCPUPages.listCount }
    stacks = try Arena(byteCount: count * elements * 4)
    var storage = stacks.base.bindMemory(to: UInt32.self, capacity: count * elements)
    let states = (0..<count).map {
      (firstCPU + $0 * cpuBytes).bindMemory(to: CPUState.self, capacity: 1)
    }
    for (number, state) in states.enumerated() {
      state.initialize(
        to: CPUState(number: number, map: map, blockRoutes: blockRoutes))
      for (zone, sizes) in zip(node.zones, sizes) {
        let pages = CPU(state).pages(of: zone)
        pages.state.initialize(
          to: PerCPUState(
            zone: zone, sizes: sizes, storage: storage))
        // The last row has a place that is no list; it stays empty.
        for row in 0..<PerCPUPages.rows {
          pages.stack(0, row: row).initialize(
            repeating: PageStack(pages.storage(0)), count: 3)
        }
        for list in 0..<PerCPUPages.listCount {
          pages.stack(list).initialize(to: PageStack(pages.storage(list)))
        }
        storage += sizes.listCapacity * PerCPUPages.listCount
      }
    }
    cpus = states.map { CPU($0) }
    for zone in node.zones {
      zone.serve(
        Processors(
          states: states, zone: zone.index, blockRoutes: blockRoutes,
          groupingDisabled: isGroupingDisabled))
    }

    zonelists = node.zones.indices.map { highest in
      node.zones[...highest].reversed().filter { $0.managed > 0 }
    }
    routes = .allocate(capacity: PerCPULayout.routeCount)
    for bits in 0..<PerCPULayout.routeCount {
      let flags = GFPFlags(rawValue: UInt32(bits))
      let route = Route(flags, kind: kind, zonelists: zonelists)
      (routes + bits).initialize(to: route)
      var (fast, buddy) = (AllocateRoute(), AllocateRoute())
      if let zone = route.zone, let type = try? flags.migrateType() {
        let grouped = isGroupingDisabled ? .unmovable : type
        fast = AllocateRoute(zone: zone.index, type: grouped)
        buddy = AllocateRoute(buddyOf: zone.index, type: grouped)
      }
      for cpu in cpus {
        cpu.route(flags).initialize(to: fast)
        cpu.buddyRoute(flags).initialize(to: buddy)
      }
    }
    memblock.isHandedOver = true
    for cpu in cpus { cpu.state.pointee.machine = .passUnretained(self) }
  }

  deinit {
    reclaimer.kswapd.stop()
    for cpu in cpus {
      for zone in node.zones { cpu.pages(of: zone).state.deinitialize(count: 1) }
      cpu.state.deinitialize(count: 1)
    }
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

/// What a mask's zone and mobility bits mean.
struct Route {
  /// The highest populated zone that the request may use; nil when there is none, or the mask is bad.
  let zone: Zone?
  /// Index of the highest zone that the mask allows, populated or not; -1 for a bad mask.
  let highestZone: Int

  init(_ flags: GFPFlags, kind: MachineKind, zonelists: [[Zone]]) {
    guard let highest = try? flags.highestZone(on: kind), (try? flags.migrateType()) != nil,
      let index = kind.zoneKinds.firstIndex(of: highest)
    else {
      (zone, highestZone) = (nil, -1)
      return
    }
    (zone, highestZone) = (zonelists[index].first, index)
  }
}
