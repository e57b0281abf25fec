import LabKit

/// A free block as a window shows it, or as the model asks for it.
struct FreeBlock: Hashable, Comparable, Sendable {
  var zone: Int
  var order: Int
  var frame: Int

  /// The frames of the block.
  var frames: Range<Int> { FreeBlock.frames(frame, order: order) }

  /// Whether the block starts at a multiple of its size.
  var isAligned: Bool { (0...maxOrder).contains(order) && frame & ((1 << order) - 1) == 0 }

  /// The frames of a block; empty when it is beyond anything that a machine can have.
  static func frames(_ first: Int, order: Int) -> Range<Int> {
    // Any number may come out of a submission, so that the end of a block is none to be computed blindly.
    guard (0...maxOrder).contains(order), (-(1 << 40)...1 << 40).contains(first) else {
      return 0..<0
    }
    return first..<first + (1 << order)
  }

  static func < (a: FreeBlock, b: FreeBlock) -> Bool {
    (a.zone, a.order, a.frame) < (b.zone, b.order, b.frame)
  }

  /// Reads the answer of the verb `show`; nil when it is not made of triples.
  static func list(_ numbers: [Int]) -> [FreeBlock]? {
    guard numbers.count.isMultiple(of: 3) else { return nil }
    let blocks = stride(from: 0, to: numbers.count, by: 3).map {
      FreeBlock(zone: numbers[$0], order: numbers[$0 + 1], frame: numbers[$0 + 2])
    }
    // A worker is not trusted to have sorted.
    return blocks.sorted()
  }
}

/// Lists of free blocks as a window shows them, sorted. Each of these takes time linear in the list, whatever it holds.
extension [FreeBlock] {
  /// The blocks after `block` is taken back: while its buddy is free beside it the two become one.
  ///
  /// Judges one free by the blocks that were there before it, whether or not those are all that must be there.
  func merging(_ block: FreeBlock) -> [FreeBlock] {
    var rest = self
    var merged = block
    while merged.order < maxOrder {
      let buddy = FreeBlock(
        zone: merged.zone, order: merged.order, frame: merged.frame ^ (1 << merged.order))
      let place = rest.place(of: buddy)
      guard place < rest.count, rest[place] == buddy else { break }
      rest.remove(at: place)
      merged.frame = Swift.min(merged.frame, buddy.frame)
      merged.order += 1
    }
    rest.insert(merged, at: rest.place(of: merged))
    return rest
  }

  /// The blocks after `taken` is cut out of the one that holds it: the other halves stay; nil when none holds it.
  func splitting(_ taken: FreeBlock) -> [FreeBlock]? {
    guard taken.isAligned, let holder = holder(of: taken.frame, zone: taken.zone),
      self[holder].order >= taken.order
    else { return nil }
    var rest = self
    var order = rest.remove(at: holder).order
    while order > taken.order {
      order -= 1
      // Of the two halves at this order, the one without the taken frame stays.
      let other = (taken.frame >> order) ^ 1
      let half = FreeBlock(zone: taken.zone, order: order, frame: other << order)
      rest.insert(half, at: rest.place(of: half))
    }
    return rest
  }

  /// The index of the block in `zone` that holds `frame`; nil when none does.
  func holder(of frame: Int, zone: Int) -> Int? {
    firstIndex { $0.zone == zone && $0.frames.contains(frame) }
  }

  /// The smallest order of a block in `zone` that is enough for `order`; nil when there is none.
  func smallestSufficient(_ order: Int, zone: Int) -> Int? {
    lazy.filter { $0.zone == zone && $0.order >= order }.map(\.order).min()
  }

  /// Where `block` stands in this sorted list, or belongs.
  private func place(of block: FreeBlock) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < block { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// What is in this sorted list and not in the other sorted one; a block that is listed twice counts twice.
  func subtracting(_ other: [FreeBlock]) -> [FreeBlock] {
    var rest: [FreeBlock] = []
    var index = other.startIndex
    for block in self {
      while index < other.endIndex, other[index] < block { index += 1 }
      if index < other.endIndex, other[index] == block {
        index += 1
      } else {
        rest.append(block)
      }
    }
    return rest
  }
}
