// wheat: Swift sets: the free blocks of a zone and order are a Set for each 1024 frames
// source: own (Set and Dictionary order differs from process to process)
import LabKit

struct BuddySystem: PageAllocator {
  /// One for each zone and order: zone × 11 + order.
  private var pools: [Pool]
  private var allocated: [Int: Owner] = [:]

  private struct Owner {
    let order: Int
    let zone: Int
  }

  /// The free blocks of one zone and order.
  private struct Pool {
    /// The parts that hold a block.
    private var occupied: Set<Int> = []
    /// By part of 1024 frames: sets of bounded size, so that an element is never far from the front.
    private var parts: [Set<Int>]

    init(parts count: Int) { parts = Array(repeating: [], count: count) }

    var all: [Int] { parts.flatMap { $0 } }

    mutating func insert(_ frame: Int) {
      let part = frame >> maxOrder
      if parts[part].isEmpty { occupied.insert(part) }
      parts[part].insert(frame)
    }

    /// Takes `frame` out; false when it is not there.
    mutating func remove(_ frame: Int) -> Bool {
      let part = frame >> maxOrder
      guard parts.indices.contains(part), parts[part].remove(frame) != nil else { return false }
      if parts[part].isEmpty { occupied.remove(part) }
      return true
    }

    mutating func take() -> Int? {
      guard let part = occupied.first, let frame = parts[part].first else { return nil }
      return remove(frame) ? frame : nil
    }
  }

  init(zones: [MemoryZone]) {
    pools = zones.flatMap { zone in
      let parts = (zone.usable.last?.upperBound ?? 0) >> maxOrder + 1
      return Array(repeating: Pool(parts: parts), count: maxOrder + 1)
    }
    for (index, zone) in zones.enumerated() {
      for range in zone.usable {
        var rest = range
        while let frame = rest.first {
          let order = (0...maxOrder).last { frame % (1 << $0) == 0 && 1 << $0 <= rest.count }!
          pools[index * 11 + order].insert(frame)
          rest = frame + 1 << order..<rest.upperBound
        }
      }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard (0...maxOrder).contains(order), (0..<pools.count / 11).contains(zone) else { return nil }
    for zone in (0...zone).reversed() {
      for size in order...maxOrder {
        guard let frame = pools[zone * 11 + size].take() else { continue }
        for half in order..<size { pools[zone * 11 + half].insert(frame + 1 << half) }
        allocated[frame] = Owner(order: order, zone: zone)
        return frame
      }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard let owner = allocated[frame] else { throw .notAllocated(frame: frame) }
    guard owner.order == order else { throw .wrongOrder(frame: frame, allocated: owner.order) }
    allocated[frame] = nil
    var frame = frame
    var order = order
    while order < maxOrder, pools[owner.zone * 11 + order].remove(frame ^ 1 << order) {
      frame &= ~(1 << order)
      order += 1
    }
    pools[owner.zone * 11 + order].insert(frame)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard (0...maxOrder).contains(order), (0..<pools.count / 11).contains(zone) else { return [] }
    return pools[zone * 11 + order].all
  }
}
