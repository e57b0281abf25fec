/// What a walk over a zone's descriptors found.
struct ZoneCensus {
  /// By list: see ``Zone/list(_:_:)``.
  var freeBlocks = [Int](repeating: 0, count: Node.listsPerZone)
  var perCPUBlocks = [Int](repeating: 0, count: maxOrder + 1)
  var pages = ZonePages()
  /// Free pages that are isolated, and those kept for atomic requests.
  var isolated = 0
  var highAtomic = 0
}

extension Zone {
  /// Checks the zone by itself: blocks, merging, free lists and counters.
  ///
  /// Nobody may use the zone meanwhile. O(frames).
  public func checkInvariants() throws(InvariantViolation) {
    _ = try census()
  }

  func census() throws(InvariantViolation) -> ZoneCensus {
    let census = try countBlocks()
    for type in MigrateType.allCases {
      for order in 0...maxOrder { try check(order, type, against: census) }
    }
    let counted = census.pages.free - census.isolated
    if counted != freePages {
      throw InvariantViolation(
        .counts, in: self,
        "the count of free pages is \(freePages), but the free blocks hold \(counted)")
    }
    if census.highAtomic != freeHighAtomic {
      throw InvariantViolation(
        .counts, in: self,
        "the count of free pages kept for atomic requests is \(freeHighAtomic), but there are "
          + "\(census.highAtomic)")
    }
    let kept = pageblockCount(of: .highAtomic) << pageblockOrder
    if kept != reservedHighAtomic {
      throw InvariantViolation(
        .counts, in: self,
        "\(reservedHighAtomic) pages count as kept for atomic requests, but their pageblocks have "
          + "\(kept)")
    }
    let (found, managed) = (census.pages, self.managed)
    if found.free + found.perCPU + found.allocated != managed {
      throw InvariantViolation(
        .accounting, in: self,
        "\(found.free) free + \(found.perCPU) on per-CPU lists + \(found.allocated) allocated "
          + "pages are not the \(managed) managed ones")
    }
    return census
  }

  /// Checks one free list against the blocks that should be on it.
  private func check(
    _ order: Int, _ type: MigrateType, against census: ZoneCensus
  ) throws(InvariantViolation) {
    // Spelt out only when something is wrong: this runs for every list after every call of a test.
    var name: String { "\(type.name) free list of order \(order)" }
    let expected = census.freeBlocks[Self.list(order, type.index)]
    let length = try map.walkList(
      listHead(order, type), of: freeState(order), type: type, in: self, limit: expected, name: name
    )
    if length != expected {
      throw InvariantViolation(
        .links, in: self,
        "the \(name) has length \(length), but the number of free blocks of that order and type "
          + "is \(expected)")
    }
    let count = lists(type)[order].pointee.count
    if length != count {
      throw InvariantViolation(
        .counts, in: self,
        "the count of \(type.name) free blocks of order \(order) is \(count), but their number is \(length)"
      )
    }
    if (orders(type) >> UInt32(order) & 1 == 1) != (length > 0) {
      throw InvariantViolation(
        .counts, in: self,
        "the bit for a non-empty \(name) is wrong: its length is \(length)")
    }
  }

  /// Number of the zone's pageblocks of a type, those that it has only a part of included. O(pageblocks).
  public func pageblockCount(of type: MigrateType) -> Int {
    guard spanned > 0 else { return 0 }
    let last = start.number + spanned - 1
    return withLock {
      (start.number >> pageblockOrder...last >> pageblockOrder).reduce(0) {
        $0 + (map.blockTypes[$1] == type.rawValue ? 1 : 0)
      }
    }
  }

  /// Walks the states from the zone's first frame to its last.
  private func countBlocks() throws(InvariantViolation) -> ZoneCensus {
    var census = ZoneCensus()
    census.pages.managed = managed
    let end = start.number + spanned
    var frame = start.number
    while frame < end {
      let block = map[UInt32(frame)]
      if block == .reserved {
        frame += 1
        continue
      }
      guard block.isBlockHead else {
        throw InvariantViolation(
          .overlap, in: self, "page frame \(PageFrame(frame)) belongs to no block")
      }
      try check(block, at: frame, end: end)
      let pages = 1 << block.order
      if block.isFree {
        let type = blockType(of: UInt32(frame))
        census.freeBlocks[Self.list(block.order, type.index)] += 1
        census.pages.free += pages
        if type == .isolate { census.isolated += pages }
        if type == .highAtomic { census.highAtomic += pages }
      } else if block.isPerCPU {
        census.perCPUBlocks[block.order] += 1
        census.pages.perCPU += pages
      } else {
        census.pages.allocated += pages
      }
      frame += pages
    }
    return census
  }

