import Synchronization

/// One zone's state, in raw memory. Everything but the atomics changes under ``lock`` only.
///
/// The lock comes first, since at any other place its address would cost the fast paths a register of its own. So
/// members are assigned, never changed in place: see ``FirstByte``.
@usableFromInline
struct ZoneState: ~Copyable {
  @usableFromInline let lock = ZoneLock()
  /// Pages in the buddy lists, but for isolated ones; not those on per-CPU lists. Read without the lock by
  /// watermark checks.
  @usableFromInline let freePages = Atomic<Int>(0)
  /// At this many free pages or fewer, allocations must look at watermarks; `Int.min` once they do.
  @usableFromInline var lowAt = Int.min
  /// Above this many free pages they need not any more; `Int.max` while they do not.
  @usableFromInline var calmAbove = Int.max
  /// With more free pages than this left, a request need not look at watermarks; `Int.max` while it must.
  let plentyAbove = Atomic<Int>(.max)

  @usableFromInline let map: MemoryMap
  /// First frame of the span, and frames to its end; no block crosses these.
  @usableFromInline let start: Int
  @usableFromInline let size: Int
  /// Index in the memory map's links of the first list head.
  @usableFromInline let listHeads: UInt32
  /// The same of the first list of movable blocks.
  @usableFromInline let movableHeads: UInt32
  /// Tells the zone's free blocks from those of zones beside it: see ``PageState/free(_:tag:)``.
  @usableFromInline let tag: UInt8

  /// Set when an allocation met fewer free pages than the high watermark; per-CPU lists then shrink.
  let belowHigh = Atomic<Bool>(false)
  /// Set when the watermarks were raised; whoever clears it wakes kswapd.
  let isBoosted = Atomic<Bool>(false)
  /// Pages added to every watermark (`watermark_boost`).
  let boost = Atomic<Int>(0)
  /// Free pages in blocks kept for atomic requests (`nr_free_highatomic`).
  let freeHighAtomic = Atomic<Int>(0)
  /// Pages of the pageblocks kept for atomic requests (`nr_reserved_highatomic`).
  var reservedHighAtomic = 0
  var fallbacks = FallbackCounts()

  let kind: ZoneKind
  let index: Int
  let present: Int
  let managed: Int
  /// Without the boost.
  var watermarks = Watermarks(min: 0, low: 0, high: 0, promo: 0)
  /// `lowmem_reserve`, one element for each zone of the node.
  let protection: UnsafeMutablePointer<Int>
  let zoneCount: Int
  /// The processors that take pages from here; none while the node is used by itself.
  var processors: Processors?

  init(
    map: MemoryMap, layout: ZoneLayout, index: Int, zoneCount: Int, listHeads: UInt32, tag: UInt8
  ) {
    self.map = map
    self.listHeads = listHeads
    movableHeads = listHeads + UInt32(MigrateType.movable.rawValue) << 5
    self.index = index
    self.zoneCount = zoneCount
    kind = layout.kind
    start = layout.spanned.lowerBound
    size = layout.spanned.count
    self.tag = tag
    present = layout.present
    managed = layout.managed
    protection = .allocate(capacity: zoneCount)
    protection.initialize(repeating: 0, count: zoneCount)
  }

  deinit {
    protection.deallocate()
  }
}

/// A zone of a node: free lists, watermarks and counts (`struct zone`).
///
/// A trivially copyable handle; valid while the ``Node`` it came from lives.
@frozen
public struct Zone: @unchecked Sendable {
  @usableFromInline let state: UnsafeMutablePointer<ZoneState>

  @inlinable init(_ state: UnsafeMutablePointer<ZoneState>) { self.state = state }

  public var kind: ZoneKind { state.pointee.kind }
  /// Position among the node's zones, the empty ones included.
  public var index: Int { state.pointee.index }
  /// First frame of the zone (`zone_start_pfn`).
  public var start: PageFrame { PageFrame(state.pointee.start) }
  /// Frames from the zone's first to its last.
  public var spanned: Int { state.pointee.size }
  /// Frames that are memory.
  public var present: Int { state.pointee.present }
  /// Frames given to the page allocator.
  public var managed: Int { state.pointee.managed }
  /// Pages in the buddy lists at this moment, isolated ones apart (`nr_free_pages`).
  @inlinable public var freePages: Int { state.pointee.freePages.load(ordering: .relaxed) }

  /// Pages kept back from a request whose highest zone is `zone`, an index (`lowmem_reserve`).
  public func protection(against zone: Int) -> Int {
    precondition(zone >= 0 && zone < state.pointee.zoneCount, "zone index \(zone) is out of range")
    return state.pointee.protection[zone]
  }

  /// Number of free blocks of one order in the buddy lists, of one type or of all. O(1).
  public func freeBlockCount(order: Int, type: MigrateType? = nil) -> Int {
    guard order >= 0, order <= maxOrder else { return 0 }
    return withLock {
      (type.map { [$0] } ?? MigrateType.allCases).reduce(0) {
        $0 + lists($1)[order].pointee.count
      }
    }
  }

  /// The first frames of the free blocks of one order, those of one type in the order in which they would be handed
  /// out; without a type, all types one after another. O(blocks).
  public func freeBlocks(order: Int, type: MigrateType? = nil) -> [PageFrame] {
    guard order >= 0, order <= maxOrder else { return [] }
    return withLock {
      var blocks: [PageFrame] = []
      for type in type.map({ [$0] }) ?? MigrateType.allCases {
        let head = listHead(order, type)
        var frame = map.links[Int(head)].next
        while frame != head {
          blocks.append(PageFrame(Int(frame)))
          frame = map.links[Int(frame)].next
        }
      }
      return blocks
    }
  }

  /// Runs `body` with the lock held, and looks afterwards whether the zone has become short of memory.
  func withLock<Result>(_ body: () -> Result) -> Result {
    state.pointee.lock.lock()
    defer { unlock() }
    return body()
  }

  /// Ends a section in which free pages may have come or gone.
  func unlock() {
    look()
    state.pointee.lock.unlock()
  }

  /// Looks whether the zone has become short of memory, or has plenty again.
  private func look() {
    if freePages <= state.pointee.lowAt || freePages > state.pointee.calmAbove {
      pressureChangedLocked()
    }
  }

  /// ``withLock(_:)`` for a CPU's owner.
  func withLock<Result>(
    for cpu: UnsafeMutablePointer<PerCPUState>, _ body: () -> Result
  ) -> Result {
    let isKept = state.pointee.lock.enter(cpu)
    if !isKept { state.pointee.lock.lock() }
    defer {
      look()
      if isKept {
        state.pointee.lock.leave(cpu)
      } else {
        state.pointee.lock.unlock(orKeepFor: cpu)
      }
    }
    return body()
  }

  @inlinable var map: MemoryMap { state.pointee.map }

  /// The number of a free list within the zone.
  @inlinable
  static func list(_ order: Int, _ type: Int) -> Int { type &<< 4 | order }

  /// The index of a list's head in the memory map's links.
  @inlinable
  func listHead(_ order: Int, _ type: MigrateType) -> UInt32 {
    lists(type).head(order)
  }

  /// The state of a free block of the zone.
  @inlinable
  @inline(__always)
  func freeState(_ order: Int) -> PageState { .free(order, tag: state.pointee.tag) }

  @inlinable
  func spans(_ frame: UInt32) -> Bool {
    UInt(bitPattern: Int(frame) &- state.pointee.start) < UInt(bitPattern: state.pointee.size)
  }
}
