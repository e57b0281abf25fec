import AllocationTrace

/// A student's implementation, wherever it lives: in this process, or in a worker behind a pipe.
///
/// A check hands it whole traces and judges the transcripts; it never learns where the code runs.
public protocol Subject: AnyObject {
  /// Performs each trace on a fresh instance of the implementation and answers one transcript for each.
  ///
  /// Never throws: what went wrong is in the transcript's ending. After a crash the remaining traces are
  /// still performed, on new instances.
  func perform(_ traces: [[TraceOperation]]) -> [Transcript]
}

extension Subject {
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
