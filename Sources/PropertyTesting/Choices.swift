/// The source of everything that varies between two runs of a property.
///
/// A property draws what it needs: sizes, commands, which block to free. Each draw is kept as one number that
/// is smaller the simpler the draw is, so a run *is* a list of numbers: replaying the list repeats the run,
/// and shrinking the list shrinks whatever was built from it, however it was built.
///
/// ```swift
/// search(seed: 1, runs: 100) { choices in
///   var stack: [Int] = []
///   try choices.commands(average: 10, max: 50) {
///     switch try choices.weighted([2, stack.isEmpty ? 0 : 1]) {
///     case 0: stack.append(try choices.draw(1...40))
///     default: stack.removeLast()
///     }
///     if stack.count > 3 { throw TooDeep(stack) }
///   }
/// }
/// ```
public final class Choices {
  /// The most draws that one run may make; a run that wants more is discarded.
  public static let limit = 1 << 20

  /// What has been drawn so far, in order.
  ///
  /// Hand it to ``replay(_:property:)`` to repeat this run.
  public private(set) var drawn: [UInt64] = []
  /// The labels given so far, each once.
  public private(set) var labels: Set<String> = []
  /// What the run says of itself, line by line; empty while searching.
  public private(set) var notes: [String] = []

  /// For each draw the largest number that it could have been.
  private(set) var maxima: [UInt64] = []
  private(set) var spans: [Span] = []
  /// How often ``more(average:max:)`` said yes: the first measure of a run's length.
  private(set) var repetitions = 0
  private(set) var isDiscarded = false

  /// The numbers to draw first.
  private let script: [UInt64]
  /// Whether notes are kept.
  private let explains: Bool
  /// Where further numbers come from; nil when replaying, and then they are all 0.
  private var random: SplitMix64?
  /// Indices into `spans` of those still open.
  private var open: [Int] = []
  /// For the outermost level and each open span: how often in a row `more` has said yes there.
  private var repeated = [0]

  init(script: [UInt64], random: SplitMix64?, explains: Bool) {
    self.script = script
    self.explains = explains
    self.random = random
  }

  /// Draws a number in `range`, all equally likely; it shrinks towards 0, or the bound nearest 0.
  ///
  /// A range that holds 0 lists 0, 1, 2, … before -1, -2, …
  public func draw(_ range: ClosedRange<Int>) throws -> Int {
    let low = range.lowerBound
    let high = range.upperBound
    let width = UInt64(bitPattern: Int64(high &- low))
    let number = Int(truncatingIfNeeded: try choice(upTo: width))
    if low >= 0 { return low &+ number }
    if high <= 0 { return high &- number }
    let isNegative = UInt64(bitPattern: Int64(number)) > UInt64(high)
    return isNegative ? high &- number : number
  }

  /// Draws true or false, equally likely; it shrinks towards false.
  public func bool() throws -> Bool { try choice(upTo: 1) == 1 }

  /// Draws an index of `weights`, as likely as its weight; it shrinks towards the first.
  ///
  /// An index of weight 0 is never drawn, so a command that is impossible just now has weight 0. Keeping the
  /// order of the commands and giving the simplest first makes for the best shrinking.
  public func weighted(_ weights: [Int]) throws -> Int {
    let total = weights.reduce(0, +)
    precondition(
      total > 0 && weights.allSatisfy { $0 >= 0 }, "weights must not be negative, nor all be 0")
    let number = try choice(upTo: UInt64(weights.count - 1)) { random in
      var ticket = random.index(below: total)
      return UInt64(
        weights.firstIndex { weight in
          ticket -= weight
          return ticket < 0
        }!)
    }
    if weights[Int(number)] > 0 { return Int(number) }
    // Only a shrunk or edited list gets here: take the nearest that is possible, and remember that one.
    let index =
      weights[..<Int(number)].lastIndex { $0 > 0 } ?? weights.firstIndex { $0 > 0 }!
    drawn[drawn.count - 1] = UInt64(index)
    return index
  }

  /// Draws one element, all equally likely; it shrinks towards the first. The collection must not be empty.
  public func element<C: RandomAccessCollection>(of elements: C) throws -> C.Element {
    precondition(!elements.isEmpty, "there is no element to draw")
    let number = try choice(upTo: UInt64(elements.count - 1))
    return elements[elements.index(elements.startIndex, offsetBy: Int(number))]
  }

  /// Draws whether there is one more: on average `average` times yes in a row, at most `max` times.
  ///
  /// Belongs first inside the span of what it announces, so that deleting the span deletes the announcement
  /// too; ``commands(average:max:_:)`` does that. As the first draw of a span it counts together with those
  /// that open the neighbouring spans, elsewhere with those before it in the same span; the count starts anew
  /// once the answer has been no.
  public func more(average: Int, max: Int) throws -> Bool {
    let isFirst = open.last.map { spans[$0].start == drawn.count } ?? false
    let level = repeated.count - (isFirst ? 2 : 1)
    guard repeated[level] < max else {
      repeated[level] = 0
      return false
    }
    let isMore =
      try choice(upTo: 1) { random in
        random.index(below: average + 1) == 0 ? 0 : 1
      } == 1
    repeated[level] = isMore ? repeated[level] + 1 : 0
    if isMore { repetitions += 1 }
    return isMore
  }

  /// Marks the draws made in `body` as belonging together, so that shrinking deletes or moves them together.
  public func span<Result>(_ body: () throws -> Result) rethrows -> Result {
    open.append(spans.count)
    spans.append(Span(start: drawn.count, end: drawn.count, parent: open.dropLast().last))
    repeated.append(0)
    defer {
      repeated.removeLast()
      spans[open.removeLast()].end = drawn.count
    }
    return try body()
  }

  /// Runs `body` for each of a drawn number of commands: on average `average`, at most `max`.
  public func commands(average: Int, max: Int, _ body: () throws -> Void) throws {
    while try span({
      guard try more(average: average, max: max) else { return false }
      try body()
      return true
    }) {}
  }

  /// Discards this run unless `condition` holds: it then counts neither as passed nor as failed.
  public func assume(_ condition: Bool) throws {
    if !condition { throw discard() }
  }

  /// Counts this run under `label`; the report says what share of the runs had it.
  public func label(_ label: String) { labels.insert(label) }

  /// Says what the run just did, in one line: `allocate(3)`.
  ///
  /// Costs nothing while searching; only the minimal case and a replay are asked for their notes.
  public func note(_ line: @autoclosure () -> String) {
    if explains { notes.append(line()) }
  }

  /// Draws a number from 0 to `largest`, all equally likely: what every other draw is made of.
  public func choice(upTo largest: UInt64) throws -> UInt64 {
    try choice(upTo: largest) { $0.next(upTo: largest) }
  }

  private func choice(
    upTo largest: UInt64, generate: (inout SplitMix64) -> UInt64
  ) throws -> UInt64 {
    guard drawn.count < Choices.limit else { throw discard() }
    let number =
      if drawn.count < script.count {
        min(script[drawn.count], largest)
      } else if random != nil {
        generate(&random!)
      } else {
        0 as UInt64
      }
    drawn.append(number)
    maxima.append(largest)
    return number
  }

  private func discard() -> Discard {
    isDiscarded = true
    return Discard()
  }
}

/// Ends a run that is to be discarded.
struct Discard: Error {}

/// Draws that belong together.
struct Span: Hashable {
  /// The first draw.
  var start: Int
  /// One behind the last draw.
  var end: Int
  /// Index of the innermost span around this one.
  var parent: Int?
}
