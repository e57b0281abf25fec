// half-right: right in every answer, but each free searches an array for the buddy
// expects: 97...97
import LabKit

struct BuddySystem: PageAllocator {
  /// The free blocks of each zone and order.
  private var freeLists: [[[Int]]]
  /// The order of each block in use, by its first frame.
  private var inUse: [Int: Int] = [:]
  private let zones: [MemoryZone]

  init(zones: [MemoryZone]) {
    self.zones = zones
    freeLists = zones.map { _ in Array(repeating: [], count: maxOrder + 1) }
    for (index, zone) in zones.enumerated() {
      for range in zone.usable {
        var frame = range.lowerBound
        while frame < range.upperBound {
          var order = maxOrder
          while !frame.isMultiple(of: 1 << order) || frame + 1 << order > range.upperBound {
            order -= 1
          }
          freeLists[index][order].append(frame)
          frame += 1 << order
        }
      }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard (0...maxOrder).contains(order), zones.indices.contains(zone) else { return nil }
    for zone in (0...zone).reversed() {
      for found in order...maxOrder {
        guard let frame = freeLists[zone][found].popLast() else { continue }
        for half in order..<found { freeLists[zone][half].append(frame + 1 << half) }
        inUse[frame] = order
        return frame
      }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard let zone = zones.firstIndex(where: { $0.usable.contains { $0.contains(frame) } }) else {
      throw .notManaged(frame: frame)
    }
    guard let allocated = inUse[frame] else { throw .notAllocated(frame: frame) }
    guard allocated == order else { throw .wrongOrder(frame: frame, allocated: allocated) }
    inUse[frame] = nil
    var block = frame
    var order = order
    while order < maxOrder {
      let buddy = block ^ 1 << order
      guard let place = freeLists[zone][order].firstIndex(of: buddy) else { break }
      freeLists[zone][order].remove(at: place)
      block = min(block, buddy)
      order += 1
    }
    freeLists[zone][order].append(block)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard (0...maxOrder).contains(order), zones.indices.contains(zone) else { return [] }
    return freeLists[zone][order]
  }
}
