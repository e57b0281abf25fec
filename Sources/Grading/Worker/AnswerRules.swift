import AllocationTrace
import LabBench
import Labs

/// What a lab's programs can return at all; whatever else comes back is not the student's code speaking.
struct AnswerRules: Sendable {
  let vocabulary: Vocabulary
  /// The longest list that can come back in a trace.
  let longestList: @Sendable ([TraceOperation]) -> Int

  init(_ lab: Lab) {
    vocabulary = lab.vocabulary
    longestList = lab.longestList
  }
}

/// Follows one trace on the grader's side, and decides which answers are possible. See TRUST.md.
struct Referee {
  let trace: [TraceOperation]
  /// The most numbers in one list.
  let mostNumbers: Int
  private let vocabulary: Vocabulary
  private var handles = Handles()
  /// What has come of the trace's operations so far.
  private(set) var outcomes: [Outcome] = []

  init(_ trace: [TraceOperation], _ rules: AnswerRules) {
    self.trace = trace
    vocabulary = rules.vocabulary
    mostNumbers = rules.longestList(trace)
  }

  static let unasked = "it answered what nobody had asked"

  /// Whether every operation was answered.
  var isComplete: Bool { outcomes.count == trace.count }

  /// Takes the outcome of the next operation; returns what is wrong with it, or nil. O(number of arguments).
  mutating func accept(_ outcome: Outcome) -> String? {
    guard !isComplete else { return Self.unasked }
    let operation = trace[outcomes.count]
    guard vocabulary.verbs.indices.contains(Int(operation.verb)) else {
      return "it answered a question that the lab does not have"
    }
    let verb = vocabulary.verb(of: operation)
    if handles.resolve(operation) == nil {
      guard outcome == .skipped else {
        return
          "it has a result for \(verb.name), which could not be called: there was no block to name"
      }
    } else if outcome == .skipped {
      return "it says that \(verb.name) could not be called, but nothing was missing for that"
    } else if !verb.outcomes.contains(outcome.kind) {
      return Self.words(for: outcome, of: verb)
    }
    handles.note(outcome)
    outcomes.append(outcome)
    return nil
  }

  private static func words(for outcome: Outcome, of verb: Verb) -> String {
    let what =
      switch outcome {
      case .done: "nothing"
      case .none: "nil"
      case .number: "a number"
      case .truth: "true or false"
      case .text: "a text"
      case .numbers: "a list"
      case .refused(let why): "a refusal (\(why.printable.prefix(200)))"
      case .skipped: "nothing"
      }
    return "it returned \(what) for \(verb.name), which cannot return that"
  }
}

extension WireError {
  /// What is wrong with the bytes that came back, for the student.
  var words: String {
    switch self {
    case .tooManyNumbers: "a list came back that is longer than any there can be"
    case .tooLongText: "a text of more than \(WorkerLimits.textBytes) bytes came back"
    case .length, .size, .tag: "what it sent is not an answer"
    }
  }
}
