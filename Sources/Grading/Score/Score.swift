import Labs

/// Points out of 100 in tenths, so that adding and comparing them is exact.
public struct Score: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let tenths: Int

  public init(tenths: Int) { self.tenths = tenths }

  /// `earned` of `possible` points as a score; rounded down, so that 100 means every point. 0 of 0 is 0.
  public init(earned: Int, of possible: Int) {
    tenths = possible == 0 ? 0 : earned * 1000 / possible
  }

  /// The mean of scores, each counted as often as its weight; rounded down to a tenth.
  public init(mean scores: [(score: Score, weight: Int)]) {
    let weights = scores.reduce(0) { $0 + $1.weight }
    tenths =
      weights == 0 ? 0 : scores.reduce(0) { $0 + $1.score.tenths * $1.weight } / weights
  }

  public static func < (left: Score, right: Score) -> Bool { left.tenths < right.tenths }

  /// `72`, or `66.6` where tenths are needed.
  public var description: String {
    tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }
}

/// What became of one check.
public struct CheckResult: Sendable {
  public let check: Check
  public let verdict: Verdict
  /// What the student's code printed while it performed the counterexample.
  public let printed: Printed
  /// Of a failed check: the methods that its counterexample calls and whose bodies are still the stub's.
  public var notBegun: [UnbegunMethod] = []
  /// What was measured; it differs from run to run, and no report for programs holds it.
  public let measurements: [MeasuredQuantity]

  public init(
    check: Check, verdict: Verdict, printed: Printed = Printed(),
    measurements: [MeasuredQuantity] = []
  ) {
    self.check = check
    self.verdict = verdict
    self.printed = printed
    self.measurements = measurements
  }

  /// The points that were earned.
  public var earned: Int {
    switch verdict {
    case .passed: check.points
    case .failed(_, let earned): min(max(earned, 0), check.points)
    case .unfinished, .notJudged: 0
    }
  }

  /// The points that could be earned: none where the check could not be judged.
  public var possible: Int {
    if case .notJudged = verdict { 0 } else { check.points }
  }

  public var passed: Bool {
    if case .passed = verdict { true } else { false }
  }

  /// Whether the check failed for want of a beginning: that earns nothing, but is not wrong either.
  public var isUnbegun: Bool { !notBegun.isEmpty && earned == 0 }

  /// The counterexample of a failed check.
  public var counterexample: Counterexample? {
    if case .failed(let counterexample, _) = verdict { counterexample } else { nil }
  }
}

/// What became of one lab.
public struct LabResult: Sendable {
  public enum Outcome: Sendable {
    /// The files are still the stub's, byte for byte.
    case untouched
    /// There are no files to grade, or some that are refused.
    case refused(String)
    /// The compiler, or the rules for what may be imported, turned the files away.
    case notBuilt(BuildFailure)
    /// One result for each check, in the lab's order.
    case judged([CheckResult])
  }

  public let lab: Lab
  public let weight: Int
  public let outcome: Outcome

  public init(lab: Lab, weight: Int, outcome: Outcome) {
    self.lab = lab
    self.weight = weight
    self.outcome = outcome
  }

  /// One result for each check that was run; empty where none was.
  public var checks: [CheckResult] {
    if case .judged(let checks) = outcome { checks } else { [] }
  }

  public var earned: Int { checks.reduce(0) { $0 + $1.earned } }

  /// The points that could be earned in the checks that were run and could be judged.
  public var possible: Int { checks.reduce(0) { $0 + $1.possible } }

  public var score: Score { Score(earned: earned, of: possible) }

  /// Whether only some of the lab's checks were asked for.
  public var isPartial: Bool { !checks.isEmpty && checks.count < lab.checks.count }

  /// Whether every point of every check of the lab was earned.
  public var isDone: Bool { !checks.isEmpty && !isPartial && checks.allSatisfy(\.passed) }

  /// The checks that could not be judged, for reasons that are no fault of the student's.
  public var notJudged: [CheckResult] {
    checks.filter { if case .notJudged = $0.verdict { true } else { false } }
  }
}

/// What became of a submission.
public struct CourseResult: Sendable {
  public let course: String
  public let seed: UInt64
  /// In the course's order.
  public let labs: [LabResult]
  /// What held the code in place; nil where none was run.
  public let confinement: ConfinementSummary?

  public init(course: String, seed: UInt64, labs: [LabResult], confinement: ConfinementSummary?) {
    self.course = course
    self.seed = seed
    self.labs = labs
    self.confinement = confinement
  }

  /// The course-weighted mean of the labs' scores; with one lab, that lab's.
  public var total: Score { Score(mean: labs.map { ($0.score, $0.weight) }) }
}
