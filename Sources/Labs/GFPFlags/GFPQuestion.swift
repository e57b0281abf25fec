import AllocationTrace
import LabBench
import PropertyTesting

/// One question to a subject, and what one rule says of the answer.
///
/// A pure function needs no history: every rule of this lab is a set of questions, and every counterexample is the smallest of
/// them that is answered wrongly.
struct GFPQuestion: Sendable {
  let call: GFPCall
  /// What is wrong with an answer, or nil; answers that are another rule's affair are nil too.
  let judge: @Sendable (Outcome) -> Complaint?

  /// What a rule asks for, and what was there instead.
  struct Complaint: Sendable {
    let expected: String
    let found: String
  }

  var operation: TraceOperation { call.operation }

  init(_ call: GFPCall, judge: @escaping @Sendable (Outcome) -> Complaint?) {
    self.call = call
    self.judge = judge
  }

  /// A question whose answer is right only if it equals `answer`.
  init(_ call: GFPCall, is answer: Outcome, because reason: String? = nil) {
    let operation = call.operation
    self.init(call) { found in
      if found == answer { return nil }
      let expected = GFPWords.answer(answer, to: operation)
      return Complaint(
        expected: reason.map { "\(expected): \($0)" } ?? expected,
        found: GFPWords.finding(found, to: operation))
    }
  }

  /// A question whose answer is right only if it is the mask `bits`; a complaint says which bits
  /// differ.
  init(_ call: GFPCall, mask bits: UInt32, because reason: String? = nil) {
    let operation = call.operation
    self.init(call) { outcome in
      if outcome == .number(Int(bits)) { return nil }
      let names = GFPWords.bits(bits)
      var expected = names == GFPHex.text(bits) ? names : "\(GFPHex.text(bits)): \(names)"
      if let reason { expected += ", \(reason)" }
      guard case .number(let number) = outcome, let found = UInt32(exactly: number) else {
        return Complaint(expected: expected, found: GFPWords.answer(outcome, to: operation))
      }
      return Complaint(expected: expected, found: GFPWords.difference(found, from: bits))
    }
  }
}

/// What one rule says of any call; nil for a call that it does not speak of.
typealias GFPRule = @Sendable (GFPCall) -> GFPQuestion?

extension Check {
  /// A check of the GFPFlags lab: calls that are always asked, and calls that are drawn.
  ///
  /// - Parameters:
  ///   - calls: what is always asked; a call that `rule` does not speak of is left out.
  ///   - generate: draws further calls, a few at a time.
  ///   - neighbours: other calls that a subject might mix up with this one when it remembers what it was asked.
  ///   - rule: judges the answers.
  static func gfp(
    _ id: String, _ title: String, rule sentence: String, kind: Kind, points: Int, lesson: String,
    hints: [String], calls: @escaping @Sendable () -> [GFPCall],
    generate: (@Sendable (Choices) throws -> [GFPCall])? = nil,
    neighbours: @escaping @Sendable (GFPCall) -> [GFPCall] = { _ in [] },
    rule: @escaping GFPRule
  ) -> Check {
    Check(
      id: id, title: title, rule: sentence, kind: kind, points: points, lesson: lesson,
      hints: hints,
      fewestSteps: { subject, depth in
        let examiner = GFPExaminer(subject, rule: rule, neighbours: neighbours)
        guard case .broken(let failure) = examiner.examine(calls()) else { return nil }
        return failure.steps.count <= depth ? failure.steps.count : nil
      },
      examine: { examination in
        let examiner = GFPExaminer(examination.subject, rule: rule, neighbours: neighbours)
        let drawn = generate.map { GFPCall.drawn(examination.seed, generate: $0) } ?? []
        switch examiner.examine(calls() + drawn) {
        case .held: return .passed(note: "\(examiner.asked) questions")
        case .broken(let failure): return .failed(failure)
        case .outOfTime: return .unfinished(reason: GFPWords.tooSlow)
        }
      })
  }
}

extension GFPCall {
  /// 300 draws of `generate`.
  static func drawn(_ seed: UInt64, generate: (Choices) throws -> [GFPCall]) -> [GFPCall] {
    var calls: [GFPCall] = []
    _ = search(seed: seed, runs: 300) { calls += try generate($0) }
    return calls
  }
}
