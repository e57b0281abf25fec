/// What a subject answered to one operation.
public enum Outcome: Hashable, Sendable {
  /// Performed; there is nothing to answer.
  case done
  /// Answered nil: the request cannot be met.
  case none
  /// Answered a number, for example the first frame of a block.
  case number(Int)
  case truth(Bool)
  case text(String)
  /// Answered a list, for example a window on the free lists. Its meaning is the verb's.
  case numbers([Int])
  /// Refused: the subject threw an error, whose description this is.
  case refused(String)
  /// Not performed, because a handle names an operation that answered no number.
  case skipped
}

/// What a subject answered to a whole trace.
public struct Transcript: Hashable, Sendable {
  /// How the run ended.
  public enum Ending: Hashable, Sendable {
    /// Every operation was answered.
    case complete
    /// The operation after the last answered one stopped the program; the text is for the student.
    case crashed(String)
    /// The operation after the last answered one did not answer within the time limit, in seconds.
    case timedOut(seconds: Double)
    /// The subject's process said something that is not an answer, or closed its pipe and went on.
    case garbled(String)
    /// The time for the check, or for the whole run, was used up; of the operations after the last answered one nothing is
    /// known. Never a wrong answer: whoever judges stops here.
    case outOfTime
  }
  /// One outcome for each operation that was answered, in order; shorter than the trace after a stop.
  public var outcomes: [Outcome]
  public var ending: Ending

  public init(outcomes: [Outcome], ending: Ending = .complete) {
    self.outcomes = outcomes
    self.ending = ending
  }
}
