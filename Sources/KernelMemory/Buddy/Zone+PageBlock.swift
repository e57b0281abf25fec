import Synchronization

/// Pageblocks: stretches of 2^``pageblockOrder`` frames that have a migrate type.
///
/// Source: `set_pageblock_migratetype`, `move_freepages_block`, `reserve_highatomic_pageblock` and
/// `unreserve_highatomic_pageblock` in `mm/page_alloc.c`.
extension Zone {
  /// The type of the pageblock that a frame lies in. The lock must be held.
  @inlinable
  func blockType(of frame: UInt32) -> MigrateType {
    MigrateType(rawValue: state.pointee.map.blockTypes[Int(frame &>> UInt32(pageblockOrder))])
      ?? .movable
  }

  /// The frames of a pageblock, or nil when it is not the zone's from end to end.
  func frames(ofBlock block: Int) -> Range<UInt32>? {
    let first = UInt32(block << pageblockOrder)
    let last = first + (1 << UInt32(pageblockOrder)) - 1
    return spans(first) && spans(last) ? first..<last + 1 : nil
  }

  /// Gives a pageblock a type; what is freed there from now on goes to that type's lists.
  func setTypeLocked(block: Int, to type: MigrateType) {
    state.pointee.map.blockTypes[block] = type.rawValue
    if let processors = state.pointee.processors {
      processors.blockRoutes[block].list.store(
        UInt32(PerCPULayout.listOffset(zone: index, type: type)), ordering: .relaxed)
    }
  }

  /// Moves a free block to another type's list; its pageblocks' types are the caller's business.
  func moveLocked(
    _ block: UInt32, order: Int, from old: MigrateType, to new: MigrateType, toTail: Bool
  ) {
    removeLocked(block, order: order, type: old)
    accountLocked(-(1 << order), old)
    addLocked(block, order: order, type: new, toTail: toTail)
    accountLocked(1 << order, new)
  }

  func removeLocked(_ block: UInt32, order: Int, type: MigrateType) {
    let lists = lists(type)
    lists.remove(Int(block), at: lists.head(order), bit: 1 << order)
  }

  func addLocked(_ block: UInt32, order: Int, type: MigrateType, toTail: Bool) {
    let lists = lists(type)
    lists.add(Int(block), at: lists.head(order), bit: 1 << order, toTail: toTail)
  }

  /// Notes that free pages of a type came or went (`account_freepages`): isolated ones do not count.
  func accountLocked(_ pages: Int, _ type: MigrateType) {
    if type == .isolate { return }
    state.pointee.freePages.store(freePages + pages, ordering: .relaxed)
    if type == .highAtomic { countHighAtomicLocked(pages) }
  }

  /// Takes a block from those kept for atomic requests.
  func takeHighAtomicLocked(order: Int) -> UInt32? {
    guard let frame = takeSmallestLocked(order: order, type: .highAtomic) else { return nil }
    countHighAtomicLocked(-(1 << order))
    return frame
  }

  private func countHighAtomicLocked(_ pages: Int) {
    state.pointee.freeHighAtomic.store(
      state.pointee.freeHighAtomic.load(ordering: .relaxed) + pages, ordering: .relaxed)
    pressureChangedLocked()
  }

  /// Moves all free blocks of a pageblock to another type's lists (`__move_freepages_block`).
  func moveFreeLocked(
    _ frames: Range<UInt32>, from old: MigrateType, to new: MigrateType
  ) {
    forEachBlock(in: frames) { frame, block in
      guard block.isFree else { return }
      moveLocked(frame, order: block.order, from: old, to: new, toTail: true)
    }
  }

  /// How many pages of a pageblock are free, and how many are allocated as movable.
  func countLocked(_ frames: Range<UInt32>) -> (free: Int, movable: Int) {
    var counts = (free: 0, movable: 0)
    forEachBlock(in: frames) { _, block in
      if block.isFree { counts.free += 1 << block.order }
      if block.isMovable { counts.movable += 1 << block.order }
    }
    return counts
  }

  private func forEachBlock(in frames: Range<UInt32>, _ body: (UInt32, PageState) -> Void) {
    var frame = frames.lowerBound
    while frame < frames.upperBound {
      let block = map[frame]
      body(frame, block)
      frame += block.isBlockHead ? 1 << UInt32(block.order) : 1
    }
  }
}

/// Pageblocks kept for atomic requests of several pages.
extension Zone {
  /// Pages of the pageblocks kept for atomic requests of several pages (`nr_reserved_highatomic`).
  public var reservedHighAtomic: Int { withLock { state.pointee.reservedHighAtomic } }

  /// The free ones of those pages (`nr_free_highatomic`).
  public var freeHighAtomic: Int { state.pointee.freeHighAtomic.load(ordering: .relaxed) }

  /// Keeps the pageblock of a block just allocated for requests like it, up to about 1 % of the zone
  /// (`reserve_highatomic_pageblock`).
  func reserveHighAtomic(_ frame: PageFrame, order: Int) {
    let pages = 1 << pageblockOrder
    // A zone whose hundredth is less than a pageblock keeps nothing.
    guard managed / 100 >= pages else { return }
    let most = (managed / 100 + pages - 1) / pages * pages
    withLock {
      let number = UInt32(frame.number)
      let type = blockType(of: number)
      guard state.pointee.reservedHighAtomic < most, type.isMergeable else { return }
      let first = frame.number >> pageblockOrder
      if order < pageblockOrder {
        guard let frames = frames(ofBlock: first) else { return }
        moveFreeLocked(frames, from: type, to: .highAtomic)
      }
      let blocks = max(1 << order, pages) / pages
      for block in first..<first + blocks { setTypeLocked(block: block, to: .highAtomic) }
      state.pointee.reservedHighAtomic = state.pointee.reservedHighAtomic + blocks * pages
    }
  }

  /// Gives a kept pageblock with a free page back, to a request's type (`unreserve_highatomic_pageblock`).
  ///
  /// - Parameter all: also the last one; else at least one stays.
  /// - Returns: whether free pages changed hands.
  func unreserveHighAtomic(for type: MigrateType, all: Bool) -> Bool {
    let pages = 1 << pageblockOrder
    return withLock {
      guard all || state.pointee.reservedHighAtomic > pages else { return false }
      let orders = orders(.highAtomic)
      guard orders != 0 else { return false }
      let order = orders.trailingZeroBitCount
      let block = state.pointee.map.links[Int(listHead(order, .highAtomic))].next
      let first = Int(block) >> pageblockOrder
      if order < pageblockOrder {
        guard let frames = frames(ofBlock: first) else { return false }
        moveFreeLocked(frames, from: .highAtomic, to: type)
      } else {
        moveLocked(block, order: order, from: .highAtomic, to: type, toTail: true)
      }
      let blocks = max(1 << order, pages) / pages
      for block in first..<first + blocks { setTypeLocked(block: block, to: type) }
      state.pointee.reservedHighAtomic = state.pointee.reservedHighAtomic - blocks * pages
      return true
    }
  }
}
