// wheat: no lists: a bitmap of free blocks for each zone and order, with summaries of 64 bits a level
// source: W-BUD-12 (bit-packed state); own
import LabKit

struct BuddySystem: PageAllocator {
  private var zones: [Zone]

  /// The bitmaps of one zone; block n of order k is bit n >> k, counted from an aligned base.
  private struct Zone {
    let base: Int
    let end: Int
    var free: [BitSet] = []
    var taken: [BitSet] = []

    init(_ zone: MemoryZone) {
      base = (zone.usable.first?.lowerBound ?? 0) & ~(1 << maxOrder - 1)
      end = zone.usable.last?.upperBound ?? 0
      for order in 0...maxOrder {
        let blocks = (end - base) >> order + 1
        free.append(BitSet(count: blocks))
        taken.append(BitSet(count: blocks))
      }
      for range in zone.usable {
        // Each order takes what is aligned at both ends of the range; the next order gets the middle.
        var low = range.lowerBound - base
        var high = range.upperBound - base
        for order in 0..<maxOrder where low < high {
          if low >> order & 1 == 1 {
            free[order].insert(low >> order)
            low += 1 << order
          }
          if low < high, high >> order & 1 == 1 {
            high -= 1 << order
            free[order].insert(high >> order)
          }
        }
        for block in stride(from: low, to: high, by: 1 << maxOrder) {
          free[maxOrder].insert(block >> maxOrder)
        }
      }
    }

    mutating func allocate(_ order: Int) -> Int? {
      guard let found = (order...maxOrder).first(where: { !free[$0].isEmpty }) else { return nil }
      var block = free[found].first
      free[found].remove(block)
      var level = found
      while level > order {
        level -= 1
        block *= 2
        free[level].insert(block + 1)
      }
      taken[order].insert(block)
      return base + block << order
    }
  }

  init(zones: [MemoryZone]) { self.zones = zones.map(Zone.init) }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard order >= 0, order <= maxOrder, zones.indices.contains(zone) else { return nil }
    for index in (0...zone).reversed() {
      if let frame = zones[index].allocate(order) { return frame }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    var known = false
    for index in zones.indices where frame >= zones[index].base && frame < zones[index].end {
      known = true
      let offset = frame - zones[index].base
      guard
        let owner = (0...maxOrder).first(where: {
          offset & (1 << $0 - 1) == 0 && zones[index].taken[$0].contains(offset >> $0)
        })
      else { continue }
      guard owner == order else { throw .wrongOrder(frame: frame, allocated: owner) }
      var level = order
      var block = offset >> order
      zones[index].taken[order].remove(block)
      while level < maxOrder, zones[index].free[level].contains(block ^ 1) {
        zones[index].free[level].remove(block ^ 1)
        level += 1
        block >>= 1
      }
      zones[index].free[level].insert(block)
      return
    }
    throw known ? .notAllocated(frame: frame) : .notManaged(frame: frame)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard order >= 0, order <= maxOrder, zones.indices.contains(zone) else { return [] }
    return zones[zone].free[order].members.map { zones[zone].base + $0 << order }
  }
}

/// A set of small numbers; each word that is not empty has its bit set in the level above.
private struct BitSet {
  private var words: [UInt64] = []
  /// Where each level starts in `words`, the members' own level first.
  private var levels: [Int] = []

  init(count: Int) {
    var bits = count
    var total = 0
    repeat {
      levels.append(total)
      bits = (bits + 63) / 64
      total += bits
    } while bits > 1
    words = Array(repeating: 0, count: total)
  }

  var isEmpty: Bool { words[words.count - 1] == 0 }

  /// The lowest member; only for a set that is not empty.
  var first: Int {
    var place = 0
    for start in levels.reversed() {
      place = place * 64 + words[start + place].trailingZeroBitCount
    }
    return place
  }

  var members: [Int] {
    var places = [0]
    for start in levels.reversed() {
      places = places.flatMap { place in
        (0..<64).filter { words[start + place] >> $0 & 1 == 1 }.map { place * 64 + $0 }
      }
    }
    return places
  }

  func contains(_ member: Int) -> Bool { words[member >> 6] >> (member & 63) & 1 == 1 }

  mutating func insert(_ member: Int) {
    var place = member
    for start in levels {
      let word = start + place >> 6
      let wasEmpty = words[word] == 0
      words[word] |= 1 << (place & 63)
      guard wasEmpty else { return }
      place >>= 6
    }
  }

  mutating func remove(_ member: Int) {
    var place = member
    for start in levels {
      let word = start + place >> 6
      words[word] &= ~(1 << (place & 63))
      guard words[word] == 0 else { return }
      place >>= 6
    }
  }
}
