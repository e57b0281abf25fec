/// A statement about the allocator's memory that must always hold, and does not.
public struct InvariantViolation: Error, Hashable, Sendable, CustomStringConvertible {
  /// The statement that is broken.
  public enum Rule: String, CaseIterable, Hashable, Sendable {
    /// A block of order n starts at a multiple of 2^n and lies within its zone.
    case alignment
    /// Every frame belongs to exactly one block.
    case overlap
    /// Two free buddies of the same order do not exist beside each other.
    case merging
    /// A list leads through blocks of its own kind and order, and back.
    case links
    /// Counters say what is there.
    case counts
    /// Free in buddy lists, on per-CPU lists and allocated add up to the managed pages.
    case accounting
  }
  public let rule: Rule
  /// The zone that it was found in.
  public let zone: ZoneKind
  /// What was found, and what should have been.
  public let finding: String

  init(_ rule: Rule, in zone: Zone, _ finding: String) {
    self.rule = rule
    self.zone = zone.kind
    self.finding = finding
  }

  public var description: String { "zone \(zone), \(rule.rawValue): \(finding)" }
}

/// Where a zone's pages are at one moment.
public struct ZonePages: Hashable, Sendable {
  /// In the buddy lists.
  public var free = 0
  /// On per-CPU lists.
  public var perCPU = 0
  /// Handed out.
  public var allocated = 0
  /// Given to the allocator at boot: the sum of the others.
  public var managed = 0
}

/// What a walk over a zone's descriptors found.
struct ZoneCensus {
  var freeBlocks = [Int](repeating: 0, count: maxOrder + 1)
  var perCPUBlocks = [Int](repeating: 0, count: maxOrder + 1)
  var pages = ZonePages()
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
    for order in 0...maxOrder {
      let length = try map.walkList(
        listHead(order), of: .free(order), in: self, limit: census.freeBlocks[order],
        name: "free list of order \(order)")
      if length != census.freeBlocks[order] {
        throw InvariantViolation(
          .links, in: self,
          "the free list of order \(order) has length \(length), but the number of free blocks of that "
            + "order is \(census.freeBlocks[order])")
      }
      if length != freeBlockCount(order: order) {
        throw InvariantViolation(
          .counts, in: self,
          "the count of free blocks of order \(order) is \(freeBlockCount(order: order)), "
            + "but their number is \(length)")
      }
      if (state.pointee.nonEmptyOrders >> UInt32(order) & 1 == 1) != (length > 0) {
        throw InvariantViolation(
          .counts, in: self,
          "the bit for a non-empty list of order \(order) is wrong: its length is \(length)")
      }
    }
    if census.pages.free != freePages {
      throw InvariantViolation(
        .counts, in: self,
        "the count of free pages is \(freePages), but the free blocks hold \(census.pages.free)")
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
        census.freeBlocks[block.order] += 1
        census.pages.free += pages
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
    guard block.isFree || block.isPerCPU || block.isAllocated, block.order <= maxOrder else {
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
    let buddy = UInt32(frame ^ pages)
    if block.isFree, block.order < maxOrder, spans(buddy), map[buddy] == block {
      throw InvariantViolation(
        .merging, in: self,
        "the free blocks of order \(block.order) at page frames \(PageFrame(frame)) and "
          + "\(PageFrame(Int(buddy))) are buddies and should be one")
    }
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
  /// The length of a list, after checking that each element has the right state and points back.
  ///
  /// Stops once the list is longer than `limit`, so that a circle that misses the head ends too.
  func walkList(
    _ head: UInt32, of expected: PageState, in zone: Zone, limit: Int, name: String
  ) throws(InvariantViolation) -> Int {
    var length = 0
    var previous = head
    var frame = links[Int(head)].next
    while frame != head {
      guard zone.spans(frame) else {
        throw InvariantViolation(
          .links, in: zone,
          "the \(name) leads to \(PageFrame(Int(frame))), which is not in the zone")
      }
      if self[frame] != expected {
        throw InvariantViolation(
          .links, in: zone,
          "the \(name) leads to page frame \(PageFrame(Int(frame))), where no such block starts")
      }
      if links[Int(frame)].previous != previous {
        throw InvariantViolation(
          .links, in: zone,
          "page frame \(PageFrame(Int(frame))) on the \(name) does not point back to the one before"
        )
      }
      length += 1
      if length > limit { return length }
      previous = frame
      frame = links[Int(frame)].next
    }
    if links[Int(head)].previous != previous {
      throw InvariantViolation(
        .links, in: zone, "the head of the \(name) does not point back to the last block")
    }
    return length
  }
}
