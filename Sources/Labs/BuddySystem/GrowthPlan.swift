import LabKit
import PropertyTesting

/// The plans on which it shows whether a call's cost grows with memory: every kind of call that the contract bounds has a
/// phase, on machines of any size, with about as many calls on each.
///
/// Most frames and blocks are named by number although every allocator chooses its own: where all memory is in use in blocks
/// of one order, their numbers are the same for all.
struct GrowthPlan {
  /// How many calls of a kind are timed. More would take longer to prepare: half of a small machine's frames are the most.
  private static let calls = 1_024

  private var random: SplitMix64
  private var result: PhasedPlan

  private init(layout: String, seed: UInt64) {
    random = SplitMix64(seed: seed)
    result = PhasedPlan(layout: layout)
  }

  // MARK: Single frames

  /// 2^`n` frames, all of them handed out one by one; then every second one is free, so that one list is as long as can be:
  /// in the upper zone, for what is quick in zone 0 may search in others.
  static func singleFrames(_ n: Int, seed: UInt64) -> PhasedPlan {
    singleFrames(upTo: 1 << n, seed: seed)
  }

  /// The same on memory so large that the list has more blocks than 16 bits can count.
  static func longestList(seed: UInt64) -> PhasedPlan {
    singleFrames(upTo: (1 << 17) + (1 << 12), seed: seed)
  }

  private static func singleFrames(upTo end: Int, seed: UInt64) -> PhasedPlan {
    var growth = GrowthPlan(layout: "1-158|256-\(end - 1)", seed: seed)
    growth.drawSingleFrames(Array(1...158) + Array(256..<end))
    return growth.result
  }

  private mutating func drawSingleFrames(_ frames: [Int]) {
    add("a request for one frame", frames.map { _ in .allocate(order: 0, zone: 1) })
    add("a request when nothing is free", times { .allocate(order: $0.order(from: 0), zone: 1) })
    add(
      "a free with the wrong order",
      times { .freeFrame($0.pick(frames), order: $0.order(from: 1)) })
    let even = frames.filter { $0.isMultiple(of: 2) }
    add("a free of a block whose buddy is in use", even.map { .freeFrame($0, order: 0) })

    let first = result.nextStep
    add("a request served from a long list", times { _ in .allocate(order: 0, zone: 1) })
    let taken = (first..<result.nextStep).shuffled(using: &random)
    add("a free into a long list", taken.map { .free(step: $0, order: 0) })
    add(
      "a request for more than any free block holds",
      times { .allocate(order: $0.order(from: 1), zone: 1) })
    add("a free of a block that is free already", times { .freeFrame($0.pick(even), order: 0) })

    let buddies = even.filter { $0 != 158 && $0 != 0 }.map { $0 + 1 }.shuffled(using: &random)
    add(
      "a free of a block whose buddy is in the middle of a long list",
      buddies.prefix(Self.calls).map { .freeFrame($0, order: 0) })
    // What was put off until somebody asks is paid for here.
    add(
      "a request after blocks have merged",
      (0..<Self.calls / 4).map { _ in .allocate(order: 1, zone: 1) })
  }

  // MARK: Large blocks

  /// 2^`n` frames in three zones with a hole, all of them handed out in the largest blocks; then a few are free, anywhere.
  static func largeBlocks(_ n: Int, seed: UInt64) -> PhasedPlan {
    let largest = 1 << maxOrder
    let part = 1 << (n - 2)
    let ends = [part, 2 * part + largest, 3 * part + largest, 4 * part + largest]
    var growth = GrowthPlan(
      layout:
        "0-\(part - 1),\(part + largest)-\(ends[1] - 1)|\(ends[1])-\(ends[2] - 1)|\(ends[2])-\(ends[3] - 1)",
      seed: seed)
    let blocks = stride(from: 0, to: ends[3], by: largest).filter { $0 != part }
    growth.drawLargeBlocks(blocks, zoneZero: 2 * part / largest, hole: part, end: ends[3])
    return growth.result
  }

