// wheat: circular lists; a block is filed at the head or the tail, and either half is served, by a coin of its own
// source: W-BUD-06
import LabKit

struct BuddySystem: PageAllocator {
  /// Links of the blocks, then of one sentinel for each list.
  private var links: [Link]
  private var state: [State]
  private var coin: UInt64 = 0x2545_f491_4f6c_dd1d
  private let base: Int
  private let zoneCount: Int

  private struct Link {
    var before: UInt32
    var after: UInt32
  }

  private enum Use: UInt8 { case none, free, allocated }

  private struct State: Equatable {
    var use = Use.none
    var zone: UInt8 = 0
    var order: UInt8 = 0
  }

  init(zones: [MemoryZone]) {
    let all = zones.flatMap(\.usable)
    base = (all.map(\.lowerBound).min() ?? 0) & ~(1 << maxOrder - 1)
    let frames = (all.map(\.upperBound).max() ?? 0) - base
    zoneCount = zones.count
    state = Array(repeating: State(), count: frames)
    links = Array(repeating: Link(before: 0, after: 0), count: frames)
    for list in 0..<zones.count * (maxOrder + 1) {
      links.append(Link(before: UInt32(frames + list), after: UInt32(frames + list)))
    }
    for (zone, memory) in zones.enumerated() {
      for range in memory.usable {
        var frame = range.lowerBound
        while frame < range.upperBound {
          var order = maxOrder
          while frame & (1 << order - 1) != 0 || frame + 1 << order > range.upperBound {
            order -= 1
          }
          file(frame - base, order, zone)
          frame += 1 << order
        }
      }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard order >= 0 && order <= maxOrder && zone >= 0 && zone < zoneCount else { return nil }
    for zone in (0...zone).reversed() {
      for found in order...maxOrder {
        let end = sentinel(found, zone)
        guard links[end].after != UInt32(end) else { continue }
        var block = Int(toss() ? links[end].after : links[end].before)
        unlink(block)
        for half in (order..<found).reversed() {
          if toss() {
            file(block, half, zone)
            block += 1 << half
          } else {
            file(block + 1 << half, half, zone)
          }
        }
        state[block] = State(use: .allocated, zone: UInt8(zone), order: UInt8(order))
        return block + base
      }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard frame >= base && frame < base + state.count else { throw .notManaged(frame: frame) }
    var block = frame - base
    let owner = state[block]
    guard owner.use == .allocated else { throw .notAllocated(frame: frame) }
    guard owner.order == order else {
      throw .wrongOrder(frame: frame, allocated: Int(owner.order))
    }
    state[block] = State()
    var order = order
    while order < maxOrder {
      let buddy = block ^ 1 << order
      let wanted = State(use: .free, zone: owner.zone, order: UInt8(order))
      guard buddy < state.count, state[buddy] == wanted else { break }
      unlink(buddy)
      block = min(block, buddy)
      order += 1
    }
    file(block, order, Int(owner.zone))
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard order >= 0 && order <= maxOrder && zone >= 0 && zone < zoneCount else { return [] }
    var blocks: [Int] = []
    let end = UInt32(sentinel(order, zone))
    var block = links[Int(end)].before
    while block != end {
      blocks.append(Int(block) + base)
      block = links[Int(block)].before
    }
    return blocks
  }

  private func sentinel(_ order: Int, _ zone: Int) -> Int {
    state.count + zone * (maxOrder + 1) + order
  }

  private mutating func toss() -> Bool {
    coin ^= coin << 13
    coin ^= coin >> 7
    coin ^= coin << 17
    return coin >> 40 & 1 == 0
  }

  private mutating func file(_ block: Int, _ order: Int, _ zone: Int) {
    state[block] = State(use: .free, zone: UInt8(zone), order: UInt8(order))
    let end = sentinel(order, zone)
    let before = toss() ? Int(links[end].before) : end
    let after = Int(links[before].after)
    links[block] = Link(before: UInt32(before), after: UInt32(after))
    links[before].after = UInt32(block)
    links[after].before = UInt32(block)
  }

  private mutating func unlink(_ block: Int) {
    let link = links[block]
    links[Int(link.before)].after = link.after
    links[Int(link.after)].before = link.before
    state[block] = State()
  }
}
