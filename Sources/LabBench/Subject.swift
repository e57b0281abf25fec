import AllocationTrace

/// A student's implementation, wherever it lives: in this process, or in a worker behind a pipe.
///
/// A check hands it whole traces and judges the transcripts; it never learns where the code runs.
public protocol Subject: AnyObject {
  /// Performs each trace on a fresh instance of the implementation and returns one transcript for each.
  ///
  /// Never throws: what went wrong is in the transcript's ending. After a crash the remaining traces are
  /// still performed, on new instances; once ``isOutOfTime`` is true, none is.
  func perform(_ traces: [[TraceOperation]]) -> [Transcript]
  /// Whether the time for this check, or for the whole run, is used up.
  ///
  /// From then on every transcript is empty and ends ``Transcript/Ending/outOfTime``: nothing can be learned any more.
  /// A check stops, and returns the best finding that it has; without one it returns ``Verdict/unfinished(reason:)``
  /// (a check that returns `.passed` all the same is corrected by the grader).
  var isOutOfTime: Bool { get }
  /// Tells that a wrong answer was found, and that what follows only makes its counterexample shorter.
  ///
  /// From now on little time is left (a few seconds); when it is over, ``isOutOfTime`` is true. Calling it again
  /// changes nothing.
  func beginShrinking()
}

extension Subject {
  public var isOutOfTime: Bool { false }

  public func beginShrinking() {}

  /// Performs one trace on a fresh instance of the implementation.
  public func perform(_ operations: [TraceOperation]) -> Transcript { perform([operations])[0] }
}

/// A subject whose processor time can be measured from outside.
public protocol TimedSubject: Subject {
  /// Performs one trace that is cut into phases on one fresh instance, in a process of its own, and measures the process's
  /// processor time phase by phase; handles count through all phases.
  ///
  /// A phase is over when its last answer has arrived, and no question of the next one is written before. The first phase
  /// begins when the process is started. Nothing is left out between two phases and nothing is subtracted, so that work can
  /// be put off to a later phase, or done ahead in an earlier one, but not be hidden.
  ///
  /// The transcript is judged like any other: a fast wrong answer earns nothing.
  ///
  /// - Parameter goesOn: is told what a phase took, and stops the program by returning false.
  func time(
    _ phases: [[TraceOperation]], goesOn: (_ phase: Int, _ seconds: Double) -> Bool
  ) -> Timing
}

/// What came of a trace whose phases were timed.
public struct Timing: Sendable {
  /// What was returned in all phases together.
  public var transcript: Transcript
  /// Processor seconds of each phase that was brought to its end, in order; of the last one what it took so far, where
  /// ``isCut``.
  public var seconds: [Double]
  /// Whether the program was stopped because a phase took too long.
  public var isCut: Bool

  public init(transcript: Transcript, seconds: [Double], isCut: Bool = false) {
    self.transcript = transcript
    self.seconds = seconds
    self.isCut = isCut
  }
}

/// Turns a lab's verbs into calls on one instance of an implementation.
public protocol Driver {
  /// A driver with no instance yet; the first operation of a trace sets the machine up where the lab has one.
  init()
  /// Performs `operation`, whose handles have been replaced by the numbers they stand for.
  mutating func perform(_ operation: TraceOperation) -> Outcome
}
