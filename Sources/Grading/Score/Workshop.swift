import AllocationTrace
import LabBench
import Labs

/// Turns sources that nobody vouches for into subjects: compiles them, links them, starts them confined.
///
/// The grader knows no more of workers than this, so its tests judge subjects in their own process.
public protocol Workshop: Sendable {
  /// Compiles and links `sources` as the module of `lab`; what is cached is answered at once.
  ///
  /// - Throws: ``BuildFailure`` when the sources are at fault, ``GradingError`` when the grader is.
  func build(_ sources: [SourceFile], for lab: Lab, as kind: BuildKind) throws -> any Build
  /// Forgets programs that were built long ago, where many are built one after the other.
  func tidy()
  /// What holds every worker in place on this machine, found by trying.
  func confinement() throws(GradingError) -> ConfinementSummary
}

extension Workshop {
  /// Nothing: only a workshop that keeps programs has any to forget.
  public func tidy() {}
}

/// How sources are built.
public struct BuildKind: Hashable, Sendable {
  /// Optimised code is timed; unoptimised code says why it stopped.
  public var optimised: Bool
  /// Whether the sources may import KernelMemory: audit's adapter over the reference, never a submission.
  public var linksReference: Bool

  public init(optimised: Bool = false, linksReference: Bool = false) {
    self.optimised = optimised
    self.linksReference = linksReference
  }
}

/// Sources that were built.
public protocol Build: Sendable {
  /// A subject of its own, sharing nothing with others.
  func start() -> any PrintingSubject
}

/// A subject that remembers what the student's code printed, and says why its time ran out.
public protocol PrintingSubject: TimedSubject {
  /// What the code printed in the last call of ``Subject/perform(_:)-swift.method``.
  var printed: Printed { get }
  /// Performs one trace step by step: each operation is asked when the one before it has returned.
  ///
  /// Returns what was printed during each operation that was asked, the one that stopped the program included; all that
  /// was printed together is in ``printed``. Slow (some 50 microseconds an operation): for showing a trace, not for judging.
  func performStepByStep(
    _ operations: [TraceOperation]
  ) -> (transcript: Transcript, printed: [Printed])
  /// Why ``Subject/isOutOfTime`` is true, in words for the student that hold nothing measured; nil while it is false.
  var outOfTimeReason: String? { get }
  /// Why no program could be started; then what came back means nothing, and the grader has failed.
  var failure: GradingError? { get }
}

extension PrintingSubject {
  public var outOfTimeReason: String? { nil }
}

/// What holds a worker in place.
public struct ConfinementSummary: Hashable, Sendable {
  /// The means in force, in the words of the report: `own session`, `seccomp`.
  public let inForce: [String]
  /// The means that this machine lacks.
  public let missing: [String]

  public init(inForce: [String], missing: [String] = []) {
    self.inForce = inForce
    self.missing = missing
  }

  /// Whether nothing is missing that `--require-confinement` asks for.
  public var isComplete: Bool { missing.isEmpty }
}
