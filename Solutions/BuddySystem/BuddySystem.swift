import LabKit

/// A buddy system: hands out page frames in blocks of 2^order, and makes large blocks of small ones again.
struct BuddySystem: PageAllocator {
  // BEGIN SOLUTION
  // STUB: // TODO: decide what to remember about each frame, and about each zone's free blocks.
  /// What a frame is to the allocator.
  private enum Use {
    /// Not memory of this machine.
    case hole
    /// Part of a block that starts at a lower frame.
    case inside
    /// The first frame of a free block.
    case free(order: Int)
    /// The first frame of a block in use.
    case allocated(order: Int)
  }

  /// A link of a free list that leads nowhere.
  private static let none: Int32 = -1

  /// For each frame number, holes included: what it is, its zone, and its neighbours in a free list.
  ///
  /// The links of a list lie beside the frames that they link, so that a block leaves its list without a search.
  private var use: [Use]
  private var zoneOf: [UInt8]
  private var next: [Int32]
  private var previous: [Int32]
  /// The first block of the free list of each zone and order, zone by zone.
  private var heads: [Int32]
  private let zoneCount: Int
  // END SOLUTION

  init(zones: [MemoryZone]) {
    // BEGIN SOLUTION
    // STUB: // TODO: make all usable frames free, in the largest blocks that fit.
    let end = zones.last?.usable.last?.upperBound ?? 0
    use = Array(repeating: .hole, count: end)
    zoneOf = Array(repeating: 0, count: end)
    next = Array(repeating: Self.none, count: end)
    previous = Array(repeating: Self.none, count: end)
    heads = Array(repeating: Self.none, count: zones.count * (maxOrder + 1))
    zoneCount = zones.count
    for (zone, memory) in zones.enumerated() {
      for range in memory.usable {
        for frame in range {
          use[frame] = .inside
          zoneOf[frame] = UInt8(zone)
        }
        var frame = range.lowerBound
        while frame < range.upperBound {
          let order = largestOrder(at: frame, before: range.upperBound)
          insert(frame, order: order)
          frame += 1 << order
        }
      }
    }
    // END SOLUTION
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    // BEGIN SOLUTION
    // STUB: // TODO: find a smallest sufficient free block, in this zone or else a lower one;
    // STUB: // hand out as much of it as was asked for, and keep the rest.
    // STUB: return nil
    guard (0...maxOrder).contains(order), (0..<zoneCount).contains(zone) else { return nil }
    for zone in stride(from: zone, through: 0, by: -1) {
      for sufficient in order...maxOrder where heads[list(zone, sufficient)] != Self.none {
        let block = Int(heads[list(zone, sufficient)])
        remove(block, order: sufficient)
        split(block, from: sufficient, to: order)
        use[block] = .allocated(order: order)
        return block
      }
    }
    return nil
    // END SOLUTION
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    // BEGIN SOLUTION
    // STUB: // TODO: refuse what is no block in use of this order; take the block back,
    // STUB: // and make it one with its buddy for as long as that is free.
    // STUB: throw .notAllocated(frame: frame)
    guard use.indices.contains(frame) else { throw .notManaged(frame: frame) }
    switch use[frame] {
    case .hole: throw .notManaged(frame: frame)
    case .inside, .free: throw .notAllocated(frame: frame)
    case .allocated(let allocated):
      guard allocated == order else { throw .wrongOrder(frame: frame, allocated: allocated) }
    }
    use[frame] = .inside
    var block = frame
    var order = order
    while order < maxOrder, let buddy = freeBuddy(of: block, order: order) {
      remove(buddy, order: order)
      block = min(block, buddy)
      order += 1
    }
    insert(block, order: order)
    // END SOLUTION
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    // BEGIN SOLUTION
    // STUB: // TODO: list the first frames of the free blocks of this order in this zone.
    // STUB: return []
    guard (0...maxOrder).contains(order), (0..<zoneCount).contains(zone) else { return [] }
    var frames: [Int] = []
    var block = heads[list(zone, order)]
    while block != Self.none {
      frames.append(Int(block))
      block = next[Int(block)]
    }
    return frames
    // END SOLUTION
  }
  // BEGIN SOLUTION

  // MARK: Blocks

  /// The order of the largest block that may start at `frame` and ends before `end`.
  private func largestOrder(at frame: Int, before end: Int) -> Int {
    var order = 0
    while order < maxOrder, frame.isMultiple(of: 2 << order), frame + (2 << order) <= end {
      order += 1
    }
    return order
  }

  /// Halves the block again and again; the lower half goes on, the upper one stays free.
  private mutating func split(_ block: Int, from larger: Int, to order: Int) {
    var size = larger
    while size > order {
      size -= 1
      insert(block + (1 << size), order: size)
    }
  }

  /// The block's buddy, if that is whole, free and in the same zone.
  ///
  /// Two buddies differ in one bit of their frame numbers, so each is the other's number XOR their size.
  private func freeBuddy(of block: Int, order: Int) -> Int? {
    let buddy = block ^ (1 << order)
    guard use.indices.contains(buddy), case .free(order) = use[buddy],
      zoneOf[buddy] == zoneOf[block]
    else { return nil }
    return buddy
  }

  // MARK: Free lists

  /// Where the list of a zone and an order has its head.
  private func list(_ zone: Int, _ order: Int) -> Int { zone * (maxOrder + 1) + order }

  /// Makes the block at `frame` free, as the first of its list.
  private mutating func insert(_ frame: Int, order: Int) {
    let list = list(Int(zoneOf[frame]), order)
    let follower = heads[list]
    next[frame] = follower
    previous[frame] = Self.none
    if follower != Self.none { previous[Int(follower)] = Int32(frame) }
    heads[list] = Int32(frame)
    use[frame] = .free(order: order)
  }

  /// Takes the free block at `frame` out of its list, wherever in it that is.
  private mutating func remove(_ frame: Int, order: Int) {
    let before = previous[frame]
    let after = next[frame]
    if before == Self.none {
      heads[list(Int(zoneOf[frame]), order)] = after
    } else {
      next[Int(before)] = after
    }
    if after != Self.none { previous[Int(after)] = before }
    use[frame] = .inside
  }
  // END SOLUTION
}
