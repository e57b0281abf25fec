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
  public func allocateBlock(order: Int) -> PageFrame? {
    guard UInt(bitPattern: order) <= UInt(bitPattern: maxOrder), state.pointee.lock.tryLock()
    else { return allocateBlock(order: order, type: .movable) }
    guard let frame = takeExactLocked(order: order, type: .movable) else {
      return allocateOtherLocked(order: order, type: .movable)
    }
    map[frame] = .allocated(order)
    if freePages <= state.pointee.lowAt { return unlock(andGive: frame) }
    state.pointee.lock.unlock()
    return PageFrame(Int(frame))
  }

  /// Takes a block for a request of a type, as ``allocateBlock(order:)`` does.
  public func allocateBlock(order: Int, type: MigrateType) -> PageFrame? {
    guard order >= 0, order <= maxOrder, type.isMergeable else { return nil }
    state.pointee.lock.lock()
    return allocateOtherLocked(order: order, type: type)
  }

  /// Splits a larger block or takes one of another type; gives up the lock.
  @inline(never)
  private func allocateOtherLocked(order: Int, type: MigrateType) -> PageFrame? {
    if let frame = takeSmallestLocked(order: order, type: type) {
      map[frame] = .allocated(order)
      return unlock(andGive: frame)
    }
    defer { unlock() }
    var mode = FallbackMode.claim
    guard let frame = takeLocked(order: order, type: type, flags: [], mode: &mode) else {
      return nil
    }
    map[frame] = .allocated(order)
    return PageFrame(Int(frame))
  }

  @inline(never)
  private func unlock(andGive frame: UInt32) -> PageFrame? {
    unlock()
    return PageFrame(Int(frame))
  }

  /// Takes a block of a request's type when the zone has plenty of memory, nil else.
  func takeOwn(order: Int, type: MigrateType, gfp: GFPFlags) -> UInt32? {
    guard state.pointee.lock.tryLock() else { return nil }
    defer { state.pointee.lock.unlock() }
    // Where memory is short the first is `Int.min`, and the second is not what it is else.
    guard freePages &- (1 &<< order) > state.pointee.lowAt, state.pointee.calmAbove == .max,
      let frame = takeSmallestLocked(order: order, type: type)
    else { return nil }
    map[frame] = .allocated(order, gfp)
    return frame
  }

  /// Gives back a block and merges it with its buddies as far as they are free. O(``maxOrder``).
  ///
  /// - Throws: ``PageError`` when no allocated block of this order starts at the frame; nothing changes then.
  @inlinable
  @inline(__always)
  public func freeBlock(_ frame: PageFrame, order: Int) throws(PageError) {
    guard tryFree(frame.number, order: order) else {
      throw .badFree(frame, order: order, map: map)
    }
  }

  /// Whether there was such a block to free.
  @usableFromInline
  func tryFree(_ number: Int, order: Int) -> Bool {
    guard UInt(bitPattern: order) <= UInt(bitPattern: maxOrder),
      UInt(bitPattern: number &- state.pointee.start) < UInt(bitPattern: state.pointee.size),
      state.pointee.lock.tryLock()
    else { return tryFreeSlowly(number, order: order) }
    let frame = UInt32(truncatingIfNeeded: number)
    guard map[frame].isAllocated(order), order < pageblockOrder,
      returnAloneLocked(frame, order: order)
    else {
      return freeMergingLocked(frame, order: order)
    }
    if freePages > state.pointee.calmAbove { return unlockAndConfirm() }
    state.pointee.lock.unlock()
    return true
  }

  @inline(never)
  private func tryFreeSlowly(_ number: Int, order: Int) -> Bool {
    guard order >= 0, order <= maxOrder, let frame = UInt32(exactly: number), spans(frame) else {
      return false
    }
    state.pointee.lock.lock()
    return freeMergingLocked(frame, order: order)
  }

  /// Frees any block, if it is one; gives up the lock.
  @inline(never)
  private func freeMergingLocked(_ frame: UInt32, order: Int) -> Bool {
    defer { unlock() }
    guard map[frame].isAllocated(order) else { return false }
    returnMergingLocked(frame, order: order, toTail: false)
    return true
  }

  @inline(never)
  private func unlockAndConfirm() -> Bool {
    unlock()
    return true
  }
}

extension Zone {
  /// Takes a block from the type's own lists (`__rmqueue_smallest`).
  ///
  /// It leaves the lists with its state still that of its last place; the caller sets the new one.
  @inline(__always)
  func takeSmallestLocked(order: Int, type: MigrateType) -> UInt32? {
    takeExactLocked(order: order, type: type) ?? takeSplittingLocked(order: order, type: type)
  }

