// wheat: address-ordered: an indexed binary heap for each zone and order, the lowest block is served first
// source: own (address-ordered buddy systems)
import LabKit

struct BuddySystem: PageAllocator {
  /// What starts at a frame: nothing (`none`), a free block, or an allocated one.
  private var tag: [UInt8]
  /// Where a free block's first frame stands in its heap.
  private var position: [Int32]
  private var heaps: [[Int32]]
  private let base: Int
  private let zoneCount: Int

  private static let none: UInt8 = 0xff
  private static let allocated: UInt8 = 0x80

  init(zones: [MemoryZone]) {
    let usable = zones.flatMap(\.usable)
    let end = usable.map(\.upperBound).max() ?? 0
    base = (usable.map(\.lowerBound).min() ?? 0) & ~(1 << maxOrder - 1)
    zoneCount = zones.count
    tag = Array(repeating: Self.none, count: end - base)
    position = Array(repeating: 0, count: end - base)
    heaps = Array(repeating: [], count: zones.count * 16)
    for (zone, memory) in zones.enumerated() {
      for range in memory.usable {
        var start = range.lowerBound
        while start < range.upperBound {
          var order = min(maxOrder, start.trailingZeroBitCount)
          while start + 1 << order > range.upperBound { order -= 1 }
          insert(start - base, UInt8(zone << 4 | order))
          start += 1 << order
        }
      }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard 0...maxOrder ~= order, 0..<zoneCount ~= zone else { return nil }
    for zone in stride(from: zone, through: 0, by: -1) {
      for found in order...maxOrder {
        let list = UInt8(zone << 4 | found)
        guard let block = heaps[Int(list)].first.map({ Int($0) }) else { continue }
        remove(block)
        for half in stride(from: found - 1, through: order, by: -1) {
          insert(block + 1 << half, UInt8(zone << 4 | half))
        }
        tag[block] = Self.allocated | UInt8(zone << 4 | order)
        return block + base
      }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard frame >= base, frame < base + tag.count else { throw .notManaged(frame: frame) }
    var block = frame - base
    let owner = tag[block]
    guard owner != Self.none, owner & Self.allocated != 0 else {
      throw .notAllocated(frame: frame)
    }
    guard Int(owner & 15) == order else {
      throw .wrongOrder(frame: frame, allocated: Int(owner & 15))
    }
    tag[block] = Self.none
    var list = owner & 0x7f
    while list & 15 < maxOrder {
      let buddy = block ^ 1 << Int(list & 15)
      guard buddy < tag.count, tag[buddy] == list else { break }
      remove(buddy)
      block = min(block, buddy)
      list += 1
    }
    insert(block, list)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard 0...maxOrder ~= order, 0..<zoneCount ~= zone else { return [] }
    return heaps[zone << 4 | order].map { Int($0) + base }
  }

  private mutating func insert(_ block: Int, _ list: UInt8) {
    tag[block] = list
    heaps[Int(list)].append(0)
    rise(Int32(block), from: heaps[Int(list)].count - 1, in: Int(list))
  }

  private mutating func remove(_ block: Int) {
    let list = Int(tag[block])
    tag[block] = Self.none
    let hole = Int(position[block])
    let last = heaps[list].removeLast()
    guard hole < heaps[list].count else { return }
    if hole > 0, heaps[list][(hole - 1) / 2] > last {
      rise(last, from: hole, in: list)
    } else {
      sink(last, from: hole, in: list)
    }
  }

  private mutating func rise(_ block: Int32, from start: Int, in list: Int) {
    var place = start
    while place > 0 {
      let parent = heaps[list][(place - 1) / 2]
      guard parent > block else { break }
      heaps[list][place] = parent
      position[Int(parent)] = Int32(place)
      place = (place - 1) / 2
    }
    heaps[list][place] = block
    position[Int(block)] = Int32(place)
  }

  private mutating func sink(_ block: Int32, from start: Int, in list: Int) {
    var place = start
    let count = heaps[list].count
    while 2 * place + 1 < count {
      var child = 2 * place + 1
      if child + 1 < count, heaps[list][child + 1] < heaps[list][child] { child += 1 }
      let lowest = heaps[list][child]
      guard lowest < block else { break }
      heaps[list][place] = lowest
      position[Int(lowest)] = Int32(place)
      place = child
    }
    heaps[list][place] = block
    position[Int(block)] = Int32(place)
  }
}
