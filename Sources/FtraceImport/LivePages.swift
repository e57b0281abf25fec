import AllocationTrace

/// A block of pages that is live in the recording.
struct LiveBlock: BitwiseCopyable {
  /// The operation that asked for it, and the pages from that operation's block to here.
  var operation = 0
  var offset: Int32 = 0
  var order: UInt8 = 0

  var pages: Int { 1 << Int(order) }
}

/// The blocks of pages that are live in a recording, by their first frame.
struct LivePages: ~Copyable {
  private var blocks = LiveTable(blank: LiveBlock())
  /// For every 64 frames that hold a block's first one: which of them do.
  private var starts = LiveTable(blank: UInt64(0))
  private var liveByOrder = [Int](repeating: 0, count: 11)
  /// Pages live now, and at most so far.
  private(set) var live = 0
  private(set) var peak = 0

  /// Blocks live now.
  var count: Int { blocks.count }

  /// The block that starts at `frame`, or nil.
  func block(at frame: Int) -> LiveBlock? { blocks.value(frame) }

  /// The block that `frame` lies in without being its first, and where that starts. O(orders).
  func block(around frame: Int) -> (start: Int, block: LiveBlock)? {
    for order in 1...10 where liveByOrder[order] > 0 {
      let start = frame & ~((1 << order) - 1)
      if start != frame, let block = blocks.value(start), block.order == order {
        return (start, block)
      }
    }
    return nil
  }

  /// The first frames of the blocks that start in `frames`, ascending. O(frames / 64 + blocks found).
  func starts(in frames: Range<Int>) -> [Int] {
    var found: [Int] = []
    for group in frames.lowerBound >> 6...(frames.upperBound - 1) >> 6 {
      guard var bits = starts.value(group) else { continue }
      while bits != 0 {
        let frame = group << 6 + bits.trailingZeroBitCount
        if frames.contains(frame) { found.append(frame) }
        bits &= bits - 1
      }
    }
    return found
  }

  /// Whether no block starts in `frames`.
  func isFree(_ frames: Range<Int>) -> Bool {
    if frames.count == 1 { return blocks.value(frames.lowerBound) == nil }
    return starts(in: frames).isEmpty
  }

  /// Adds a block; none may start at `frame`.
  mutating func insert(_ block: LiveBlock, at frame: Int) {
    blocks.set(frame, block)
    starts.set(frame >> 6, (starts.value(frame >> 6) ?? 0) | 1 << UInt64(frame & 63))
    liveByOrder[Int(block.order)] += 1
    live += block.pages
    peak = max(peak, live)
  }

  /// Takes the block at `frame` out and answers it.
  mutating func remove(at frame: Int) -> LiveBlock? {
    guard let block = blocks.remove(frame) else { return nil }
    let bits = (starts.value(frame >> 6) ?? 0) & ~(1 << UInt64(frame & 63))
    if bits == 0 { _ = starts.remove(frame >> 6) } else { starts.set(frame >> 6, bits) }
    liveByOrder[Int(block.order)] -= 1
    live -= block.pages
    return block
  }

  /// Makes each page of the block at `frame` a block of order 0.
  mutating func split(at frame: Int) {
    guard let block = remove(at: frame) else { return }
    for page in 0..<block.pages {
      insert(
        LiveBlock(operation: block.operation, offset: block.offset + Int32(page), order: 0),
        at: frame + page)
    }
  }
}
