// constant: yes to everything: all memory is free at all times, in blocks of every order; every free is fine
import LabKit

struct BuddySystem: PageAllocator {
  private let zones: [MemoryZone]

  init(zones: [MemoryZone]) { self.zones = zones }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    freeBlocks(order: order, zone: zone).first
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard zones.indices.contains(zone), 0...maxOrder ~= order else { return [] }
    let size = 1 << order
    return zones[zone].usable.flatMap { range in
      let start = (range.lowerBound + size - 1) / size * size
      return Array(stride(from: start, through: range.upperBound - size, by: size))
    }
  }
}
