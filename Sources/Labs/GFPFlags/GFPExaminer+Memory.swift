import AllocationTrace
import LabBench

/// A subject that remembers: the answer is right on a fresh instance, and wrong after other questions.
extension GFPExaminer {
  /// The fewest questions after which `question` goes wrong, which it did at the end of `trace`.
  func remembered(
    _ question: GFPQuestion, in trace: ArraySlice<TraceOperation>, _ transcript: Transcript
  ) -> Counterexample {
    var memory = Memory(subject, question, before: Array(trace.dropLast()))
    let count = trace.count
    let seen = Transcript(
      outcomes: Array(transcript.outcomes.prefix(count)),
      ending: transcript.outcomes.count < count ? transcript.ending : .complete)
    memory.reduce()
    return memory.counterexample(seen)
  }
}

/// Looks for the fewest questions that make a subject answer another one wrongly.
private struct Memory {
  private let subject: any Subject
  private let question: GFPQuestion
  /// What is asked before the question.
  private var before: [TraceOperation]
  /// What came of it, once it has been tried.
  private var transcript: Transcript?
  /// Operations that may still be spent.
  private var budget = 60_000
  /// How many steps a report shows one by one.
  private static let fewSteps = 8

  init(_ subject: any Subject, _ question: GFPQuestion, before: [TraceOperation]) {
    self.subject = subject
    self.question = question
    self.before = before
  }

  /// Whether the question goes wrong after `before`; then that is kept.
  private mutating func keep(_ before: [TraceOperation]) -> Bool {
    guard budget >= before.count else { return false }
    budget -= before.count + 1
    let transcript = subject.perform(before + [question.operation])
    if let outcome = transcript.outcomes.dropFirst(before.count).first {
      if question.judge(outcome) == nil { return false }
    } else {
      switch transcript.ending {
      case .crashed, .garbled: if transcript.outcomes.count < before.count { return false }
      case .complete, .timedOut, .outOfTime: return false
      }
    }
    (self.before, self.transcript) = (before, transcript)
    return true
  }

  mutating func reduce() {
    let all = before
    if keep([question.operation]) { return }
    // What was asked last is remembered best.
    var length = 1
    while length < all.count, !keep(all.suffix(length)) { length *= 2 }
    if length >= all.count, !keep(all) { return }
    if before.count > Self.fewSteps, repeatTheQuestion() { return }
    leaveOut()
    // Of single questions the one that is asked first is the smallest.
    if before.count == 1 { _ = all.first { keep([$0]) } }
  }

  /// Leaves out pieces, large ones first, as long as the question goes wrong without them.
  private mutating func leaveOut() {
    var length = (before.count + 1) / 2
    while length >= 1, budget > 0 {
      var start = 0
      while start < before.count, budget > 0 {
        let shorter = Array(before.prefix(start) + before.dropFirst(start + length))
        if before.count == length || !keep(shorter) { start += length }
      }
      length = length == 1 ? 0 : (length + 1) / 2
    }
  }

  /// A subject that counts its questions goes wrong after the same question so many times: that is easier to read. False
  /// when it does not.
  private mutating func repeatTheQuestion() -> Bool {
    func times(_ count: Int) -> [TraceOperation] {
      Array(repeating: question.operation, count: count)
    }
    var low = 0
    var high = before.count
    guard keep(times(high)) else { return false }
    while high - low > 1, budget > 0 {
      let middle = (low + high) / 2
      if keep(times(middle)) { high = middle } else { low = middle }
    }
    return true
  }

  /// What was found; `seen` is what came of the questions as they were first asked.
  func counterexample(_ seen: Transcript) -> Counterexample {
    let transcript = transcript ?? seen
    let operation = question.operation
    let answer = transcript.outcomes.dropFirst(before.count).first
    let alone = subject.perform([operation]).outcomes.first
    let right = alone.map { GFPWords.answer($0, to: operation) } ?? "the same"
    return Counterexample(
      operations: before + [operation], transcript: transcript,
      steps: steps(transcript) + [GFPWords.step(operation, answer)],
      expected: "\(right), as on a fresh instance: an answer depends on the arguments alone",
      found: answer.map { GFPWords.finding($0, to: operation) }
        ?? GFPWords.ending(transcript.ending))
  }

  /// What is asked before the question, step by step where that is short.
  private func steps(_ transcript: Transcript) -> [String] {
    if before.count <= Self.fewSteps {
      return zip(before, transcript.outcomes).map { GFPWords.step($0, $1) }
    }
    if before.allSatisfy({ $0 == question.operation }) {
      return ["\(GFPWords.question(question.operation)), \(before.count) times"]
    }
    return ["\(before.count) other questions"]
  }
}
