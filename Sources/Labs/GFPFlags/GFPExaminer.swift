import AllocationTrace
import LabBench

/// Puts the questions of one rule to a subject, and makes the first that goes wrong as small as it can be.
final class GFPExaminer {
  /// What came of it.
  enum Finding {
    case held
    case broken(Counterexample)
    case outOfTime
  }

  /// A question that was asked alone, on a fresh instance, and went wrong.
  struct Failure {
    let question: GFPQuestion
    let transcript: Transcript
    let complaint: GFPQuestion.Complaint
  }

  let subject: any Subject
  private let rule: GFPRule
  private let neighbours: (GFPCall) -> [GFPCall]
  /// How many questions were asked.
  private(set) var asked = 0
  /// The subject's own types where they are wrong; asked for when something else has gone wrong.
  private(set) lazy var ownTypes = GFPOwnTypes(subject)
  /// Questions that may still be spent on making a failure small.
  private var budget = 4000

  init(
    _ subject: any Subject, rule: @escaping GFPRule,
    neighbours: @escaping (GFPCall) -> [GFPCall] = { _ in [] }
  ) {
    self.subject = subject
    self.rule = rule
    self.neighbours = neighbours
  }

  /// Asks all of `calls` that the rule speaks of, the smallest first, then on the same instance once more in the other order;
  /// then, on a new instance, each among its neighbours. An answer depends on the arguments alone.
  func examine(_ calls: [GFPCall]) -> Finding {
    let questions = GFPCall.sorted(calls).compactMap(rule)
    asked += questions.count
    let alone = twice(questions)
    guard case .held = alone else { return alone }
    return amongNeighbours(questions)
  }

  private func twice(_ once: [GFPQuestion]) -> Finding {
    let questions = once + once.reversed()
    let trace = questions.map(\.operation)
    let transcript = subject.perform(trace)
    // Where the first wrong answer stands that only follows from wrong types.
    var consequence: Int?
    func finding(at index: Int) -> Finding {
      .broken(counterexample(questions[index], in: trace[...index], transcript))
    }
    for (index, outcome) in transcript.outcomes.prefix(questions.count).enumerated() {
      guard questions[index].judge(outcome) != nil else { continue }
      guard ownTypes?.explains(questions[index].call, outcome) == true else {
        return finding(at: index)
      }
      consequence = consequence ?? index
    }
    if let consequence { return finding(at: consequence) }
    if transcript.ending == .outOfTime { return .outOfTime }
    let answered = transcript.outcomes.count
    return answered < questions.count ? finding(at: answered) : .held
  }

  private func amongNeighbours(_ questions: [GFPQuestion]) -> Finding {
    var trace: [TraceOperation] = []
    var places: [(index: Int, question: GFPQuestion)] = []
    for question in questions {
      let others = neighbours(question.call)
      if others.isEmpty { continue }
      trace += others.map(\.operation)
      places.append((trace.count, question))
      trace.append(question.operation)
    }
    let transcript = subject.perform(trace)
    for (index, question) in places {
      // A neighbour that stops the program is another rule's affair.
      guard index < transcript.outcomes.count else { break }
      guard question.judge(transcript.outcomes[index]) != nil else { continue }
      return .broken(counterexample(question, in: trace[...index], transcript))
    }
    return transcript.ending == .outOfTime ? .outOfTime : .held
  }

  /// The smallest failure that starts from `question`, which went wrong at the end of `trace`.
  private func counterexample(
    _ question: GFPQuestion, in trace: ArraySlice<TraceOperation>, _ transcript: Transcript
  ) -> Counterexample {
    subject.beginShrinking()
    if transcript.outcomes.count < trace.count, case .timedOut = transcript.ending {
      // Each endless loop costs a time limit: the first one found is shown as it is.
      let ending = Transcript(outcomes: [], ending: transcript.ending)
      return shown(Self.stopped(at: question, ending))
    }
    // Alone, so that a replay shows this one answer. A subject that answers otherwise then remembers what it was asked before.
    if let alone = ask([question])[0] {
      let follows = alone.follows(ownTypes)
      return shown(reduced(alone) { $0.follows(ownTypes) == follows })
    }
    guard subject.isOutOfTime else { return remembered(question, in: trace, transcript) }
    // There was no time to ask again: what was seen is shown as it is.
    let answers = transcript.outcomes.dropFirst(trace.count - 1).prefix(1)
    let seen = Transcript(
      outcomes: Array(answers), ending: answers.isEmpty ? transcript.ending : .complete)
    return shown(failure(question, seen) ?? Self.stopped(at: question, seen))
  }

  private func shown(_ failure: Failure) -> Counterexample {
    let operation = failure.question.operation
    var follows = false
    if case .timedOut = failure.transcript.ending {
      // To ask for the types might cost one more time limit.
    } else {
      follows = failure.follows(ownTypes)
    }
    return Counterexample(
      operations: [operation], transcript: failure.transcript,
      steps: [GFPWords.step(operation, failure.transcript.outcomes.first)],
      expected: failure.complaint.expected, found: failure.complaint.found,
      followsFrom: follows ? "types" : nil)
  }

  // MARK: Asking

  /// Asks each question on a fresh instance; nil where the answer is right, or time ran out.
  private func ask(_ questions: [GFPQuestion]) -> [Failure?] {
    asked += questions.count
    let transcripts = subject.perform(questions.map { [$0.operation] })
    return zip(questions, transcripts).map(failure)
  }

  private func failure(_ question: GFPQuestion, _ transcript: Transcript) -> Failure? {
    guard let outcome = transcript.outcomes.first else {
      return transcript.ending == .outOfTime ? nil : Self.stopped(at: question, transcript)
    }
    return question.judge(outcome).map {
      Failure(question: question, transcript: transcript, complaint: $0)
    }
  }

  private static func stopped(at question: GFPQuestion, _ transcript: Transcript) -> Failure {
    Failure(
      question: question, transcript: transcript,
      complaint: GFPQuestion.Complaint(
        expected: "an answer", found: GFPWords.ending(transcript.ending)))
  }

  // MARK: Making it small

  /// The smallest failure that can be reached from `failure` by asking for less, among those that `isAlike` accepts.
  private func reduced(_ failure: Failure, isAlike: (Failure) -> Bool) -> Failure {
    var best = failure
    while let better = smaller(than: best, isAlike: isAlike) { best = better }
    return best
  }

  private func smaller(than failure: Failure, isAlike: (Failure) -> Bool) -> Failure? {
    // Each endless loop costs a time limit, and each trap a new process: those are tried one by one.
    if case .timedOut = failure.transcript.ending { return nil }
    let atOnce = failure.transcript.ending == .complete ? 64 : 1
    var rest = failure.question.call.smaller.compactMap(rule)[...]
    while !rest.isEmpty, budget > 0 {
      let some = rest.prefix(atOnce)
      rest = rest.dropFirst(atOnce)
      budget -= some.count
      if let found = ask(Array(some)).lazy.compactMap({ $0 }).first(where: isAlike) { return found }
    }
    return nil
  }
}

extension GFPExaminer.Failure {
  /// Whether a program with the types `own` would rightly end like this.
  func follows(_ own: GFPOwnTypes?) -> Bool {
    guard let own else { return false }
    if case .type = question.call { return false }
    return transcript.outcomes.first.map { own.explains(question.call, $0) }
      ?? own.explains(transcript.ending)
  }
}
