// wheat: a freed block is only noted; it is merged when somebody next asks, so nobody can see it unmerged
// source: W-BUD-05 (lazy coalescing, as far as this contract allows it)
import LabKit

final class BuddySystem: PageAllocator {
  private var book: Book

  init(zones: [MemoryZone]) { book = Book(zones: zones) }

  func allocate(order: Int, zone: Int) -> Int? { book.allocate(order: order, zone: zone) }

  func free(_ frame: Int, order: Int) throws(BadFree) { try book.free(frame, order: order) }

  /// A look settles what is noted, although nobody can tell.
  func freeBlocks(order: Int, zone: Int) -> [Int] { book.freeBlocks(order: order, zone: zone) }
}

private struct Book {
  /// The list of the block at a frame (zone × 16 + order) while it is allocated, and while it is free.
  private var live: [UInt8]
  private var idle: [UInt8]
  /// Lists as stacks; an entry whose block has gone since is dropped when it comes up.
  private var stacks: [[Int32]]
  /// How many free blocks each list has.
  private var counts: [Int]
  private var noted: (block: Int, list: UInt8)?
  private let origin: Int
  private let zoneCount: Int

  private static let none: UInt8 = 0xff

  init(zones: [MemoryZone]) {
    let parts = zones.flatMap(\.usable)
    let origin = (parts.map(\.lowerBound).min() ?? 0) & ~(1 << maxOrder - 1)
    self.origin = origin
    zoneCount = zones.count
    live = Array(
      repeating: Self.none, count: (parts.map(\.upperBound).max() ?? 0) - origin)
    idle = live
    stacks = Array(repeating: [], count: zones.count * 16)
    counts = Array(repeating: 0, count: zones.count * 16)
    for (zone, memory) in zones.enumerated() {
      for part in memory.usable {
        var block = part.lowerBound - origin
        while block < part.upperBound - origin {
          let order = (0...maxOrder).reversed().first {
            block & (1 << $0 - 1) == 0 && block + 1 << $0 <= part.upperBound - origin
          }!
          file(block, UInt8(zone * 16 + order))
          block += 1 << order
        }
      }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    settle()
    guard 0...maxOrder ~= order, 0..<zoneCount ~= zone else { return nil }
    for zone in stride(from: zone, through: 0, by: -1) {
      for found in zone * 16 + order...zone * 16 + maxOrder where counts[found] > 0 {
        var block = 0
        repeat { block = Int(stacks[found].removeLast()) } while idle[block] != found
        withdraw(block)
        for half in zone * 16 + order..<found { file(block + 1 << (half & 15), UInt8(half)) }
        live[block] = UInt8(zone * 16 + order)
        return origin + block
      }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    settle()
    guard frame >= origin, frame < origin + live.count else { throw .notManaged(frame: frame) }
    let list = live[frame - origin]
    guard list != Self.none else { throw .notAllocated(frame: frame) }
    guard list & 15 == order else { throw .wrongOrder(frame: frame, allocated: Int(list & 15)) }
    live[frame - origin] = Self.none
    noted = (frame - origin, list)
  }

  mutating func freeBlocks(order: Int, zone: Int) -> [Int] {
    settle()
    guard 0...maxOrder ~= order, 0..<zoneCount ~= zone else { return [] }
    return current(UInt8(zone * 16 + order)).map { origin + Int($0) }
  }

  /// Merges the block that was freed last.
  private mutating func settle() {
    guard var (block, list) = noted else { return }
    noted = nil
    while list & 15 < maxOrder {
      let buddy = block ^ 1 << Int(list & 15)
      guard buddy < idle.count, idle[buddy] == list else { break }
      withdraw(buddy)
      block = min(block, buddy)
      list += 1
    }
    file(block, list)
  }

  private mutating func file(_ block: Int, _ list: UInt8) {
    idle[block] = list
    counts[Int(list)] += 1
    stacks[Int(list)].append(Int32(block))
    // Swept before dropped entries outnumber the others, so that memory stays bounded.
    if stacks[Int(list)].count > 4 * counts[Int(list)] + 64 { stacks[Int(list)] = current(list) }
  }

  /// The free blocks among a stack's entries, each once.
  private mutating func current(_ list: UInt8) -> [Int32] {
    var blocks: [Int32] = []
    for entry in stacks[Int(list)] where idle[Int(entry)] == list {
      blocks.append(entry)
      idle[Int(entry)] = Self.none
    }
    for block in blocks { idle[Int(block)] = list }
    return blocks
  }

  private mutating func withdraw(_ block: Int) {
    counts[Int(idle[block])] -= 1
    idle[block] = Self.none
  }
}
