// wheat: no lists: a complete binary tree in an array; a node knows which orders are free below it
// source: W-BUD-01, W-BUD-12
import LabKit

struct BuddySystem: PageAllocator {
  private var trees: [Tree]

  init(zones: [MemoryZone]) { trees = zones.map(Tree.init) }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < trees.count else { return nil }
    var zone = zone
    while zone >= 0 {
      if let frame = trees[zone].allocate(order) { return frame }
      zone -= 1
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    for zone in trees.indices where trees[zone].owns(frame) {
      return try trees[zone].free(frame, order)
    }
    throw .notManaged(frame: frame)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < trees.count else { return [] }
    return trees[zone].freeBlocks(order)
  }
}

/// One zone: the root is node 1, the children of node n are 2n and 2n + 1, the leaves are frames.
private struct Tree {
  /// Bit k: a free block of order k lies in this node's part. `taken` alone: the node is an allocated block.
  private var nodes: [UInt16]
  private let usable: [Range<Int>]
  private let base: Int
  private let height: Int

  private static let taken: UInt16 = 0x8000

  init(_ zone: MemoryZone) {
    usable = zone.usable
    let first = usable.first?.lowerBound ?? 0
    let end = usable.last?.upperBound ?? 1
    base = first & ~(1 << maxOrder - 1)
    var height = 0
    while 1 << height < end - base { height += 1 }
    self.height = height
    nodes = Array(repeating: 0, count: 2 << height)
    for range in usable {
      for frame in range { nodes[1 << height + frame - base] = 1 }
    }
    var level = 1
    while level <= height {
      for node in 1 << (height - level)..<2 << (height - level) { summarize(node, level) }
      level += 1
    }
  }

  func owns(_ frame: Int) -> Bool { usable.contains { $0.contains(frame) } }

  mutating func allocate(_ order: Int) -> Int? {
    let sufficient = ((nodes[1] & ~Self.taken) >> order) << order
    guard sufficient != 0 else { return nil }
    let found = sufficient.trailingZeroBitCount
    var node = 1
    var level = height
    while level > found {
      node *= 2
      level -= 1
      if nodes[node] >> found & 1 == 0 { node += 1 }
    }
    while level > order {
      node *= 2
      level -= 1
      nodes[node + 1] = 1 << level
    }
    nodes[node] = Self.taken
    let frame = base + node << level - 1 << height
    climb(from: node, level)
    return frame
  }

  mutating func free(_ frame: Int, _ order: Int) throws(BadFree) {
    var node = 1 << height + frame - base
    var level = 0
    // The lowest allocated node that starts here is the only one: blocks do not nest.
    while nodes[node] != Self.taken {
      guard node > 1, node & 1 == 0, level < maxOrder else { throw .notAllocated(frame: frame) }
      node /= 2
      level += 1
    }
    guard level == order else { throw .wrongOrder(frame: frame, allocated: level) }
    nodes[node] = 1 << level
    climb(from: node, level)
  }

  func freeBlocks(_ order: Int) -> [Int] {
    guard order <= height else { return [] }
    var found: [Int] = []
    var stack = [(node: 1, level: height)]
    while let (node, level) = stack.popLast() {
      guard nodes[node] != Self.taken, nodes[node] >> order & 1 == 1 else { continue }
      if level == order {
        found.append(base + node << level - 1 << height)
      } else {
        stack.append((2 * node, level - 1))
        stack.append((2 * node + 1, level - 1))
      }
    }
    return found
  }

  /// Brings the nodes above a changed one up to date, as far as something changes.
  private mutating func climb(from start: Int, _ startLevel: Int) {
    var node = start / 2
    var level = startLevel + 1
    while node > 0 {
      let before = nodes[node]
      summarize(node, level)
      // Above a block that was split the old value says "one free block", which always changes.
      guard nodes[node] != before else { return }
      node /= 2
      level += 1
    }
  }

  private mutating func summarize(_ node: Int, _ level: Int) {
    let low = nodes[2 * node]
    let high = nodes[2 * node + 1]
    let whole: UInt16 = 1 << UInt16(level - 1)
    nodes[node] =
      low == whole && high == whole && level <= maxOrder ? whole << 1 : (low | high) & ~Self.taken
  }
}
