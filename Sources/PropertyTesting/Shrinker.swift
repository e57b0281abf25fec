/// Makes a failing run smaller while it still fails.
///
/// Works on the list of draws alone: a candidate is another list, and whatever the property builds from it is
/// valid by construction. Cheap passes come first and are repeated until none helps; only then come those
/// that get out of local minima, which cost more.
struct Shrinker {
  /// The smallest failing run so far.
  private(set) var best: Run {
    didSet { siblings = best.siblings }
  }
  /// The best run's spans that follow each other within the same span.
  private(set) var siblings: [[Span]]
  /// How often something smaller was found.
  private(set) var improvements = 0
  /// How many runs were tried.
  private(set) var runs = 0

  private let maxRuns: Int
  private let patience: Int
  private let execute: ([UInt64]) -> Run
  /// Every list run so far, without its trailing zeros, which change nothing.
  private var tried: Set<[UInt64]> = []
  /// Runs in a row without an improvement.
  private var idle = 0

  init(_ failing: Run, maxRuns: Int, patience: Int, execute: @escaping ([UInt64]) -> Run) {
    best = failing
    siblings = failing.siblings
    self.maxRuns = maxRuns
    self.patience = patience
    self.execute = execute
    tried.insert(Shrinker.stripped(failing.values))
  }

  /// Whether the budget of runs is used up.
  var isSpent: Bool { runs >= maxRuns || idle >= patience }

  /// Runs the passes until none helps or the budget is spent.
  mutating func shrink() {
    while !isSpent {
      if improves({ $0.deleteSiblings() }) { continue }
      if improves({ $0.deleteChunks() }) { continue }
      if improves({ $0.minimiseDraws() }) { continue }
      if improves({ $0.deleteAndRenumber() }) { continue }
      if improves({ $0.reorderSiblings() }) { continue }
      if improves({ $0.moveBetweenDraws() }) { continue }
      if improves({ $0.deleteAndRedraw(tries: 3000) }) { continue }
      if improves({ $0.wander(tries: 1000) }) { continue }
      return
    }
  }

  private mutating func improves(_ pass: (inout Shrinker) -> Void) -> Bool {
    let before = improvements
    pass(&self)
    return improvements > before
  }

  /// Runs `candidate` unless it has been tried, and keeps it if it fails and is smaller.
  mutating func attempt(_ candidate: [UInt64]) -> Bool {
    let before = improvements
    return runOnce(candidate) != nil && improvements > before
  }

  /// Runs `candidate` unless it has been tried; nil when it has.
  mutating func runOnce(_ candidate: [UInt64]) -> Run? {
    guard !isSpent, tried.insert(Shrinker.stripped(candidate)).inserted else { return nil }
    runs += 1
    idle += 1
    let run = execute(candidate)
    _ = keep(run)
    return run
  }

  /// Runs `candidate` even if it has been tried, to learn what it draws; keeps it like any other.
  mutating func probe(_ candidate: [UInt64]) -> Run? {
    guard !isSpent else { return nil }
    runs += 1
    idle += 1
    let run = execute(candidate)
    _ = keep(run)
    return run
  }

  /// Keeps `run` if it fails and is smaller than the best.
  private mutating func keep(_ run: Run) -> Bool {
    // What was really drawn may differ from the candidate; remember it under its own name too.
    tried.insert(Shrinker.stripped(run.values))
    guard run.hasFailed, run.isSmaller(than: best) else { return false }
    best = run
    improvements += 1
    idle = 0
    return true
  }

  private static func stripped(_ list: [UInt64]) -> [UInt64] {
    guard let last = list.lastIndex(where: { $0 != 0 }) else { return [] }
    return Array(list[...last])
  }
}

extension Run {
  /// The draws without those of `span`.
  func without(_ span: Span) -> [UInt64] {
    var list = values
    list.removeSubrange(span.start..<span.end)
    return list
  }

  /// For every span that holds at least two spans, those directly within it, and likewise for the outermost.
  var siblings: [[Span]] {
    var order: [Int] = []
    var groups: [Int: [Span]] = [:]
    for span in spans where span.start < span.end {
      let parent = span.parent ?? -1
      if groups[parent] == nil { order.append(parent) }
      groups[parent, default: []].append(span)
    }
    return order.map { groups[$0]! }.filter { $0.count > 1 }
  }
}
