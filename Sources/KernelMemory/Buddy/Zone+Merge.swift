import Synchronization

/// How far a free went on its fast path.
@frozen
@usableFromInline
enum FreeStep {
  /// The block is on its list. The zone's lock is held.
  case done
  /// The buddy is free, so that the two may merge; nothing has changed. The zone's lock is held.
  case buddyIsFree
  /// Something needs a closer look, a bad call among others; nothing has changed. The zone's lock is held.
  case unusual
  /// The same, but the zone's lock is not held.
  case notLocked
}

/// Blocks come back to the lists of their pageblock's type, merged with their buddies (`__free_one_page`).
extension Zone {
  /// Puts an allocated block smaller than a pageblock on its list when its buddy is not free, as mostly.
  @inlinable
  @inline(__always)
  func freeAlone(_ frame: Int, order: Int) -> FreeStep {
    guard UInt(bitPattern: order) < UInt(bitPattern: pageblockOrder),
      UInt(bitPattern: frame &- state.pointee.start) < UInt(bitPattern: state.pointee.size),
      state.pointee.lock.tryLock()
    else { return .notLocked }
    return freeAloneLocked(frame, order: order)
  }

  /// The same with the lock held, for a frame of the zone and an order below a pageblock's.
  @inlinable
  @inline(__always)
  func freeAloneLocked(_ frame: Int, order: Int) -> FreeStep {
    let states = state.pointee.map.states
    let found = PageState(rawValue: states[frame].load(ordering: .relaxed))
    guard found.isAllocated(order) else { return .unusual }
    let bit = 1 &<< order
    let free = freeState(order).rawValue
    if states[frame ^ bit].load(ordering: .relaxed) == free { return .buddyIsFree }
    let type = state.pointee.map.blockTypes[frame &>> pageblockOrder]
    guard type < MigrateType.highAtomic.rawValue else { return .unusual }
    addAloneLocked(frame, order: order, free: free, rawType: type)
    return .done
  }

  /// Adds a block of a mergeable type to its list; its buddy is not free.
  @inlinable
  @inline(__always)
  func addAloneLocked(_ frame: Int, order: Int, free: UInt8, rawType: UInt8) {
    let bit = 1 &<< order
    let states = state.pointee.map.states
    let isToTail = isMergeLikely(states, frame, bit: bit, free: free)
    states[frame].store(free, ordering: .relaxed)
    state.pointee.freePages.store(freePages &+ bit, ordering: .relaxed)
    let lists = lists(rawType: rawType)
    lists.add(frame, at: lists.head(order), bit: bit, toTail: isToTail)
  }

  /// Whether the larger block that this one could become part of has a free buddy itself (`buddy_merge_likely`).
  ///
  /// Such a block goes to the tail of its list, so that it is used last and the merge gets its chance.
  /// - Parameter free: the block's state.
  @inlinable
  @inline(__always)
  func isMergeLikely(
    _ states: UnsafeMutablePointer<Atomic<UInt8>>, _ frame: Int, bit: Int, free: UInt8
  ) -> Bool {
    let buddy = (frame ^ bit &<< 1) & ~bit
    return states[buddy].load(ordering: .relaxed) == free &+ 1
  }

  /// Adds a block smaller than a pageblock whose buddy is free; false, with nothing changed, when it is not of a
  /// mergeable type.
  @inline(__always)
  func mergeLocked(_ block: Int, order: Int) -> Bool {
    let states = state.pointee.map.states
    let type = state.pointee.map.blockTypes[block &>> pageblockOrder]
    if type >= MigrateType.highAtomic.rawValue { return false }
    let lists = lists(rawType: type)
    var frame = block
    var bit = 1 &<< order
    var head = lists.head(order)
    var free = freeState(order).rawValue
    state.pointee.freePages.store(freePages &+ bit, ordering: .relaxed)
    repeat {
      lists.remove(frame ^ bit, at: head, bit: bit)
      // The upper half starts no block any more.
      frame |= bit
      states[frame].store(0, ordering: .relaxed)
      frame ^= bit
      bit &<<= 1
      head &+= 2
      free &+= 1
      if bit == 1 &<< pageblockOrder {
        placeLocked(frame, order: pageblockOrder, rawType: type, toTail: false)
        return true
      }
    } while states[frame ^ bit].load(ordering: .relaxed) == free
    states[frame].store(free, ordering: .relaxed)
    let isToTail = isMergeLikely(states, frame, bit: bit, free: free)
    lists.add(frame, at: head, bit: bit, toTail: isToTail)
    return true
  }