  /// Takes a block of exactly the order, as most requests find one.
  @inline(__always)
  func takeExactLocked(order: Int, type: MigrateType) -> UInt32? {
    let lists = lists(type.rawValue)
    let nonEmpty = nonEmptyOrders(lists)
    let orders = nonEmpty.pointee.load(ordering: .relaxed)
    guard orders &>> UInt32(truncatingIfNeeded: order) & 1 != 0 else { return nil }
    let links = state.pointee.map.links
    let frame = lists[order].links.next
    let next = links[Int(frame)].next
    lists[order].links.next = next
    links[Int(next)].previous = listHead(order, type)
    lists[order].count &-= 1
    let bit: UInt32 = 1 &<< UInt32(truncatingIfNeeded: order)
    if lists[order].count == 0 { nonEmpty.pointee.store(orders ^ bit, ordering: .relaxed) }
    state.pointee.freePages.store(freePages &- Int(bit), ordering: .relaxed)
    return frame
  }

  /// Takes the lowest part of the first of the smallest larger blocks (`expand`).
  @inline(never)
  func takeSplittingLocked(order: Int, type: MigrateType) -> UInt32? {
    let wanted: UInt32 = 1 &<< UInt32(truncatingIfNeeded: order)
    let larger = orders(type) & (0 &- wanted)
    guard larger != 0 else { return nil }
    var have = larger.trailingZeroBitCount
    guard let frame = takeExactLocked(order: have, type: type) else { return nil }
    let lists = lists(type.rawValue)
    let (states, links) = (state.pointee.map.states, state.pointee.map.links)
    let nonEmpty = nonEmptyOrders(lists)
    var bit: UInt32 = 1 &<< UInt32(truncatingIfNeeded: have)
    // The lists of the orders between are empty, or the block would be one of theirs.
    nonEmpty.pointee.store(
      nonEmpty.pointee.load(ordering: .relaxed) | (bit &- wanted), ordering: .relaxed)
    state.pointee.freePages.store(freePages &+ Int(bit &- wanted), ordering: .relaxed)
    while have != order {
      have &-= 1
      bit &>>= 1
      let upper = frame &+ bit
      states[Int(upper)].store(freeState(have).rawValue, ordering: .relaxed)
      links[Int(upper)] = PageLinks(both: listHead(have, type))
      lists[have].links = PageLinks(both: upper)
      lists[have].count = 1
    }
    return frame
  }

  /// Adds a block to the lists of its pageblock's type, merged with its buddies (`free_one_page`).
  @inline(__always)
  func returnBlockLocked(_ frame: UInt32, order: Int) {
    if order >= pageblockOrder || !returnAloneLocked(frame, order: order) {
      returnMergingLocked(frame, order: order, toTail: false)
    }
  }

  /// Adds a block smaller than a pageblock whose buddy is not free, as most are; false when it is.
  @inline(__always)
  private func returnAloneLocked(_ frame: UInt32, order: Int) -> Bool {
    let states = state.pointee.map.states
    let type = state.pointee.map.blockTypes[Int(frame &>> UInt32(pageblockOrder))]
    let bit: UInt32 = 1 &<< UInt32(truncatingIfNeeded: order)
    let free = freeState(order).rawValue
    guard type < MigrateType.highAtomic.rawValue,
      states[Int(frame ^ bit)].load(ordering: .relaxed) != free
    else { return false }
    states[Int(frame)].store(free, ordering: .relaxed)
    let lists = lists(type)
    lists[order].count &+= 1
    let nonEmpty = nonEmptyOrders(lists)
    nonEmpty.pointee.store(nonEmpty.pointee.load(ordering: .relaxed) | bit, ordering: .relaxed)
    // Only the lock's owner writes, so load and store need not be one step.
    state.pointee.freePages.store(freePages &+ Int(bit), ordering: .relaxed)
    linkLocked(
      frame, on: lists + order, toTail: isMergeLikely(states, frame, bit: bit, free: free))
    return true
  }

