import Synchronization

/// One CPU's page lists of one zone, in raw memory (`struct per_cpu_pages`).
///
/// ``lock`` keeps the owner apart from whoever drains all lists; it is hardly ever contended.
@usableFromInline
struct PerCPUState: ~Copyable {
  @usableFromInline let lock = SpinLock()
  @usableFromInline let zone: Zone
  /// Index in the memory map's links of the first list head.
  @usableFromInline let listHeads: UInt32
  /// Pages on the lists.
  @usableFromInline var count = 0
  /// Largest ``count`` at this moment; moves between ``highMin`` and ``highMax``. 0 until the first use.
  @usableFromInline var high = 0
  @usableFromInline let highMin: Int
  @usableFromInline let highMax: Int
  /// Pages moved at a time.
  @usableFromInline let batch: Int
  /// Pages freed lately without allocations between; halved by each allocation.
  @usableFromInline var freeCount = 0
  /// Number of refills lately without frees between: each doubles the next, up to ``maxBatchScale``.
  @usableFromInline var allocFactor = 0
  /// Whether the last free was of order 1 to 3.
  @usableFromInline var lastFreeWasHighOrder = false

  init(zone: Zone, listHeads: UInt32, sizes: PerCPUSizes) {
    self.zone = zone
    self.listHeads = listHeads
    batch = sizes.batch
    highMin = sizes.highMin
    highMax = sizes.highMax
  }
}

/// `CONFIG_PCP_BATCH_SCALE_MAX`: at most 2^5 batches are moved at a time.
@usableFromInline let maxBatchScale = 5

/// How many pages the per-CPU lists of a zone hold and move at a time.
public struct PerCPUSizes: Hashable, Sendable {
  /// Pages moved at a time (`zone_batchsize`).
  public let batch: Int
  /// Least value of the limit on pages held (`zone_highsize`).
  public let highMin: Int
  /// Greatest value of that limit.
  public let highMax: Int

  /// The sizes Linux chooses for a zone of `managed` pages on a machine with `cpus` processors.
  public init(managed: Int, low: Int, cpus: Int) {
    let quarter = max(min(managed / 1024, 256) / 4, 1)
    let scaled = quarter + quarter / 2
    let powerOfTwo = 1 << (Int.bitWidth - 1 - scaled.leadingZeroBitCount)
    batch = max(powerOfTwo - 1, 1)
    highMin = max(low / cpus, 4 * batch)
    highMax = max(managed / 8 / cpus, 4 * batch)
  }
}

/// One CPU's lists of ready pages in one zone, in front of the buddy lists.
///
/// Orders 0 to 3, and 9 for huge pages. Pages leave from the head; freed ones come to the head, refilled
/// ones to the tail, and a drain takes from the tail. Source: `rmqueue_pcplist`, `free_unref_page_commit` and
/// `free_pcppages_bulk` in `mm/page_alloc.c`; all mobility types share a list.
@frozen
public struct PerCPUPages: @unchecked Sendable {
  @usableFromInline let state: UnsafeMutablePointer<PerCPUState>

  @inlinable init(_ state: UnsafeMutablePointer<PerCPUState>) { self.state = state }

  @usableFromInline static let listCount = 5
  /// Largest order below the huge page's that is kept (`PAGE_ALLOC_COSTLY_ORDER`).
  @usableFromInline static let maxSmallOrder = 3
  @usableFromInline static let hugePageOrder = 9

  public var zone: Zone { state.pointee.zone }
  /// Pages on the lists.
  public var count: Int { state.pointee.count }
  /// Pages that the lists may hold at this moment.
  public var high: Int { state.pointee.high }
  /// Pages moved to and from the buddy lists at a time.
  public var batch: Int { state.pointee.batch }

  /// The first frames of the blocks of one order, next to leave first. O(blocks).
  public func blocks(order: Int) -> [PageFrame] {
    guard let list = Self.list(order) else { return [] }
    state.pointee.lock.lock()
    defer { state.pointee.lock.unlock() }
    let head = listHead(list)
    let links = zone.map.links
    var blocks: [PageFrame] = []
    var frame = links[Int(head)].next
    while frame != head {
      blocks.append(PageFrame(Int(frame)))
      frame = links[Int(frame)].next
    }
    return blocks
  }

  /// The list for blocks of an order, or nil when they go straight to the buddy lists.
  static func list(_ order: Int) -> Int? {
    switch order {
    case 0...maxSmallOrder: order
    case hugePageOrder: maxSmallOrder + 1
    default: nil
    }
  }

  @inlinable func listHead(_ list: Int) -> UInt32 {
    state.pointee.listHeads &+ UInt32(truncatingIfNeeded: list)
  }
}

// MARK: - Taking and returning blocks

extension PerCPUPages {
  /// Takes a block, refilling the list when it is empty; nil when the zone has none, or the lists are being drained.
  @inlinable
  func take(order: Int, list: Int) -> UInt32? {
    guard state.pointee.lock.tryLock() else { return nil }
    state.pointee.freeCount &>>= 1
    let map = state.pointee.zone.map
    let head = listHead(list)
    var frame = map.links[Int(head)].next
    if frame == head {
      guard refill(order: order, list: list) else {
        state.pointee.lock.unlock()
        return nil
      }
      frame = map.links[Int(head)].next
    }
    map.unlink(frame)
    state.pointee.count &-= 1 &<< order
    map[frame] = .allocated(order)
    state.pointee.lock.unlock()
    return frame
  }

