// wheat: one bit for each pair of buddies, flipped at every change (Linux 2.4); a split serves the HIGH half
// source: own (free_area.map of Linux 2.4, mm/page_alloc.c)
import LabKit

struct BuddySystem: PageAllocator {
  private var areas: [Area]
  /// The order and zone of the allocated block that starts at a frame, or -1.
  private var owner: [Int16]
  private var next: [Int32]
  private var previous: [Int32]
  private let base: Int

  /// The free blocks of one order in one zone.
  private struct Area {
    var head: Int32 = -1
    /// Set while exactly one block of the pair is free at this order.
    var oneFree: [UInt64]
  }

  init(zones: [MemoryZone]) {
    let ranges = zones.flatMap(\.usable)
    base = (ranges.map(\.lowerBound).min() ?? 0) & ~(1 << maxOrder - 1)
    let span = (ranges.map(\.upperBound).max() ?? 0) - base
    owner = Array(repeating: -1, count: span)
    next = Array(repeating: -1, count: span)
    previous = Array(repeating: -1, count: span)
    areas = zones.flatMap { _ in
      (0...maxOrder).map { Area(oneFree: Array(repeating: 0, count: span >> ($0 + 7) + 1)) }
    }
    for (zone, memory) in zones.enumerated() {
      for range in memory.usable {
        var end = range.upperBound - base
        let start = range.lowerBound - base
        // From the top down: the largest block that ends here.
        while end > start {
          var order = min(maxOrder, end.trailingZeroBitCount)
          while end - 1 << order < start { order -= 1 }
          end -= 1 << order
          push(end, order, zone)
          _ = flip(end, order, zone)
        }
      }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < areas.count / 11 else { return nil }
    var zone = zone
    while zone >= 0 {
      var current = order
      while current <= maxOrder {
        let block = Int(areas[zone * 11 + current].head)
        if block >= 0 { return base + carve(block, current, order, zone) }
        current += 1
      }
      zone -= 1
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard frame >= base, frame - base < owner.count else { throw .notManaged(frame: frame) }
    var block = frame - base
    guard owner[block] >= 0 else { throw .notAllocated(frame: frame) }
    let zone = Int(owner[block]) / 11
    guard Int(owner[block]) % 11 == order else {
      throw .wrongOrder(frame: frame, allocated: Int(owner[block]) % 11)
    }
    owner[block] = -1
    var order = order
    // A pair whose bit was set had its other half free.
    while flip(block, order, zone), order < maxOrder {
      unlink(block ^ 1 << order, order, zone)
      block &= ~(1 << order)
      order += 1
    }
    push(block, order, zone)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < areas.count / 11 else { return [] }
    var blocks: [Int] = []
    var block = areas[zone * 11 + order].head
    while block >= 0 {
      blocks.append(base + Int(block))
      block = next[Int(block)]
    }
    return blocks
  }

  /// Takes a free block, gives its lower halves back and answers the highest part of order `wanted`.
  private mutating func carve(_ first: Int, _ order: Int, _ wanted: Int, _ zone: Int) -> Int {
    unlink(first, order, zone)
    _ = flip(first, order, zone)
    var block = first
    var half = order
    while half > wanted {
      half -= 1
      push(block, half, zone)
      _ = flip(block, half, zone)
      block += 1 << half
    }
    owner[block] = Int16(zone * 11 + wanted)
    return block
  }

  /// Flips the bit of the pair and answers what it was.
  private mutating func flip(_ block: Int, _ order: Int, _ zone: Int) -> Bool {
    let pair = block >> (order + 1)
    let mask: UInt64 = 1 << (pair & 63)
    areas[zone * 11 + order].oneFree[pair >> 6] ^= mask
    return areas[zone * 11 + order].oneFree[pair >> 6] & mask == 0
  }

  private mutating func push(_ block: Int, _ order: Int, _ zone: Int) {
    let head = areas[zone * 11 + order].head
    next[block] = head
    previous[block] = -1
    if head >= 0 { previous[Int(head)] = Int32(block) }
    areas[zone * 11 + order].head = Int32(block)
  }

  private mutating func unlink(_ block: Int, _ order: Int, _ zone: Int) {
    if next[block] >= 0 { previous[Int(next[block])] = previous[block] }
    if previous[block] >= 0 {
      next[Int(previous[block])] = next[block]
    } else {
      areas[zone * 11 + order].head = next[block]
    }
  }
}
