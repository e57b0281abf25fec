import Synchronization

/// What one processor owns, in raw memory (Linux's per-CPU areas).
///
/// Begins a stretch of memory in which two ``AllocateRoute``s for each value of a mask's low five bits, to the CPU's
/// lists and to the zone's, and the CPU's page lists of all zones follow, so that the fast paths reach everything from this one address.
@usableFromInline
struct CPUState: ~Copyable {
  private let first = FirstByte()
  /// Keeps the owner apart from those who drain the CPU's lists.
  @usableFromInline let guarded = CPUGuard()
  @usableFromInline let number: Int
  /// A ``FreeRoute`` for each pageblock.
  @usableFromInline let blockRoutes: UnsafeMutablePointer<FreeRoute>
  /// The memory map's states.
  @usableFromInline let states: UnsafeMutablePointer<Atomic<UInt8>>
  /// Number of frames from 0.
  @usableFromInline let frames: UInt
  /// Where objects come from and go to, once there are object caches.
  @usableFromInline var objects: CPUObjectTables?
  /// The CPU's machine, which outlives it; there once the machine has booted.
  var machine: Unmanaged<Machine>?
  /// What the CPU is doing, as far as allocations care.
  var context = CPUContext()

  init(
    number: Int, map: MemoryMap, blockRoutes: UnsafeMutablePointer<FreeRoute>
  ) {
    self.number = number
    self.blockRoutes = blockRoutes
    states = map.states
    frames = UInt(map.end)
    // Pages that are to be cleared take the slow path, which costs them nothing in comparison.
    guarded.slowBits.bitwiseOr(GFPFlags.zero.rawValue, ordering: .relaxed)
  }
}

/// A processor of a machine: the owner of page lists in each zone.
///
/// A trivially copyable handle, valid while its ``Machine`` lives; to be used by one thread at a time.
@frozen
public struct CPU: @unchecked Sendable {
  @usableFromInline let state: UnsafeMutablePointer<CPUState>

  @inlinable init(_ state: UnsafeMutablePointer<CPUState>) { self.state = state }

  /// From 0.
  @inlinable public var number: Int { state.pointee.number }

  /// Where a request finds its page lists.
  @inlinable @inline(__always)
  func route(_ gfp: GFPFlags) -> UnsafeMutablePointer<AllocateRoute> {
    (UnsafeMutableRawPointer(state) + PerCPULayout.routes)
      .assumingMemoryBound(to: AllocateRoute.self) + Int(gfp.rawValue & 0x1f)
  }

  /// Where a request finds the zone's own lists.
  @inline(__always)
  func buddyRoute(_ gfp: GFPFlags) -> UnsafeMutablePointer<AllocateRoute> { route(gfp) + 32 }

  /// The CPU's page lists of a zone.
  public func pages(of zone: Zone) -> PerCPUPages {
    let offset = PerCPULayout.offset(zone: zone.index)
    return PerCPUPages(
      cpu: state,
      state: (UnsafeMutableRawPointer(state) + offset).assumingMemoryBound(to: PerCPUState.self))
  }
}

/// Where things lie in a CPU's stretch of memory.
@usableFromInline
enum PerCPULayout {
  @usableFromInline static var line: Int { 64 }

  @inlinable @inline(__always)
  static func lines(_ bytes: Int) -> Int { (bytes + line - 1) / line * line }

  /// Where the first CPU's stretch begins in its arena, which begins with a page. Users write to the starts of their
  /// pages, and a processor that sees equal low twelve bits makes a load wait for such a store.
  static var start: Int { 2 * line }

  /// Offset of the routes.
  @inlinable @inline(__always)
  static var routes: Int { lines(MemoryLayout<CPUState>.stride) }
  /// To the CPU's lists, then to the zone's own.
  static var routeCount: Int { 2 * 32 }

  /// Bytes of a zone's ``PerCPUState``.
  static var stateBytes: Int { lines(MemoryLayout<PerCPUState>.stride) }
  /// Bytes of the lists of one order: one cache line.
  static var orderBytes: Int { line }
  /// Bytes of a zone's part: state, then the lists by order and type.
  static var zoneBytes: Int { stateBytes + PerCPUPages.rows * orderBytes }

  static func offset(zone: Int) -> Int {
    routes + routeCount * MemoryLayout<AllocateRoute>.stride + zone * zoneBytes
  }

  /// Offset of the list of huge pages, from the zone's ``PerCPUState``.
  static func hugeOffset(movable: Bool) -> Int {
    stateBytes + (PerCPUPages.rows - 1) * orderBytes
      + (movable ? MemoryLayout<PageStack>.stride : 0)
  }

  /// Offset of the list of order 0 of a type.
  static func listOffset(zone: Int, type: MigrateType) -> Int {
    offset(zone: zone) + stateBytes + PerCPUPages.column(type) * MemoryLayout<PageStack>.stride
  }

  /// Bytes of the whole; CPUs share no cache line, nor two that are fetched together.
  static func bytes(zones: Int) -> Int { (offset(zone: zones) + 2 * line - 1) & ~(2 * line - 1) }
}

/// Where the fast path of an allocation goes: offsets from the CPU's state.
@usableFromInline
struct AllocateRoute {
  /// Bits of ``CPUGuard/slowBits`` that send the request to the slow path.
  @usableFromInline let slowBits: UInt32
  /// The zone's ``PerCPUState``.
  @usableFromInline let zone: UInt16
  /// The list of order 0 of the zone and type. Of a route to the zone's own lists, the type.
  @usableFromInline let list: UInt16

  init(zone index: Int, type: MigrateType) {
    slowBits =
      CPUGuard.seized | CPUGuard.reclaiming | CPUGuard.allocation
      | CPUGuard.shortage(inZone: index)
    zone = UInt16(PerCPULayout.offset(zone: index))
    list = UInt16(PerCPULayout.listOffset(zone: index, type: type))
  }

  /// A route to the zone's own lists.
  init(buddyOf index: Int, type: MigrateType) {
    slowBits = AllocateRoute(zone: index, type: type).slowBits
    zone = UInt16(PerCPULayout.offset(zone: index))
    list = UInt16(type.rawValue)
  }

  /// For masks that are refused, and zones that do not exist: `.zero` is always among the slow bits.
  init() {
    (slowBits, zone, list) = (CPUGuard.seized | GFPFlags.zero.rawValue, 0, 0)
  }
}

/// Where the fast path of a free goes, for the pages of one pageblock: offsets from the CPU's state.
@usableFromInline
struct FreeRoute: ~Copyable {
  /// The list of order 0 of the zone and the pageblock's type. Changes with the type, under the zone's lock.
  @usableFromInline let list: Atomic<UInt32>
  /// The zone's ``PerCPUState``.
  @usableFromInline let zone: UInt32

  init(zone index: Int, type: MigrateType) {
    list = Atomic(UInt32(PerCPULayout.listOffset(zone: index, type: type)))
    zone = UInt32(PerCPULayout.offset(zone: index))
  }
}
