import Synchronization

/// Free lists of blocks of 2^order pages: split on allocation, merged on free.
///
/// Source: `__rmqueue_smallest`, `expand` and `__free_one_page` in `mm/page_alloc.c`. All pages are in one list per
/// order. The functions that end in `Locked` need the zone's lock held.
extension Zone {
  /// Takes the first of the smallest sufficient free blocks, splitting it; the lower half is kept each time.
  ///
  /// No watermark, no per-CPU list. O(``maxOrder``).
  /// - Returns: the block's first frame, or nil when no free block is large enough or there is no such order.
  public func allocateBlock(order: Int) -> PageFrame? {
    guard order >= 0, order <= maxOrder else { return nil }
    state.pointee.lock.lock()
    defer { state.pointee.lock.unlock() }
    guard let frame = takeBlockLocked(order: order) else { return nil }
    map[frame] = .allocated(order)
    return PageFrame(Int(frame))
  }

  /// Gives back a block and merges it with its buddies as far as they are free. O(``maxOrder``).
  ///
  /// - Throws: ``PageError`` when no allocated block of this order starts at the frame; nothing changes then.
  public func freeBlock(_ frame: PageFrame, order: Int) throws(PageError) {
    state.pointee.lock.lock()
    defer { state.pointee.lock.unlock() }
    guard map.contains(frame), order >= 0, order <= maxOrder, spans(UInt32(frame.number)),
      map[UInt32(frame.number)] == .allocated(order)
    else { throw PageError.badFree(frame, order: order, map: map) }
    returnBlockLocked(UInt32(frame.number), order: order)
  }

  /// The block leaves the lists with its state still that of its last place; the caller sets the new one.
  @inlinable
  func takeBlockLocked(order: Int) -> UInt32? {
    let sufficient = state.pointee.nonEmptyOrders & (~0 &<< UInt32(truncatingIfNeeded: order))
    guard sufficient != 0 else { return nil }
    var have = sufficient.trailingZeroBitCount
    let frame = map.links[Int(listHead(have))].next
    unlinkLocked(frame, order: have)
    while have > order {
      have &-= 1
      let upper = frame &+ (1 &<< UInt32(truncatingIfNeeded: have))
      map[upper] = .free(have)
      linkLocked(upper, order: have, atTail: false)
    }
    addFreePages(-(1 &<< order))
    return frame
  }

  @inlinable
  func returnBlockLocked(_ block: UInt32, order blockOrder: Int, toTail: Bool = false) {
    var frame = block
    var order = blockOrder
    while order < maxOrder {
      let buddy = frame ^ (1 &<< UInt32(truncatingIfNeeded: order))
      guard spans(buddy), map[buddy] == .free(order) else { break }
      unlinkLocked(buddy, order: order)
      // The upper half starts no block any more.
      map[frame | buddy] = .interior
      frame &= buddy
      order &+= 1
    }
    map[frame] = .free(order)
    linkLocked(frame, order: order, atTail: toTail || isMergeLikely(frame, order: order))
    addFreePages(1 &<< blockOrder)
  }

  /// Whether the larger block that this one could become part of has a free buddy itself (`buddy_merge_likely`).
  ///
  /// Such a block goes to the tail of its list, so that it is used last and the merge gets its chance.
  @inlinable
  func isMergeLikely(_ frame: UInt32, order: Int) -> Bool {
    guard order < maxOrder - 1 else { return false }
    let parent = frame & ~(1 &<< UInt32(truncatingIfNeeded: order))
    let uncle = parent ^ (2 &<< UInt32(truncatingIfNeeded: order))
    return spans(uncle) && map[uncle] == .free(order + 1)
  }

  @inlinable
  func linkLocked(_ frame: UInt32, order: Int, atTail: Bool) {
    let head = listHead(order)
    if atTail { map.insert(frame, before: head) } else { map.insert(frame, after: head) }
    state.pointee.freeBlockCounts[order] &+= 1
    state.pointee.nonEmptyOrders |= 1 &<< UInt32(truncatingIfNeeded: order)
  }

  @inlinable
  func unlinkLocked(_ frame: UInt32, order: Int) {
    map.unlink(frame)
    let count = state.pointee.freeBlockCounts[order] &- 1
    state.pointee.freeBlockCounts[order] = count
    if count == 0 {
      state.pointee.nonEmptyOrders &= ~(1 &<< UInt32(truncatingIfNeeded: order))
    }
  }

  /// Only the lock's owner writes, so load and store need not be one step.
  @inlinable
  func addFreePages(_ count: Int) {
    state.pointee.freePages.store(
      state.pointee.freePages.load(ordering: .relaxed) &+ count, ordering: .relaxed)
  }

  /// Hands over a range of frames at boot, cut from the bottom into the largest aligned blocks; each goes to the tail,
  /// so that the lowest is used first (`memblock_free_all`).
  func addFrames(_ range: Range<Int>) {
    var frame = range.lowerBound
    while frame < range.upperBound {
      var order = min(maxOrder, frame.trailingZeroBitCount)
      while frame + (1 << order) > range.upperBound { order -= 1 }
      returnBlockLocked(UInt32(frame), order: order, toTail: true)
      frame += 1 << order
    }
  }
}
