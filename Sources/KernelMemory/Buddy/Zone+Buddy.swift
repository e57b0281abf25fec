import Synchronization

/// Free lists of blocks of 2^order pages: split on allocation, merged on free.
///
/// Source: `__rmqueue_smallest`, `expand` and `__free_one_page` in `mm/page_alloc.c`. There is a list for each order
/// and migrate type. The functions that end in `Locked` need the zone's lock held. Whatever is rare is called in tail
/// position, so that the ordinary course has nothing to save.
extension Zone {
  /// Takes the first of the smallest sufficient free blocks, splitting it; the lower half is kept each time.
  ///
  /// A movable block, or what Linux would take instead. No watermark, no per-CPU list. O(``maxOrder``).
  /// - Returns: the block's first frame, or nil when no free block is large enough or there is no such order.
  @inlinable
  @inline(__always)
  public func allocateBlock(order: Int) -> PageFrame? {
    guard UInt(bitPattern: order) <= UInt(bitPattern: maxOrder), state.pointee.lock.tryLock()
    else { return allocateWaiting(order: order, type: .movable) }
    let movable = FreeLists(links: map.links, first: state.pointee.movableHeads)
    guard let frame = takeExactLocked(order: order, lists: movable) else {
      return allocateSplittingLocked(order: order, type: .movable)
    }
    map.states[frame].store(PageState.allocated(order).rawValue, ordering: .relaxed)
    if freePages <= state.pointee.lowAt { return unlock(andGive: frame) }
    state.pointee.lock.unlock()
    return PageFrame(frame)
  }

  /// Takes a block for a request of a type, as ``allocateBlock(order:)`` does.
  public func allocateBlock(order: Int, type: MigrateType) -> PageFrame? {
    type.isMergeable ? allocateWaiting(order: order, type: type) : nil
  }

  @inline(never)
  @usableFromInline
  func allocateWaiting(order: Int, type: MigrateType) -> PageFrame? {
    guard order >= 0, order <= maxOrder else { return nil }
    state.pointee.lock.lock()
    guard let frame = takeExactLocked(order: order, lists: lists(type)) else {
      return allocateSplittingLocked(order: order, type: type)
    }
    map[UInt32(frame)] = .allocated(order)
    return unlock(andGive: frame)
  }

  /// Splits a larger block; gives up the lock.
  @inline(never)
  @usableFromInline
  func allocateSplittingLocked(order: Int, type: MigrateType) -> PageFrame? {
    guard let frame = splitLocked(order: order, lists: lists(type), state: .allocated(order))
    else { return allocateOtherLocked(order: order, type: type) }
    if freePages <= state.pointee.lowAt { return unlock(andGive: frame) }
    state.pointee.lock.unlock()
    return PageFrame(frame)
  }

  /// Takes a block of another type; gives up the lock.
  @inline(never)
  private func allocateOtherLocked(order: Int, type: MigrateType) -> PageFrame? {
    defer { unlock() }
    var mode = FallbackMode.claim
    guard let frame = takeLocked(order: order, type: type, flags: [], mode: &mode) else {
      return nil
    }
    map[frame] = .allocated(order)
    return PageFrame(Int(frame))
  }

  @inline(never)
  @usableFromInline
  func unlock(andGive frame: Int) -> PageFrame? {
    unlock()
    return PageFrame(frame)
  }

  /// Gives back a block and merges it with its buddies as far as they are free. O(``maxOrder``).
  ///
  /// - Throws: ``PageError`` when no allocated block of this order starts at the frame; nothing changes then.
  @inlinable
  @inline(__always)
  public func freeBlock(_ frame: PageFrame, order: Int) throws(PageError) {
    if let refusal = tryFree(frame.number, order: order) { try refusal.raise() }
  }

  /// Frees a block; the answer is nil unless there is no such block.
  @inlinable
  @inline(__always)
  package func tryFree(_ frame: Int, order: Int) -> Refusal? {
    switch freeAlone(frame, order: order) {
    case .done: return unlockFreed() ? nil : unlockAndConfirm()
    case .buddyIsFree: return freeMergingLocked(frame, order: order)
    case .unusual: return freeUnusualLocked(frame, order: order)
    case .notLocked: return freeLarge(frame, order: order)
    }
  }

  /// Frees a block whose buddy is free and which is smaller than a pageblock; gives up the lock.
  @inline(never)
  @usableFromInline
  func freeMergingLocked(_ frame: Int, order: Int) -> Refusal? {
    guard mergeLocked(frame, order: order) else { return freeUnusualLocked(frame, order: order) }
    return unlockFreed() ? nil : unlockAndConfirm()
  }

  /// Frees a block of a pageblock or two.
  @inline(never)
  @usableFromInline
  func freeLarge(_ frame: Int, order: Int) -> Refusal? {
    guard UInt(bitPattern: order &- pageblockOrder) <= UInt(bitPattern: maxOrder - pageblockOrder),
      UInt(bitPattern: frame &- state.pointee.start) < UInt(bitPattern: state.pointee.size),
      state.pointee.lock.tryLock()
    else { return freeWaiting(frame, order: order) }
    let found = PageState(rawValue: map.states[frame].load(ordering: .relaxed))
    guard found.isAllocated(order), addLargeLocked(frame, order: order) else {
      return freeUnusualLocked(frame, order: order)
    }
    return unlockFreed() ? nil : unlockAndConfirm()
  }

  @inline(never)
  private func freeWaiting(_ frame: Int, order: Int) -> Refusal? {
    guard order >= 0, order <= maxOrder, frame >= start.number, frame - start.number < spanned
    else { return Refusal(.badFree(PageFrame(frame), order: order, map: map)) }
    state.pointee.lock.lock()
    return freeUnusualLocked(frame, order: order)
  }

  /// Frees any block, if it is one; gives up the lock.
  @inline(never)
  @usableFromInline
  func freeUnusualLocked(_ frame: Int, order: Int) -> Refusal? {
    guard map[UInt32(frame)].isAllocated(order) else {
      state.pointee.lock.unlock()
      return Refusal(.badFree(PageFrame(frame), order: order, map: map))
    }
    returnMergingLocked(frame, order: order, toTail: false)
    return unlockAndConfirm()
  }

  /// Gives up the lock after a free; false when the zone needs a look first.
  @inlinable
  @inline(__always)
  func unlockFreed() -> Bool {
    if freePages > state.pointee.calmAbove { return false }
    state.pointee.lock.unlock()
    return true
  }

  @inline(never)
  @usableFromInline
  func unlockAndConfirm() -> Refusal? {
    unlock()
    return nil
  }
}

/// Why a call was refused: one word, so that whoever makes a call that is not has nothing to remember.
@usableFromInline
package final class Refusal {
  private let error: PageError

  init(_ error: PageError) { self.error = error }

  @inline(never)
  @usableFromInline
  package func raise() throws(PageError) { throw error }
}
