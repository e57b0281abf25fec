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
  /// Performs one trace on a fresh instance, batched, and measures the processor time of its process in seconds.
  ///
  /// The transcript is judged like any other: a fast wrong answer earns nothing.
  func time(_ operations: [TraceOperation]) -> (transcript: Transcript, seconds: Double)
}

/// Turns a lab's verbs into calls on one instance of an implementation.
public protocol Driver {
  /// A driver with no instance yet; the first operation of a trace sets the machine up where the lab has one.
  init()
  /// Performs `operation`, whose handles have been replaced by the numbers they stand for.
  mutating func perform(_ operation: TraceOperation) -> Outcome
}
