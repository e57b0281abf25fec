import AllocationTrace
import LabBench
import PropertyTesting

extension Lab {
  /// What is printed is understood: judged by the subject's own words, whatever names it uses.
  static let roundTrip = Check(
    id: "round-trip", title: "What is printed can be read back",
    rule: """
      For every mask with a flag in it, named or not, parsing the printed text gives the mask again.
      """,
    kind: .property, points: 2, lesson: "text",
    hints: [
      "Does the reader know everything that the writer can write, side by side?",
      """
      A name and a number may stand in one text, as in GFP_KERNEL|0x1000000: each part is looked \
      at by itself.
      """,
      """
      In parse, decide name or number for every part anew, inside the loop over the parts, and \
      form the union of both kinds.
      """,
    ],
    fewestSteps: { subject, depth in
      guard case .broken = RoundTrip(subject).examine(GFPMasks.roundTrip), depth >= 2 else {
        return nil
      }
      return 2
    },
    examine: { examination in
      let drawn = GFPCall.drawn(examination.seed) { choices in
        try GFPMasks.draw(choices).map { .mask(.print, $0) }
      }
      let masks = GFPMasks.roundTrip + drawn.map(\.mask).filter { $0 != 0 }
      switch RoundTrip(examination.subject).examine(masks) {
      case .held: return .passed(note: "\(masks.count) masks")
      case .broken(let failure): return .failed(failure)
      case .outOfTime: return .unfinished(reason: GFPWords.tooSlow)
      }
    })
}

extension GFPMasks {
  /// Masks that are printed and read back: those that every question is tried on, and every company of bits without a name.
  static let roundTrip: [UInt32] =
    (common + subsets(of: unnamedBits) + types.flatMap { type in unnamedBits.map { type | $0 } })
    .filter { $0 != 0 }
}

/// Prints masks and has the texts parsed.
private struct RoundTrip {
  private let subject: any Subject
  /// No text that a program may print is half as long.
  private static let longestText = 1000

  init(_ subject: any Subject) { self.subject = subject }

  /// One mask, printed and parsed on a fresh instance.
  private struct Pair {
    let mask: UInt32
    /// Both operations, or only the first where there is no text to parse.
    var operations: [TraceOperation]
    var transcript: Transcript

    var isRight: Bool { transcript.outcomes.dropFirst().first == .number(Int(mask)) }
  }

  func examine(_ masks: [UInt32]) -> GFPExaminer.Finding {
    let prints = GFPCall.sorted(masks.map { .mask(.print, $0) })
    let printed = subject.perform(prints.map(\.operation))
    let texts = printed.outcomes.map(text)
    // A text that cannot be parsed, or none at all, ends the trace: what comes before it counts.
    let known = texts.prefix { $0 != nil }.compactMap { $0 }
    let parsed = subject.perform(known.map(GFPFlagsOperation.parse))
    for (call, outcome) in zip(prints, parsed.outcomes)
    where outcome != .number(Int(call.mask)) {
      if let failure = failure(of: call.mask) { return .broken(failure) }
    }
    for ending in [parsed.ending, printed.ending] where ending == .outOfTime { return .outOfTime }
    if known.count < prints.count || parsed.ending != .complete {
      let place = min(parsed.outcomes.count, prints.count - 1)
      if let failure = failure(of: prints[place].mask) { return .broken(failure) }
    }
    return .held
  }

  private func text(_ outcome: Outcome) -> String? {
    guard case .text(let text) = outcome, text.utf8.count <= Self.longestText else { return nil }
    return text
  }

  /// The smallest counterexample that can be reached from `mask`; nil where it comes back on a fresh instance: what a subject
  /// remembers is the affair of the checks that print and parse.
  private func failure(of mask: UInt32) -> Counterexample? {
    guard var worst = ask([mask]).first(where: { !$0.isRight }) else { return nil }
    if worst.transcript.ending == .outOfTime { return nil }
    while worst.transcript.ending == .complete {
      let smaller = GFPCall.mask(.print, worst.mask).smaller.map(\.mask).filter { $0 != 0 }
      let alike = ask(smaller).first { !$0.isRight && $0.transcript.ending == .complete }
      guard let alike else { break }
      worst = alike
    }
    return counterexample(worst)
  }

  private func ask(_ masks: [UInt32]) -> [Pair] {
    let prints = masks.map { GFPFlagsOperation.ask(.print, $0) }
    var pairs = zip(masks, zip(prints, subject.perform(prints.map { [$0] }))).map {
      Pair(mask: $0, operations: [$1.0], transcript: $1.1)
    }
    let whole = pairs.indices.filter { pairs[$0].transcript.outcomes.first.flatMap(text) != nil }
    for index in whole {
      let text = pairs[index].transcript.outcomes.first.flatMap(text) ?? ""
      pairs[index].operations.append(GFPFlagsOperation.parse(text))
    }
    for (index, transcript) in zip(whole, subject.perform(whole.map { pairs[$0].operations })) {
      pairs[index].transcript = transcript
    }
    return pairs
  }

  private func counterexample(_ pair: Pair) -> Counterexample {
    let outcomes = pair.transcript.outcomes
    let steps = pair.operations.indices.map { index in
      GFPWords.step(pair.operations[index], index < outcomes.count ? outcomes[index] : nil)
    }
    let found =
      if outcomes.count == 2 {
        GFPWords.answer(outcomes[1], to: pair.operations[1])
      } else if pair.transcript.ending != .complete {
        GFPWords.ending(pair.transcript.ending)
      } else if case .text(let text)? = outcomes.first {
        "a text of \(Words.grouped(text.utf8.count)) bytes"
      } else {
        outcomes.first.map { GFPWords.answer($0, to: pair.operations[0]) } ?? "nothing"
      }
    var follows = false
    switch pair.transcript.ending {
    case .crashed, .garbled:
      follows = GFPOwnTypes(subject)?.explains(pair.transcript.ending) ?? false
    case .complete, .timedOut, .outOfTime: break
    }
    return Counterexample(
      operations: pair.operations, transcript: pair.transcript, steps: steps,
      expected: pair.transcript.ending == .complete
        ? "\(GFPHex.text(pair.mask)) again" : "an answer",
      found: found, followsFrom: follows ? "types" : nil)
  }
}