  private func check(_ block: PageState, at frame: Int, end: Int) throws(InvariantViolation) {
    guard block == freeState(block.order) || block.isPerCPU || block.isAllocated,
      block.order <= maxOrder
    else {
      throw InvariantViolation(
        .overlap, in: self,
        "page frame \(PageFrame(frame)) has the unknown state 0x\(String(block.rawValue, radix: 16))"
      )
    }
    let pages = 1 << block.order
    if frame % pages != 0 || frame + pages > end {
      throw InvariantViolation(
        .alignment, in: self,
        "the \(block.noun) of order \(block.order) at page frame \(PageFrame(frame)) "
          + (frame % pages != 0
            ? "does not start at a multiple of \(pages)" : "reaches beyond the zone's end"))
    }
    if let inner = map.firstHead(in: frame + 1..<frame + pages) {
      let other = map[UInt32(inner)]
      throw InvariantViolation(
        .overlap, in: self,
        "page frame \(PageFrame(inner)) is inside the \(block.noun) of order \(block.order) at "
          + "\(PageFrame(frame)), but "
          + (other == .reserved
            ? "is reserved" : "starts another: \(other.noun) of order \(other.order)"))
    }
    if block.isFree { try checkMerged(UInt32(frame), order: block.order) }
  }

  private func checkMerged(_ frame: UInt32, order: Int) throws(InvariantViolation) {
    let type = blockType(of: frame)
    if order > pageblockOrder {
      let other = blockType(of: frame + 1 << UInt32(pageblockOrder))
      if other != type {
        throw InvariantViolation(
          .grouping, in: self,
          "the free block of order \(order) at page frame \(PageFrame(Int(frame))) lies in "
            + "pageblocks of two types, \(type.name) and \(other.name)")
      }
    }
    let buddy = frame ^ 1 << UInt32(order)
    guard order < maxOrder, spans(buddy), map[buddy] == freeState(order) else { return }
    let other = blockType(of: buddy)
    guard other == type || (other.isMergeable && type.isMergeable) else { return }
    throw InvariantViolation(
      .merging, in: self,
      "the free blocks of order \(order) at page frames \(PageFrame(Int(frame))) and "
        + "\(PageFrame(Int(buddy))) are buddies and should be one")
  }
}

extension Node {
  /// Checks each zone by itself. O(frames).
  public func checkInvariants() throws(InvariantViolation) {
    for zone in zones { try zone.checkInvariants() }
  }
}

extension PageState {
  var noun: String {
    isFree ? "free block" : isPerCPU ? "per-CPU block" : "allocated block"
  }
}

extension MemoryMap {
  /// The length of a free list, after checking that each element has the right state and type and points back.
  ///
  /// Stops once the list is longer than `limit`, so that a circle that misses the head ends too.
  fileprivate func walkList(
    _ head: UInt32, of expected: PageState, type: MigrateType, in zone: Zone, limit: Int,
    name: @autoclosure () -> String
  ) throws(InvariantViolation) -> Int {
    var length = 0
    var previous = head
    var frame = links[Int(head)].next
    while frame != head {
      guard zone.spans(frame) else {
        throw InvariantViolation(
          .links, in: zone,
          "the \(name()) leads to \(PageFrame(Int(frame))), which is not in the zone")
      }
      if self[frame] != expected {
        throw InvariantViolation(
          .links, in: zone,
          "the \(name()) leads to page frame \(PageFrame(Int(frame))), where no such block starts")
      }
      if zone.blockType(of: frame) != type {
        throw InvariantViolation(
          .grouping, in: zone,
          "the \(name()) leads to page frame \(PageFrame(Int(frame))), whose pageblock is "
            + zone.blockType(of: frame).name)
      }
      if links[Int(frame)].previous != previous {
        throw InvariantViolation(
          .links, in: zone,
          "page frame \(PageFrame(Int(frame))) on the \(name()) does not point back to the one before"
        )
      }
      length += 1
      if length > limit { return length }
      previous = frame
      frame = links[Int(frame)].next
    }
    if links[Int(head)].previous != previous {
      throw InvariantViolation(
        .links, in: zone, "the head of the \(name()) does not point back to the last block")
    }
    return length
  }
}
