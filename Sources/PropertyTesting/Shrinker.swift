/// Makes a failing run smaller while it still fails.
struct Shrinker {
  /// The smallest failing run so far.
  private(set) var best: Run
  /// How often something smaller was found.
  private(set) var improvements = 0
  /// How many runs were tried.
  private(set) var runs = 0

  private let maxRuns: Int
  private let patience: Int
  private let execute: ([UInt64]) -> Run
  private var tried: Set<[UInt64]> = []
  /// Runs in a row without an improvement.
  private var idle = 0

  init(
    _ failing: Run, maxRuns: Int, patience: Int, seed: UInt64,
    execute: @escaping ([UInt64]) -> Run
  ) {
    best = failing
    self.maxRuns = maxRuns
    self.patience = patience
    self.execute = execute
  }

  mutating func shrink() {
    var before: Int
    repeat {
      before = improvements
      deleteSpans()
      minimiseDraws()
    } while improvements > before && !isSpent
  }

  var isSpent: Bool { runs >= maxRuns || idle >= patience }

  /// Runs `candidate` unless it has been tried, and keeps it if it fails and is smaller.
  mutating func attempt(_ candidate: [UInt64]) -> Bool {
    guard !isSpent, tried.insert(candidate).inserted else { return false }
    runs += 1
    idle += 1
    let run = execute(candidate)
    guard run.hasFailed, run.isSmaller(than: best) else { return false }
    best = run
    improvements += 1
    idle = 0
    return true
  }

  /// Deletes one span after the other, the last first.
  mutating func deleteSpans() {
    var index = best.spans.count - 1
    while index >= 0 && !isSpent {
      if index < best.spans.count {
        let span = best.spans[index]
        var candidate = best.values
        candidate.removeSubrange(span.start..<span.end)
        _ = attempt(candidate)
      }
      index -= 1
    }
  }

  /// Lowers one draw after the other by binary search.
  mutating func minimiseDraws() {
    var index = 0
    while index < best.values.count && !isSpent {
      var low: UInt64 = 0
      while index < best.values.count, low < best.values[index], !isSpent {
        let middle = low + (best.values[index] - low) / 2
        var candidate = best.values
        candidate[index] = middle
        if !attempt(candidate) { low = middle + 1 }
      }
      index += 1
    }
  }
}
