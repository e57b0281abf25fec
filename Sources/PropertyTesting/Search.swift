/// What a search found.
public struct SearchReport: Sendable {
  /// How many generated runs were judged, the failing one included.
  public var runs = 0
  /// How many generated runs were discarded by ``Choices/assume(_:)``.
  public var discarded = 0
  /// For each label the number of generated runs that had it.
  public var labels: [String: Int] = [:]
  /// The smallest failure, or nil when every run passed.
  public var failure: Failure?

  /// A report of nothing yet.
  public init() {}

  /// A run that failed, as small as shrinking could make it.
  public struct Failure: Sendable {
    /// What the smallest failing run threw.
    public var error: any Error
    /// The draws of the smallest failing run: replay them with ``replay(_:property:)``.
    public var choices: [UInt64]
    /// What the smallest failing run noted.
    public var notes: [String]
    /// Whether the smallest run fails each time; a property that passes when repeated depends on more than its draws.
    public var isReproducible: Bool
    /// The draws of the run that failed first.
    public var original: [UInt64]
    /// Where the failure came from.
    public var origin: Origin
    /// How often shrinking found something smaller.
    public var shrinks: Int
    /// How many runs shrinking took.
    public var shrinkRuns: Int
  }

  /// Where a failure came from.
  public enum Origin: Hashable, Sendable {
    /// The regression of this index.
    case regression(Int)
    /// The generated run of this index.
    case generated(Int)
  }
}

extension SearchReport {
  /// One line a label, the most frequent first: `  62.5 %  coalesced`; empty without labels.
  public var distribution: [String] {
    labels.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { label, count in
      let thousandths = runs == 0 ? 0 : (count * 1000 + runs / 2) / runs
      let share = "\(thousandths / 10).\(thousandths % 10)"
      return String(repeating: " ", count: max(0, 6 - share.count)) + share + " %  " + label
    }
  }
}

/// How one run ended.
public enum RunOutcome: Sendable {
  case passed
  /// An assumption did not hold, or the run drew more than ``Choices/limit`` numbers.
  case discarded
  /// The property threw this error.
  case failed(any Error)
}

/// Looks for a run in which `property` throws, and shrinks the first it finds.
///
/// Deterministic: the same seed and the same property give the same report. Bounded by runs, not by time.
///
/// - Parameters:
///   - seed: what every generated run follows from.
///   - runs: how many runs to judge; discarded runs do not count, but ten times as many end the search.
///   - maxShrinks: the most runs that shrinking may take.
///   - patience: shrinking ends after so many runs in a row that found nothing smaller.
///   - regressions: lists of draws to run first, for example those of earlier failures.
///   - property: draws what it needs and throws where something is wrong.
public func search(
  seed: UInt64, runs: Int = 200, maxShrinks: Int = 20_000, patience: Int = .max,
  regressions: [[UInt64]] = [], property: (Choices) throws -> Void
) -> SearchReport {
  var report = SearchReport()
  var found: (run: Run, origin: SearchReport.Origin)?
  for (index, choices) in regressions.enumerated() where found == nil {
    let run = Run(script: choices, random: nil, property: property)
    if run.hasFailed { found = (run, .regression(index)) }
  }
  var seeds = SplitMix64(seed: seed)
  while found == nil, report.runs < runs, report.discarded <= runs * 10 {
    let run = Run(script: [], random: SplitMix64(seed: seeds.next()), property: property)
    if case .discarded = run.outcome {
      report.discarded += 1
      continue
    }
    if run.hasFailed { found = (run, .generated(report.runs)) }
    report.runs += 1
    for label in run.labels { report.labels[label, default: 0] += 1 }
  }
  guard let found else { return report }

  withoutActuallyEscaping(property) { property in
    var shrinker = Shrinker(found.run, maxRuns: maxShrinks, patience: patience) {
      Run(script: $0, random: nil, property: property)
    }
    shrinker.shrink()
    guard case .failed(let error) = shrinker.best.outcome else { return }
    let again = Run(script: shrinker.best.values, random: nil, explains: true, property: property)
    report.failure = SearchReport.Failure(
      error: error, choices: shrinker.best.values, notes: again.notes,
      isReproducible: again.hasFailed, original: found.run.values,
      origin: found.origin, shrinks: shrinker.improvements, shrinkRuns: shrinker.runs)
  }
  return report
}

/// Repeats the run that drew `choices`.
///
/// Numbers too large for a draw count as the largest possible; beyond the end of the list every draw is 0.
public func replay(_ choices: [UInt64], property: (Choices) throws -> Void) -> RunOutcome {
  Run(script: choices, random: nil, explains: true, property: property).outcome
}

/// One run of a property, and everything that shrinking needs to know about it.
struct Run {
  let values: [UInt64]
  let maxima: [UInt64]
  let spans: [Span]
  let repetitions: Int
  let labels: Set<String>
  let notes: [String]
  let outcome: RunOutcome

  init(
    script: [UInt64], random: SplitMix64?, explains: Bool = false,
    property: (Choices) throws -> Void
  ) {
    let choices = Choices(script: script, random: random, explains: explains)
    var failure: (any Error)?
    do { try property(choices) } catch { failure = error }
    values = choices.drawn
    maxima = choices.maxima
    spans = choices.spans
    repetitions = choices.repetitions
    labels = choices.labels
    notes = choices.notes
    // The flag decides, so that a property that catches the discarding error is discarded all the same.
    outcome =
      if choices.isDiscarded {
        .discarded
      } else if let failure {
        .failed(failure)
      } else {
        .passed
      }
  }

  var hasFailed: Bool {
    if case .failed = outcome { true } else { false }
  }

  /// Fewer repetitions first, then fewer draws, then draw by draw the smaller number.
  func isSmaller(than other: Run) -> Bool {
    if repetitions != other.repetitions { return repetitions < other.repetitions }
    if values.count != other.values.count { return values.count < other.values.count }
    return values.lexicographicallyPrecedes(other.values)
  }
}
