// wheat: dictionaries keyed by frame, with linked lists inside one of them: no memory is set aside by frame
// source: own
import LabKit

struct BuddySystem: PageAllocator {
  /// Free blocks by their first frame.
  private var free: [Int: FreeBlock] = [:]
  /// The list that each allocated block would be in if it were free, by its first frame.
  private var live: [Int: Int] = [:]
  /// The first free block of each list; a list's number is zone × 11 + order.
  private var heads: [Int?]
  private let zones: [MemoryZone]

  private struct FreeBlock {
    var list: Int
    var previous: Int?
    var next: Int?
  }

  init(zones: [MemoryZone]) {
    self.zones = zones
    heads = Array(repeating: nil, count: zones.count * 11)
    for (index, zone) in zones.enumerated() {
      for range in zone.usable { cover(range, largest: maxOrder, zone: index) }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < zones.count else { return nil }
    for zone in stride(from: zone, through: 0, by: -1) {
      for larger in order...maxOrder {
        guard let block = heads[zone * 11 + larger] else { continue }
        unlink(block, free.removeValue(forKey: block)!)
        var size = larger
        while size > order {
          size -= 1
          link(block + 1 << size, zone * 11 + size)
        }
        live[block] = zone * 11 + order
        return block
      }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard var list = live[frame] else {
      throw zones.contains { $0.usable.contains { $0.contains(frame) } }
        ? .notAllocated(frame: frame) : .notManaged(frame: frame)
    }
    guard list % 11 == order else { throw .wrongOrder(frame: frame, allocated: list % 11) }
    live[frame] = nil
    var block = frame
    for size in order..<maxOrder {
      guard let buddy = free.index(forKey: block ^ 1 << size), free.values[buddy].list == list
      else { break }
      unlink(block ^ 1 << size, free.remove(at: buddy).value)
      block &= ~(1 << size)
      list += 1
    }
    link(block, list)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < zones.count else { return [] }
    var blocks: [Int] = []
    var next = heads[zone * 11 + order]
    while let block = next {
      blocks.append(block)
      next = free[block]?.next
    }
    return blocks
  }

  /// Files a range as free: the aligned middle in blocks of the largest order, the ends in smaller ones.
  private mutating func cover(_ range: Range<Int>, largest order: Int, zone: Int) {
    guard !range.isEmpty else { return }
    let size = 1 << order
    let low = (range.lowerBound + size - 1) / size * size
    let high = range.upperBound / size * size
    guard low < high else { return cover(range, largest: order - 1, zone: zone) }
    cover(range.lowerBound..<low, largest: order - 1, zone: zone)
    for block in stride(from: low, to: high, by: size) { link(block, zone * 11 + order) }
    cover(high..<range.upperBound, largest: order - 1, zone: zone)
  }

  private mutating func link(_ block: Int, _ list: Int) {
    let head = heads[list]
    if let head { free[head]?.previous = block }
    free[block] = FreeBlock(list: list, previous: nil, next: head)
    heads[list] = block
  }

  /// Closes the gap that `node`, which was at `block`, leaves in its list.
  private mutating func unlink(_ block: Int, _ node: FreeBlock) {
    if let next = node.next { free[next]?.previous = node.previous }
    if let previous = node.previous {
      free[previous]?.next = node.next
    } else {
      heads[node.list] = node.next
    }
  }
}
