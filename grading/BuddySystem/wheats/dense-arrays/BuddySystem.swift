// wheat: dense arrays of free blocks, each block knows its slot; odd orders serve the last slot, even ones the first
// source: W-BUD-13
import LabKit

struct BuddySystem: PageAllocator {
  private var lists: [[Int]]
  /// For each frame: the slot of the free block that starts there, or one of the marks below.
  private var slots: [Int]
  /// The list, in which the block at a frame is or from which it was served.
  private var home: [UInt8]
  private let frames: Range<Int>

  private static let nothing = -1
  private static let served = -2

  init(zones: [MemoryZone]) {
    let lowest = zones.compactMap { $0.usable.first?.lowerBound }.min() ?? 0
    let end = zones.compactMap { $0.usable.last?.upperBound }.max() ?? lowest
    frames = lowest..<end
    lists = Array(repeating: [], count: zones.count * (maxOrder + 1))
    slots = Array(repeating: Self.nothing, count: frames.count)
    home = Array(repeating: 0, count: frames.count)
    for zone in zones.indices {
      for range in zones[zone].usable {
        var frame = range.lowerBound
        var order = 0
        // Climb while the next larger block is not aligned, then descend to the end of the range.
        while frame < range.upperBound {
          if order < maxOrder, frame & 1 << order == 0, frame + 2 << order <= range.upperBound {
            order += 1
          } else if frame + 1 << order > range.upperBound {
            order -= 1
          } else {
            add(frame, list: zone * (maxOrder + 1) + order)
            frame += 1 << order
          }
        }
      }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < lists.count / (maxOrder + 1) else {
      return nil
    }
    for zone in stride(from: zone, through: 0, by: -1) {
      let first = zone * (maxOrder + 1)
      for found in order...maxOrder where !lists[first + found].isEmpty {
        let slot = found % 2 == 0 ? 0 : lists[first + found].count - 1
        let frame = lists[first + found][slot]
        removeBlock(frame)
        for half in order..<found { add(frame + 1 << half, list: first + half) }
        slots[frame - frames.lowerBound] = Self.served
        home[frame - frames.lowerBound] = UInt8(first + order)
        return frame
      }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard frames.contains(frame) else { throw .notManaged(frame: frame) }
    guard slots[frame - frames.lowerBound] == Self.served else {
      throw .notAllocated(frame: frame)
    }
    var list = Int(home[frame - frames.lowerBound])
    guard list % (maxOrder + 1) == order else {
      throw .wrongOrder(frame: frame, allocated: list % (maxOrder + 1))
    }
    slots[frame - frames.lowerBound] = Self.nothing
    var frame = frame
    for size in order..<maxOrder {
      let buddy = frame ^ 1 << size
      guard frames.contains(buddy), slots[buddy - frames.lowerBound] >= 0,
        home[buddy - frames.lowerBound] == list
      else { break }
      removeBlock(buddy)
      frame = min(frame, buddy)
      list += 1
    }
    add(frame, list: list)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < lists.count / (maxOrder + 1) else {
      return []
    }
    return lists[zone * (maxOrder + 1) + order]
  }

  private mutating func add(_ frame: Int, list: Int) {
    slots[frame - frames.lowerBound] = lists[list].count
    home[frame - frames.lowerBound] = UInt8(list)
    lists[list].append(frame)
  }

  /// The last block of the list moves into the slot that becomes empty.
  private mutating func removeBlock(_ frame: Int) {
    let slot = slots[frame - frames.lowerBound]
    let list = Int(home[frame - frames.lowerBound])
    let last = lists[list].removeLast()
    if last != frame {
      lists[list][slot] = last
      slots[last - frames.lowerBound] = slot
    }
    slots[frame - frames.lowerBound] = Self.nothing
  }
}
