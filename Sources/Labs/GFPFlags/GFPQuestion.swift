import AllocationTrace
import LabBench
import PropertyTesting

/// One question to a subject, and what one rule says of the answer.
///
/// A pure function needs no history: every rule of this lab is a set of questions, and every
/// counterexample is the first of them that is answered wrongly.
struct GFPQuestion: Sendable {
  let operation: TraceOperation
  /// What is wrong with an answer, or nil; answers that are another rule's affair are nil too.
  let judge: @Sendable (Outcome) -> Complaint?

  /// What a rule asks for, and what was there instead.
  struct Complaint: Sendable {
    let expected: String
    let found: String
  }

  /// A question whose answer is right only if it equals `answer`.
  init(_ operation: TraceOperation, is answer: Outcome, because reason: String? = nil) {
    self.init(operation) { found in
      if found == answer { return nil }
      let expected = GFPWords.answer(answer, to: operation)
      return Complaint(
        expected: reason.map { "\(expected): \($0)" } ?? expected,
        found: GFPWords.finding(found, to: operation))
    }
  }

  init(_ operation: TraceOperation, judge: @escaping @Sendable (Outcome) -> Complaint?) {
    self.operation = operation
    self.judge = judge
  }
}

/// Puts questions to a subject until an answer breaks the rule.
///
/// Questions are to be listed with the simplest first: what is found first is then the smallest
/// there is.
final class GFPExaminer {
  private let subject: any Subject
  private(set) var asked = 0

  init(_ subject: any Subject) { self.subject = subject }

  /// Asks all questions in one trace and answers the counterexample of the first that is answered
  /// wrongly, or nil.
  func firstFailure(of questions: [GFPQuestion]) -> Counterexample? {
    asked += questions.count
    let transcript = subject.perform(questions.map(\.operation))
    for (index, question) in questions.enumerated() {
      guard index < transcript.outcomes.count else {
        if case .timedOut = transcript.ending { return stopped(at: question, transcript) }
        return ask(question) ?? remembering(questions.prefix(index + 1), transcript)
      }
      guard question.judge(transcript.outcomes[index]) != nil else { continue }
      // Alone, so that a replay shows this one answer. A subject that answers otherwise then
      // remembers what it was asked before, and is shown with all of it.
      if let alone = ask(question) { return alone }
      return remembering(questions.prefix(index + 1), transcript)
    }
    return nil
  }

  /// Asks one question on a fresh instance.
  func ask(_ question: GFPQuestion) -> Counterexample? {
    asked += 1
    let transcript = subject.perform([question.operation])
    guard let outcome = transcript.outcomes.first else {
      return stopped(at: question, transcript)
    }
    guard let complaint = question.judge(outcome) else { return nil }
    return Counterexample(
      operations: [question.operation], transcript: transcript,
      steps: [GFPWords.step(question.operation, outcome)], expected: complaint.expected,
      found: complaint.found)
  }

  /// Generates questions and answers the counterexample of the simplest that is answered wrongly,
  /// or nil.
  func search(
    seed: UInt64, runs: Int = 300, generate: @escaping (Choices) throws -> GFPQuestion
  ) -> Counterexample? {
    var stopped = false
    let report = PropertyTesting.search(seed: seed, runs: runs, maxShrinks: 400) { choices in
      let question = try generate(choices)
      // Each endless loop costs a time limit: the first one found is shown as it is.
      guard !stopped, let failure = ask(question) else { return }
      if case .timedOut = failure.transcript.ending { stopped = true }
      throw Failure(counterexample: failure)
    }
    return (report.failure?.error as? Failure)?.counterexample
  }

  private struct Failure: Error {
    let counterexample: Counterexample
  }

  /// The question after which the subject stopped.
  private func stopped(at question: GFPQuestion, _ transcript: Transcript) -> Counterexample {
    Counterexample(
      operations: [question.operation],
      transcript: Transcript(outcomes: [], ending: transcript.ending),
      steps: [GFPWords.step(question.operation, nil)], expected: "an answer",
      found: GFPWords.ending(transcript.ending))
  }

  private func remembering(
    _ questions: ArraySlice<GFPQuestion>, _ transcript: Transcript
  ) -> Counterexample {
    let last = questions.last!.operation
    let answers = Array(transcript.outcomes.prefix(questions.count))
    let answer = answers.count == questions.count ? answers.last : nil
    return Counterexample(
      operations: questions.map(\.operation),
      transcript: Transcript(
        outcomes: answers, ending: answer == nil ? transcript.ending : .complete),
      steps: ["\(questions.count - 1) other questions", GFPWords.step(last, answer)],
      expected: "the same answer as on a fresh instance, where it is right",
      found: answer.map { GFPWords.answer($0, to: last) } ?? GFPWords.ending(transcript.ending))
  }
}

extension Check {
  /// A check of the GFPFlags lab: fixed questions, simplest first, then generated ones.
  static func gfp(
    _ id: String, _ title: String, rule: String, kind: Kind, points: Int, lesson: String,
    hints: [String], questions: @escaping @Sendable () -> [GFPQuestion],
    generate: (@Sendable (Choices) throws -> GFPQuestion)? = nil
  ) -> Check {
    Check(
      id: id, title: title, rule: rule, kind: kind, points: points, lesson: lesson, hints: hints,
      fewestSteps: { subject, depth in
        depth >= 1 && GFPExaminer(subject).firstFailure(of: questions()) != nil ? 1 : nil
      },
      examine: { examination in
        let examiner = GFPExaminer(examination.subject)
        if let failure = examiner.firstFailure(of: questions()) { return .failed(failure) }
        if let generate, let failure = examiner.search(seed: examination.seed, generate: generate) {
          return .failed(failure)
        }
        return .passed(note: "\(examiner.asked) questions")
      })
  }
}
