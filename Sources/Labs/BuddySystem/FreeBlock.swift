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
    guard (0...maxOrder).contains(order), abs(Double(first)) < 1e12 else { return 0..<0 }
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

extension [FreeBlock] {
  /// The blocks after `block` is taken back: while its buddy is free beside it the two become one.
  ///
  /// Judges one free by the blocks that were there before it, whether those were right or wrong.
  func merging(_ block: FreeBlock) -> [FreeBlock] {
    var rest = self
    var merged = block
    while merged.order < maxOrder {
      let buddy = FreeBlock(
        zone: merged.zone, order: merged.order, frame: merged.frame ^ (1 << merged.order))
      guard let index = rest.firstIndex(of: buddy) else { break }
      rest.remove(at: index)
      merged.frame = Swift.min(merged.frame, buddy.frame)
      merged.order += 1
    }
    rest.append(merged)
    return rest.sorted()
  }

  /// The blocks after `taken` is cut out of the one that holds it: the other halves stay; nil when none holds it.
  func splitting(_ taken: FreeBlock) -> [FreeBlock]? {
    let holder = firstIndex {
      $0.zone == taken.zone && $0.order >= taken.order && $0.frames.contains(taken.frame)
        && taken.frame & ((1 << taken.order) - 1) == 0
    }
    guard let holder else { return nil }
    var rest = self
    var order = rest.remove(at: holder).order
    while order > taken.order {
      order -= 1
      // Of the two halves at this order, the one without the taken frame stays.
      let other = (taken.frame >> order) ^ 1
      rest.append(FreeBlock(zone: taken.zone, order: order, frame: other << order))
    }
    return rest.sorted()
  }

  /// The smallest order of a block in `zone` that is enough for `order`; nil when there is none.
  func smallestSufficient(_ order: Int, zone: Int) -> Int? {
    lazy.filter { $0.zone == zone && $0.order >= order }.map(\.order).min()
  }
}
