// wheat: recursion instead of loops: take asks the next order for a block, give hands a pair to the next order
// source: W-BUD-14
import LabKit

struct BuddySystem: PageAllocator {
  private var zones: [Zone]

  init(zones: [MemoryZone]) { self.zones = zones.map(Zone.init) }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard zones.indices.contains(zone), order >= 0 else { return nil }
    if let frame = zones[zone].take(order) {
      zones[zone].live[frame - zones[zone].base] = UInt8(order)
      return frame
    }
    return allocate(order: order, zone: zone - 1)
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard
      let zone = zones.firstIndex(where: { $0.range.contains(frame) && $0.owner(of: frame) != nil })
    else { throw .notAllocated(frame: frame) }
    let allocated = zones[zone].owner(of: frame)!
    guard allocated == order else { throw .wrongOrder(frame: frame, allocated: allocated) }
    zones[zone].live[frame - zones[zone].base] = Zone.none
    zones[zone].give(frame, order)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard zones.indices.contains(zone), (0...maxOrder).contains(order) else { return [] }
    return zones[zone].list(from: zones[zone].heads[order])
  }
}

private struct Zone {
  static let none: UInt8 = 0xff
  let range: Range<Int>
  let base: Int
  var heads = [Int?](repeating: nil, count: maxOrder + 1)
  /// The order of the allocated block at a frame, and of the free block at a frame.
  var live: [UInt8]
  private var idle: [UInt8]
  private var neighbours: [(previous: Int?, next: Int?)]

  init(_ zone: MemoryZone) {
    range = (zone.usable.first?.lowerBound ?? 0)..<(zone.usable.last?.upperBound ?? 0)
    base = range.lowerBound
    live = Array(repeating: Self.none, count: range.count)
    idle = live
    neighbours = Array(repeating: (nil, nil), count: range.count)
    for part in zone.usable { cover(part, maxOrder) }
  }

  func owner(of frame: Int) -> Int? {
    live[frame - base] == Self.none ? nil : Int(live[frame - base])
  }

  func list(from head: Int?) -> [Int] {
    var frames: [Int] = []
    var next = head
    while let frame = next {
      frames.append(frame)
      next = neighbours[frame - base].next
    }
    return frames
  }

  /// A block of the order: from its own list, or one half of a block of the next order.
  mutating func take(_ order: Int) -> Int? {
    guard order <= maxOrder else { return nil }
    if let frame = heads[order] {
      unlink(frame, order)
      return frame
    }
    guard let frame = take(order + 1) else { return nil }
    link(frame + 1 << order, order)
    return frame
  }

  mutating func give(_ frame: Int, _ order: Int) {
    let buddy = frame ^ 1 << order
    guard order < maxOrder, range.contains(buddy), idle[buddy - base] == UInt8(order) else {
      return link(frame, order)
    }
    unlink(buddy, order)
    give(min(frame, buddy), order + 1)
  }

  /// Files the blocks of the order that fit into a range, then what is left on both sides.
  private mutating func cover(_ part: Range<Int>, _ order: Int) {
    guard !part.isEmpty else { return }
    let first = (part.lowerBound + 1 << order - 1) & ~(1 << order - 1)
    let end = part.upperBound & ~(1 << order - 1)
    guard first < end else { return cover(part, order - 1) }
    for block in stride(from: first, to: end, by: 1 << order) { link(block, order) }
    cover(part.lowerBound..<first, order - 1)
    cover(end..<part.upperBound, order - 1)
  }

  private mutating func link(_ frame: Int, _ order: Int) {
    idle[frame - base] = UInt8(order)
    neighbours[frame - base] = (nil, heads[order])
    if let head = heads[order] { neighbours[head - base].previous = frame }
    heads[order] = frame
  }

  private mutating func unlink(_ frame: Int, _ order: Int) {
    idle[frame - base] = Self.none
    let (previous, next) = neighbours[frame - base]
    if let next { neighbours[next - base].previous = previous }
    if let previous { neighbours[previous - base].next = next } else { heads[order] = next }
  }
}
