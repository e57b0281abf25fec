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

/// The kinds of outcome that an operation of a ``Verb`` can have.
///
/// ``Outcome/skipped`` is none of them: whether an operation is performed follows from its handles.
public struct OutcomeKinds: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let done = OutcomeKinds(rawValue: 1)
  public static let none = OutcomeKinds(rawValue: 2)
  public static let number = OutcomeKinds(rawValue: 4)
  public static let truth = OutcomeKinds(rawValue: 8)
  public static let text = OutcomeKinds(rawValue: 16)
  public static let numbers = OutcomeKinds(rawValue: 32)
  public static let refused = OutcomeKinds(rawValue: 64)
  public static let all = OutcomeKinds(rawValue: 127)
}

extension Outcome {
  /// The kind of this outcome; empty when the operation was skipped.
  public var kind: OutcomeKinds {
    switch self {
    case .done: .done
    case .none: .none
    case .number: .number
    case .truth: .truth
    case .text: .text
    case .numbers: .numbers
    case .refused: .refused
    case .skipped: []
    }
  }
}

/// What a subject answered to a whole trace.
public struct Transcript: Hashable, Sendable {
  /// How the run ended.
  public enum Ending: Hashable, Sendable {
    /// Every operation was answered.
    case complete
    /// The operation after the last answered one stopped the program; the text is for the student.
    case crashed(String)
    /// The operation after the last answered one did not return within the time limit, in seconds.
    case timedOut(seconds: Double, while: Silence = .computing)
    /// The subject's process said something that is not an answer, or closed its pipe and went on.
    case garbled(String)
    /// The time for the check, or for the whole run, was used up; of the operations after the last answered one nothing is
    /// known. Never a wrong answer: whoever judges stops here.
    case outOfTime
  }
  /// What a program did while its answer was waited for.
  public enum Silence: Hashable, Sendable {
    /// It kept the processor busy the whole time.
    case computing
    /// It slept, or waited for something that never comes.
    case waiting
    /// It printed line after line.
    case printing
  }
  /// One outcome for each operation that was answered, in order; shorter than the trace after a stop.
  public var outcomes: [Outcome]
  public var ending: Ending

  public init(outcomes: [Outcome], ending: Ending = .complete) {
    self.outcomes = outcomes
    self.ending = ending
  }
}