  /// Adds a block to the lists of its pageblock's type, merged with its buddies (`free_one_page`).
  @inline(__always)
  func returnBlockLocked(_ number: UInt32, order: Int) {
    let frame = Int(number)
    if order == pageblockOrder {
      if !addLargeLocked(frame, order: order) {
        returnMergingLocked(frame, order: order, toTail: false)
      }
      return
    }
    let type = state.pointee.map.blockTypes[frame &>> pageblockOrder]
    let free = freeState(order).rawValue
    guard type < MigrateType.highAtomic.rawValue,
      state.pointee.map.states[frame ^ 1 &<< order].load(ordering: .relaxed) != free
    else { return returnMergingLocked(frame, order: order, toTail: false) }
    addAloneLocked(frame, order: order, free: free, rawType: type)
  }

  /// Adds a block of a pageblock or two, merged with its buddy; false, with nothing changed, when types differ or are
  /// special.
  @inline(__always)
  func addLargeLocked(_ block: Int, order: Int) -> Bool {
    let (states, blockTypes) = (state.pointee.map.states, state.pointee.map.blockTypes)
    let index = block &>> pageblockOrder
    let type = blockTypes[index]
    guard type < MigrateType.highAtomic.rawValue else { return false }
    let lists = lists(rawType: type)
    let pages = 1 &<< order
    var (frame, end, bit) = (block, order, pages)
    if order != pageblockOrder {
      guard blockTypes[index ^ 1] == type else { return false }
    } else if states[block ^ pages].load(ordering: .relaxed) == freeState(order).rawValue {
      guard blockTypes[index ^ 1] == type else { return false }
      lists.remove(block ^ pages, at: lists.head(order), bit: pages)
      states[block | pages].store(0, ordering: .relaxed)
      (frame, end, bit) = (block & ~pages, maxOrder, 1 &<< maxOrder)
    }
    state.pointee.freePages.store(freePages &+ pages, ordering: .relaxed)
    states[frame].store(freeState(end).rawValue, ordering: .relaxed)
    lists.add(frame, at: lists.head(end), bit: bit, toTail: false)
    return true
  }

  /// Merges a block of any order and type upwards and adds it to a list.
  @inline(never)
  func returnMergingLocked(_ block: Int, order: Int, toTail: Bool) {
    let blockTypes = state.pointee.map.blockTypes
    let index = block &>> pageblockOrder
    let type = blockTypes[index]
    if order > pageblockOrder, blockTypes[index &+ 1] != type {
      // Each half merges for itself (`split_large_buddy`).
      let half = block &+ 1 << pageblockOrder
      map[UInt32(half)] = .interior
      returnMergingLocked(block, order: pageblockOrder, toTail: toTail)
      returnMergingLocked(half, order: pageblockOrder, toTail: toTail)
      return
    }
    if type < MigrateType.highAtomic.rawValue {
      state.pointee.freePages.store(freePages &+ 1 &<< order, ordering: .relaxed)
    } else {
      accountLocked(1 &<< order, blockType(of: UInt32(block)))
    }
    placeLocked(block, order: order, rawType: type, toTail: toTail)
  }

  /// Merges a block of any order and type upwards and adds it to a list; it has been counted.
  @inline(never)
  private func placeLocked(_ block: Int, order blockOrder: Int, rawType: UInt8, toTail: Bool) {
    let states = state.pointee.map.states
    let lists = lists(rawType: rawType)
    var (frame, order) = (block, blockOrder)
    var bit = 1 &<< order
    while order < maxOrder {
      let buddy = frame ^ bit
      if states[buddy].load(ordering: .relaxed) != freeState(order).rawValue { break }
      if order == pageblockOrder,
        state.pointee.map.blockTypes[buddy &>> pageblockOrder] != rawType
      {
        guard adoptLocked(UInt32(buddy), by: blockType(of: UInt32(block))) else { break }
      } else {
        lists.remove(buddy, at: lists.head(order), bit: bit)
      }
      // The upper half starts no block any more.
      states[frame | bit].store(0, ordering: .relaxed)
      frame &= ~bit
      bit &<<= 1
      order &+= 1
    }
    let free = freeState(order).rawValue
    states[frame].store(free, ordering: .relaxed)
    let isToTail =
      toTail || (order < pageblockOrder && isMergeLikely(states, frame, bit: bit, free: free))
    lists.add(frame, at: lists.head(order), bit: bit, toTail: isToTail)
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
        returnMergingLocked(frame, order: order, toTail: true)
        frame += 1 << order
      }
    }
  }
}