  private mutating func drawLargeBlocks(_ blocks: [Int], zoneZero: Int, hole: Int, end: Int) {
    // A small machine has four blocks of the largest order, too few calls for a phase of their own.
    add(
      "a request for a block of the largest order, or when nothing is free",
      blocks.map { _ in request(maxOrder) }
        + times { .allocate(order: $0.order(from: 0), zone: $0.below(3)) })
    add(
      "a free of a frame inside a block",
      times { .freeFrame($0.pick(blocks) + 1 + $0.below(1_023), order: 0) })
    add(
      "a free with the wrong order",
      times { .freeFrame($0.pick(blocks), order: $0.below(maxOrder)) })
    add(
      "a free of a frame in a hole",
      times { .freeFrame(hole + $0.below(1 << maxOrder), order: 0) })
    add(
      "a free of a frame that does not exist",
      times { .freeFrame(end + $0.below(1 << 20), order: $0.order(from: 0)) })

    var moves: [Move] = []
    for _ in 0..<Self.calls / 4 {
      let block = pick(blocks)
      let next = result.nextStep + moves.count
      moves += [
        .freeFrame(block, order: maxOrder), request(0), .free(step: next + 1, order: 0),
        request(maxOrder),
      ]
    }
    add("a request that cuts a largest block, and a free that makes it whole again", moves)
    // A search from either end has a long way to go in one of these.
    let quarter = blocks.count / 4
    for (place, ends) in [("low", blocks.prefix(quarter)), ("high", blocks.suffix(quarter))] {
      moves = []
      for _ in 0..<4 {
        moves += onlyFreeFrame(in: pick(Array(ends)), from: result.nextStep + moves.count)
      }
      add("a request for the only free frame, at a \(place) address, and its free", moves)
    }
    let low = Array(blocks.prefix(zoneZero))
    fallBack(low)
    add(
      "a free of a block that is free already",
      times { .freeFrame($0.pick(low), order: $0.order(from: 0)) })
  }

  /// Of all memory one block is free; it is cut down to one free frame, which is taken and given back again and again.
  private func onlyFreeFrame(in block: Int, from step: Int) -> [Move] {
    let halves = (0..<maxOrder).reversed()
    var moves: [Move] = [.freeFrame(block, order: maxOrder)] + halves.map { request($0) }
    var last = step + moves.count
    moves.append(request(0))
    for _ in 0..<64 {
      moves += [.free(step: last, order: 0), request(0)]
      last += 2
    }
    moves.append(.free(step: last, order: 0))
    for (index, order) in halves.enumerated().reversed() {
      moves.append(.free(step: step + 1 + index, order: order))
    }
    return moves + [request(maxOrder)]
  }

  /// All blocks of zone 0 are given back, and requests to zone 2 are served from there, until zone 0 is free again.
  private mutating func fallBack(_ low: [Int]) {
    let count = Self.calls / 2
    let first = result.nextStep + low.count
    add(
      "a free of a block of the largest order, or a request served by a lower zone",
      low.map { .freeFrame($0, order: maxOrder) } + (0..<count).map { _ in request(1) })
    let taken = (first..<first + count).shuffled(using: &random)
    add(
      "a free into a lower zone", taken.map { .free(step: $0, order: 1) })
  }

  /// A request to the highest zone.
  private func request(_ order: Int) -> Move { .allocate(order: order, zone: 2) }

  // MARK: Drawing

  private mutating func add(_ call: String, _ moves: [Move]) { result.add(call, moves) }

  private mutating func times(_ move: (inout GrowthPlan) -> Move) -> [Move] {
    (0..<Self.calls).map { _ in move(&self) }
  }

  private mutating func pick(_ frames: [Int]) -> Int { frames[below(frames.count)] }

  private mutating func below(_ count: Int) -> Int { Int(random.next(upTo: UInt64(count - 1))) }

  private mutating func order(from least: Int) -> Int {
    least + below(maxOrder + 1 - least)
  }
}