  /// Puts an allocated block on its list; drains when the lists hold too much.
  ///
  /// False, with nothing done, while the lists are being drained.
  @inlinable
  func put(_ frame: UInt32, order: Int, list: Int) -> Bool {
    guard state.pointee.lock.tryLock() else { return false }
    let map = state.pointee.zone.map
    map[frame] = .perCPU(order)
    map.insert(frame, after: listHead(list))
    state.pointee.count &+= 1 &<< order
    state.pointee.allocFactor &>>= 1
    // The common case of Linux's free_unref_page_commit; the rest is decided in the slow path.
    let burst = state.pointee.freeCount
    if burst < state.pointee.batch &<< maxBatchScale {
      state.pointee.freeCount = burst &+ (1 &<< order)
    }
    if order != 0 || state.pointee.lastFreeWasHighOrder
      || state.pointee.count >= state.pointee.high || state.pointee.zone.isBelowHigh
    {
      limit(order: order, list: list, burst: burst)
    }
    state.pointee.lock.unlock()
    return true
  }

  /// Moves blocks from the buddy lists to the tail of a list, so that they leave in the order they came.
  @inline(never)
  @usableFromInline
  func refill(order: Int, list: Int) -> Bool {
    let blocks = refillCount(order: order)
    let zone = state.pointee.zone
    let map = zone.map
    let head = listHead(list)
    var moved = 0
    zone.state.pointee.lock.lock()
    while moved < blocks, let frame = zone.takeBlockLocked(order: order) {
      map[frame] = .perCPU(order)
      map.insert(frame, before: head)
      moved += 1
    }
    zone.state.pointee.lock.unlock()
    state.pointee.count += moved << order
    return moved > 0
  }

  /// How many blocks to refill (`nr_pcp_alloc`).
  private func refillCount(order: Int) -> Int {
    let base = state.pointee.batch
    let (highMin, highMax) = (state.pointee.highMin, state.pointee.highMax)
    var high = min(max(state.pointee.high, highMin), highMax)
    state.pointee.high = high
    if high < base { return 1 }
    var batch = order == 0 ? base << state.pointee.allocFactor : base
    // Longer lists would have made this visit to the buddy lists unnecessary.
    if highMin != highMax && !state.pointee.zone.isBelowHigh {
      high = min(high + batch, highMax)
      state.pointee.high = high
    }
    if order == 0 {
      let most = max(high - state.pointee.count - base, base)
      if batch <= most && state.pointee.allocFactor < maxBatchScale {
        state.pointee.allocFactor += 1
      }
      batch = min(batch, most)
    }
    return batch > 1 ? max(batch >> order, 2) : batch
  }

  /// Keeps the lists within their limit after a free; `burst` is the count of frees before this one.
  @inline(never)
  @usableFromInline
  func limit(order: Int, list: Int, burst: Int) {
    var freeHigh = false
    if order > 0 && order <= Self.maxSmallOrder {
      // A run of high-order frees would hoard blocks that could merge.
      freeHigh =
        burst >= state.pointee.batch + state.pointee.highMin / 2
        && state.pointee.lastFreeWasHighOrder
      state.pointee.lastFreeWasHighOrder = true
    } else {
      state.pointee.lastFreeWasHighOrder = false
    }
    let high = currentHigh(freeHigh: freeHigh)
    guard state.pointee.count >= high else { return }
    let batch = state.pointee.batch
    let pages =
      if freeHigh {
        min(state.pointee.count, batch << maxBatchScale)
      } else if high < batch {
        1
      } else {
        min(max(state.pointee.freeCount, batch), max(high - batch, batch))
      }
    drain(pages: pages, startingWith: list)
    if state.pointee.zone.isBelowHigh
      && state.pointee.zone.freePages > state.pointee.zone.watermarks.high
    {
      state.pointee.zone.isBelowHigh = false
    }
  }

  /// The limit on pages held, moved by recent frees and the zone's condition (`nr_pcp_high`).
  private func currentHigh(freeHigh: Bool) -> Int {
    let batch = state.pointee.batch
    let (highMin, highMax) = (state.pointee.highMin, state.pointee.highMax)
    let high = min(max(state.pointee.high, highMin), highMax)
    state.pointee.high = high
    if freeHigh {
      state.pointee.high = max(high - (batch << maxBatchScale), highMin)
      return 0
    }
    if highMin == highMax { return high }
    if state.pointee.zone.isBelowHigh {
      state.pointee.high = max(high - max(state.pointee.freeCount, batch), highMin)
      return max(state.pointee.count, highMin)
    }
    if state.pointee.count >= high {
      let needed = state.pointee.freeCount + batch
      if high < needed { state.pointee.high = min(max(needed, highMin), highMax) }
    }
    return high
  }

  /// Returns pages to the buddy lists: from the tail of one list, then of the others in turn.
  ///
  /// Needs the lock. Frees whole blocks, so it may return more than `pages`.
  func drain(pages: Int, startingWith first: Int) {
    let zone = state.pointee.zone
    let map = zone.map
    var left = min(pages, state.pointee.count)
    var list = first
    zone.state.pointee.lock.lock()
    while left > 0 {
      let head = listHead(list)
      let frame = map.links[Int(head)].previous
      if frame == head {
        list = (list + 1) % Self.listCount
        continue
      }
      let order = map[frame].order
      map.unlink(frame)
      zone.returnBlockLocked(frame, order: order)
      state.pointee.count -= 1 << order
      left -= 1 << order
    }
    zone.state.pointee.lock.unlock()
  }

  /// Returns everything to the buddy lists (`drain_pages_zone`).
  func drainAll() {
    state.pointee.lock.lock()
    drain(pages: state.pointee.count, startingWith: 0)
    state.pointee.lock.unlock()
  }
}
