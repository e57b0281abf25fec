import AllocationTrace
import LabBench

/// One rule of a lab and the means to judge it.
public struct Check: Sendable {
  /// How a check comes by its traces.
  public enum Kind: String, Sendable, CaseIterable {
    /// A few operations written by hand.
    case example
    /// Something that must hold after every operation.
    case invariant
    /// Generated traces; a failure is shrunk to the shortest.
    case property
    /// Every sequence of operations on the smallest machine up to a depth.
    case exhaustive
    /// Exhaustion, bad input, injected failure.
    case fault
    /// A ratio to the baseline run side by side, and how cost grows.
    case performance
  }

  /// Unique in its lab, in lower case with hyphens: `grade hint merging`, `CHECK=merging`.
  public let id: String
  /// What a student reads in the list of checks: `Freed buddies merge`.
  public let title: String
  /// The one rule that it judges, in one or two sentences.
  public let rule: String
  public let kind: Kind
  public let points: Int
  /// Anchor of the lesson's section that teaches the rule: `merging`.
  public let lesson: String
  /// Three levels: the idea, the strategy, nearly pseudocode.
  public let hints: [String]
  /// What the rule says of one trace that was performed, whoever wrote it: where the trace breaks the rule, the counterexample
  /// that it is. Nil for a check whose rule another check of the lab judges too, or that needs more than a trace (speed).
  public var judge:
    (@Sendable (_ trace: [TraceOperation], _ transcript: Transcript) -> Counterexample?)?
  /// Judges a subject.
  public let examine: @Sendable (Examination) -> Verdict
  /// Tries every sequence of at most `depth` steps and answers the fewest that break this rule, or nil when none does.
  ///
  /// Audit confirms with it the minimum that a mutant's header states; nil where a rule has no small scope (speed).
  public let fewestSteps: (@Sendable (_ subject: any Subject, _ depth: Int) -> Int?)?

  public init(
    id: String, title: String, rule: String, kind: Kind, points: Int, lesson: String,
    hints: [String],
    fewestSteps: (@Sendable (_ subject: any Subject, _ depth: Int) -> Int?)? = nil,
    judge: (@Sendable ([TraceOperation], Transcript) -> Counterexample?)? = nil,
    examine: @escaping @Sendable (Examination) -> Verdict
  ) {
    self.id = id
    self.title = title
    self.rule = rule
    self.kind = kind
    self.points = points
    self.lesson = lesson
    self.hints = hints
    self.fewestSteps = fewestSteps
    self.judge = judge
    self.examine = examine
  }
}

/// What a check is given to judge with.
public struct Examination {
  /// The student's code; unoptimised, so that traps say why.
  public let subject: any Subject
  /// The student's code optimised, to be timed; nil in process.
  public let optimised: (any TimedSubject)?
  /// The code that speed is compared with, optimised; nil in process.
  public let baseline: (any TimedSubject)?
  /// The check's own seed, derived from the course's seed and the check's id.
  public let seed: UInt64
  /// The bytes of the recording `name` in `grading/traces`, or nil when it is missing.
  public let recording: (_ name: String) -> [UInt8]?
  /// Told every quantity that points depend on and that is measured; audit collects how far they lie from their steps.
  public let noteMeasurement: (MeasuredQuantity) -> Void

  public init(
    subject: any Subject, optimised: (any TimedSubject)? = nil, baseline: (any TimedSubject)? = nil,
    seed: UInt64, recording: @escaping (_ name: String) -> [UInt8]? = { _ in nil },
    noteMeasurement: @escaping (MeasuredQuantity) -> Void = { _ in }
  ) {
    self.subject = subject
    self.optimised = optimised
    self.baseline = baseline
    self.seed = seed
    self.recording = recording
    self.noteMeasurement = noteMeasurement
  }
}

/// A measured quantity, and the values at which points are lost.
public struct MeasuredQuantity: Hashable, Sendable {
  /// In a few words: `growth`, `speed`, `start`.
  public let quantity: String
  public let value: Double
  /// Ascending; up to each of them, inclusive, more is earned than beyond it.
  public let steps: [Double]
  /// What it was measured on, where that is chosen by what was measured: the call that grew most.
  public let detail: String

  public init(quantity: String, value: Double, steps: [Double], detail: String = "") {
    self.quantity = quantity
    self.value = value
    self.steps = steps
    self.detail = detail
  }
}

/// What a check found.
public enum Verdict: Sendable {
  /// The rule held in everything that was tried; the note says how much that was.
  case passed(note: String)
  /// The rule is broken; `earned` of the check's points are given all the same (speed in steps; otherwise 0).
  case failed(Counterexample, earned: Int = 0)
  /// Time ran out before everything was tried, and what was tried held. Earns nothing, but is no wrong answer; the reason says
  /// in a student's words what was slow.
  case unfinished(reason: String)
  /// Could not be judged here, for a reason that is no fault of the student's (speed in process, a missing recording).
  case notJudged(reason: String)
}

/// The shortest run that breaks a rule, as data.
public struct Counterexample: Hashable, Sendable {
  /// The operations, windows included, as `grade replay` performs them.
  public var operations: [TraceOperation]
  /// What the subject answered; shorter than `operations` after a crash.
  public var transcript: Transcript
  /// The steps in the lab's words, without the set-up and the windows: `allocate(order 0) → frame 0`.
  public var steps: [String]
  /// What the rule asks for.
  public var expected: String
  /// What was there instead.
  public var found: String
  /// Lines that picture the memory, before and after the last step; empty where there is nothing to picture.
  public var picture: [String]
  /// The id of an earlier check whose rule this run breaks, so that the failure follows from that one; nil where it stands
  /// for itself.
  ///
  /// A report tells one cause once: when the check that is named here has failed too, this failure is one line. When that
  /// check has passed or was not run, the failure is told in full.
  public var followsFrom: String?

  public init(
    operations: [TraceOperation], transcript: Transcript, steps: [String], expected: String,
    found: String, picture: [String] = [], followsFrom: String? = nil
  ) {
    self.operations = operations
    self.transcript = transcript
    self.steps = steps
    self.expected = expected
    self.found = found
    self.picture = picture
    self.followsFrom = followsFrom
  }
}
