import Synchronization

/// One zone's state, in raw memory. Everything but the atomics changes under ``lock`` only.
@usableFromInline
struct ZoneState: ~Copyable {
  @usableFromInline let lock = SpinLock()
  /// Pages in the buddy lists; not those on per-CPU lists. Read without the lock by watermark checks.
  @usableFromInline let freePages = Atomic<Int>(0)
  /// Set when an allocation met fewer free pages than the high watermark; per-CPU lists then shrink.
  @usableFromInline let belowHigh = Atomic<Bool>(false)

  @usableFromInline let map: MemoryMap
  /// First frame and end of the span; no block crosses them.
  @usableFromInline let start: UInt32
  @usableFromInline let end: UInt32
  /// Index in the memory map's links of the list head of order 0; order n lies n further.
  @usableFromInline let listHeads: UInt32
  /// Bit n is set while the list of order n is not empty.
  @usableFromInline var nonEmptyOrders: UInt32 = 0
  /// Number of free blocks by order; ``maxOrder`` + 1 elements.
  @usableFromInline let freeBlockCounts: UnsafeMutablePointer<Int>

  let kind: ZoneKind
  let index: Int
  let present: Int
  let managed: Int
  @usableFromInline var watermarks = Watermarks(min: 0, low: 0, high: 0, promo: 0)
  /// `lowmem_reserve`, one element for each zone of the node.
  @usableFromInline let protection: UnsafeMutablePointer<Int>
  let zoneCount: Int

  init(
    map: MemoryMap, layout: ZoneLayout, index: Int, zoneCount: Int, listHeads: UInt32
  ) {
    self.map = map
    self.listHeads = listHeads
    self.index = index
    self.zoneCount = zoneCount
    kind = layout.kind
    start = UInt32(layout.spanned.lowerBound)
    end = UInt32(layout.spanned.upperBound)
    present = layout.present
    managed = layout.managed
    freeBlockCounts = .allocate(capacity: maxOrder + 1)
    freeBlockCounts.initialize(repeating: 0, count: maxOrder + 1)
    protection = .allocate(capacity: zoneCount)
    protection.initialize(repeating: 0, count: zoneCount)
  }

  deinit {
    freeBlockCounts.deallocate()
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
  public var start: PageFrame { PageFrame(Int(state.pointee.start)) }
  /// Frames from the zone's first to its last.
  public var spanned: Int { Int(state.pointee.end) - Int(state.pointee.start) }
  /// Frames that are memory.
  public var present: Int { state.pointee.present }
  /// Frames given to the page allocator.
  public var managed: Int { state.pointee.managed }
  /// Pages in the buddy lists at this moment (`nr_free_pages`).
  @inlinable public var freePages: Int { state.pointee.freePages.load(ordering: .relaxed) }
  public var watermarks: Watermarks { state.pointee.watermarks }

  /// Pages kept back from a request whose highest zone is `zone`, an index (`lowmem_reserve`).
  public func protection(against zone: Int) -> Int {
    precondition(zone >= 0 && zone < state.pointee.zoneCount, "zone index \(zone) is out of range")
    return state.pointee.protection[zone]
  }

  /// Number of free blocks of one order in the buddy lists. O(1).
  public func freeBlockCount(order: Int) -> Int {
    order >= 0 && order <= maxOrder ? state.pointee.freeBlockCounts[order] : 0
  }

  /// The first frames of the free blocks of one order, in the order in which they would be handed out. O(blocks).
  public func freeBlocks(order: Int) -> [PageFrame] {
    guard (0...maxOrder).contains(order) else { return [] }
    state.pointee.lock.lock()
    defer { state.pointee.lock.unlock() }
    let head = listHead(order)
    var blocks: [PageFrame] = []
    var frame = map.links[Int(head)].next
    while frame != head {
      blocks.append(PageFrame(Int(frame)))
      frame = map.links[Int(frame)].next
    }
    return blocks
  }

  @inlinable var map: MemoryMap { state.pointee.map }
  @inlinable func listHead(_ order: Int) -> UInt32 {
    state.pointee.listHeads &+ UInt32(truncatingIfNeeded: order)
  }
  @inlinable func spans(_ frame: UInt32) -> Bool {
    frame &- state.pointee.start < state.pointee.end &- state.pointee.start
  }
}
