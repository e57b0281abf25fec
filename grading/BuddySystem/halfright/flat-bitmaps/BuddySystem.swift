// half-right: right in every answer, but each request searches a bitmap for a bit that is set; unoptimised and at the highest
// frames that takes seconds, after which a call counts as one that does not return
// expects: 85...97
import LabKit

struct BuddySystem: PageAllocator {
  /// For each zone and order a bit for each block, set while it is free; 64 bits to a word.
  private var bits: [[UInt64]] = []
  /// How many bits are set in each.
  private var counts: [Int]
  /// For each frame the order of the block in use that starts there, plus one.
  private var inUse: [UInt8]
  private var zoneOf: [UInt8]
  private let zoneCount: Int

  init(zones: [MemoryZone]) {
    let end = zones.last?.usable.last?.upperBound ?? 0
    zoneCount = zones.count
    counts = Array(repeating: 0, count: zones.count * (maxOrder + 1))
    inUse = Array(repeating: 0, count: end)
    zoneOf = Array(repeating: 0xff, count: end)
    for _ in zones {
      for order in 0...maxOrder { bits.append(Array(repeating: 0, count: end >> order / 64 + 1)) }
    }
    for (zone, memory) in zones.enumerated() {
      for range in memory.usable {
        for frame in range { zoneOf[frame] = UInt8(zone) }
        var frame = range.lowerBound
        while frame < range.upperBound {
          var order = min(maxOrder, frame.trailingZeroBitCount)
          while frame + 1 << order > range.upperBound { order -= 1 }
          set(frame, order, zone)
          frame += 1 << order
        }
      }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard (0...maxOrder).contains(order), (0..<zoneCount).contains(zone) else { return nil }
    for zone in (0...zone).reversed() {
      for found in order...maxOrder where counts[zone * (maxOrder + 1) + found] > 0 {
        let list = zone * (maxOrder + 1) + found
        let word = bits[list].firstIndex { $0 != 0 }!
        let frame = (word * 64 + bits[list][word].trailingZeroBitCount) << found
        clear(frame, found, zone)
        for half in order..<found { set(frame + 1 << half, half, zone) }
        inUse[frame] = UInt8(order) + 1
        return frame
      }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard zoneOf.indices.contains(frame), zoneOf[frame] != 0xff else {
      throw .notManaged(frame: frame)
    }
    guard inUse[frame] > 0 else { throw .notAllocated(frame: frame) }
    guard Int(inUse[frame]) - 1 == order else {
      throw .wrongOrder(frame: frame, allocated: Int(inUse[frame]) - 1)
    }
    inUse[frame] = 0
    let zone = Int(zoneOf[frame])
    var block = frame
    var order = order
    while order < maxOrder, isFree(block ^ 1 << order, order, zone) {
      clear(block ^ 1 << order, order, zone)
      block &= ~(1 << order)
      order += 1
    }
    set(block, order, zone)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard (0...maxOrder).contains(order), (0..<zoneCount).contains(zone) else { return [] }
    return zoneOf.indices.filter { $0 & (1 << order - 1) == 0 && isFree($0, order, zone) }
  }

  private func isFree(_ frame: Int, _ order: Int, _ zone: Int) -> Bool {
    let bit = frame >> order
    return frame < zoneOf.count && bits[zone * (maxOrder + 1) + order][bit / 64] >> (bit % 64) & 1 == 1
  }

  private mutating func set(_ frame: Int, _ order: Int, _ zone: Int) {
    bits[zone * (maxOrder + 1) + order][frame >> order / 64] |= 1 << (frame >> order % 64)
    counts[zone * (maxOrder + 1) + order] += 1
  }

  private mutating func clear(_ frame: Int, _ order: Int, _ zone: Int) {
    bits[zone * (maxOrder + 1) + order][frame >> order / 64] &= ~(1 << (frame >> order % 64))
    counts[zone * (maxOrder + 1) + order] -= 1
  }
}