  /// Adds a block to a list, which is counted elsewhere.
  @inline(__always)
  private func linkLocked(
    _ frame: UInt32, on list: UnsafeMutablePointer<FreeList>, toTail: Bool
  ) {
    let links = state.pointee.map.links
    let head = UInt32(
      truncatingIfNeeded: (UnsafeRawPointer(list) - UnsafeRawPointer(links)) &>> 3)
    if toTail {
      let last = list.pointee.links.previous
      links[Int(frame)] = PageLinks(next: head, previous: last)
      links[Int(last)].next = frame
      list.pointee.links.previous = frame
    } else {
      let first = list.pointee.links.next
      links[Int(frame)] = PageLinks(next: first, previous: head)
      links[Int(first)].previous = frame
      list.pointee.links.next = frame
    }
  }

  /// Whether the larger block that this one could become part of has a free buddy itself (`buddy_merge_likely`).
  ///
  /// Such a block goes to the tail of its list, so that it is used last and the merge gets its chance.
  /// - Parameter free: the block's state.
  @inline(__always)
  private func isMergeLikely(
    _ states: UnsafeMutablePointer<Atomic<UInt8>>, _ frame: UInt32, bit: UInt32, free: UInt8
  ) -> Bool {
    states[Int((frame & ~bit) ^ (bit &<< 1))].load(ordering: .relaxed)
      == free &+ 1
  }

  /// Merges a block upwards and adds it to a list (`__free_one_page`).
  @inline(never)
  private func returnMergingLocked(_ block: UInt32, order blockOrder: Int, toTail: Bool) {
    let type = blockType(of: block)
    let half = block &+ 1 << UInt32(pageblockOrder)
    if blockOrder > pageblockOrder, blockType(of: half) != type {
      // Each half merges for itself (`split_large_buddy`).
      map[half] = .interior
      returnMergingLocked(block, order: pageblockOrder, toTail: toTail)
      returnMergingLocked(half, order: pageblockOrder, toTail: toTail)
      return
    }
    if type.isMergeable {
      state.pointee.freePages.store(freePages &+ 1 &<< blockOrder, ordering: .relaxed)
    } else {
      accountLocked(1 &<< blockOrder, type)
    }
    let (states, links) = (state.pointee.map.states, state.pointee.map.links)
    let lists = lists(type.rawValue)
    let nonEmpty = nonEmptyOrders(lists)
    var (frame, order) = (block, blockOrder)
    var bit: UInt32 = 1 &<< UInt32(truncatingIfNeeded: order)
    while order < maxOrder {
      let buddy = frame ^ bit
      if states[Int(buddy)].load(ordering: .relaxed) != freeState(order).rawValue { break }
      if order == pageblockOrder, blockType(of: buddy) != type {
        guard adoptLocked(buddy, by: type) else { break }
      } else {
        let place = links[Int(buddy)]
        links[Int(place.previous)].next = place.next
        links[Int(place.next)].previous = place.previous
        lists[order].count &-= 1
        if lists[order].count == 0 {
          nonEmpty.pointee.store(
            nonEmpty.pointee.load(ordering: .relaxed) ^ bit, ordering: .relaxed)
        }
      }
      // The upper half starts no block any more.
      states[Int(frame | bit)].store(0, ordering: .relaxed)
      frame &= ~bit
      bit &<<= 1
      order &+= 1
    }
    let free = freeState(order).rawValue
    states[Int(frame)].store(free, ordering: .relaxed)
    lists[order].count &+= 1
    nonEmpty.pointee.store(nonEmpty.pointee.load(ordering: .relaxed) | bit, ordering: .relaxed)
    linkLocked(
      frame, on: lists + order,
      toTail: toTail
        || (order < pageblockOrder && isMergeLikely(states, frame, bit: bit, free: free)))
  }

  /// Takes a free pageblock of another type over, off its list; false when the two must not merge.
  @inline(never)
  private func adoptLocked(_ buddy: UInt32, by type: MigrateType) -> Bool {
    let other = blockType(of: buddy)
    guard other.isMergeable, type.isMergeable else { return false }
    removeLocked(buddy, order: pageblockOrder, type: other)
    // So that a later split puts each half where its type belongs.
    setTypeLocked(block: Int(buddy) >> pageblockOrder, to: type)
    return true
  }

  /// Hands over a range of frames at boot, cut from the bottom into the largest aligned blocks; each goes to the tail,
  /// so that the lowest is used first (`memblock_free_all`).
  func addFrames(_ range: Range<Int>) {
    withLock {
      var frame = range.lowerBound
      while frame < range.upperBound {
        var order = min(maxOrder, frame.trailingZeroBitCount)
        while frame + (1 << order) > range.upperBound { order -= 1 }
        returnMergingLocked(UInt32(frame), order: order, toTail: true)
        frame += 1 << order
      }
    }
  }
}
