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
      guard depth >= 2 else { return nil }
      return roundTripFailure(subject, GFPMasks.roundTrip) == nil ? nil : 2
    },
    examine: { examination in
      let subject = examination.subject
      let masks = GFPMasks.roundTrip
      if let failure = roundTripFailure(subject, masks) { return .failed(failure) }
      var stopped = false
      let runs = 300
      let report = search(seed: examination.seed, runs: runs, maxShrinks: 400) { choices in
        let mask = try GFPMasks.draw(choices)
        try choices.assume(mask != 0)
        // An endless loop costs a time limit: the first one found is shown as it is.
        guard !stopped, let failure = roundTripFailure(subject, [mask]) else { return }
        if case .timedOut = failure.transcript.ending { stopped = true }
        throw RoundTripFailure(counterexample: failure)
      }
      if let failure = report.failure?.error as? RoundTripFailure {
        return .failed(failure.counterexample)
      }
      return .passed(note: "\(masks.count + runs) masks")
    })

  private struct RoundTripFailure: Error {
    let counterexample: Counterexample
  }

  /// Prints each mask, then parses what was printed; answers the first that does not come back, or
  /// nil.
  private static func roundTripFailure(
    _ subject: any Subject, _ masks: [UInt32]
  ) -> Counterexample? {
    let prints = masks.map { GFPFlagsOperation.ask(.print, $0) }
    let printed = subject.perform(prints)
    let texts = printed.outcomes.map { outcome in
      if case .text(let text) = outcome { text } else { "" }
    }
    let parsed = subject.perform(texts.map(GFPFlagsOperation.parse))
    for (index, mask) in masks.enumerated() {
      guard index < texts.count else {
        return counterexample([prints[index]], [], printed.ending, mask)
      }
      let operations = [prints[index], GFPFlagsOperation.parse(texts[index])]
      guard index < parsed.outcomes.count else {
        return counterexample(operations, [printed.outcomes[index]], parsed.ending, mask)
      }
      let outcomes = [printed.outcomes[index], parsed.outcomes[index]]
      if outcomes[1] != .number(Int(mask)) {
        return counterexample(operations, outcomes, .complete, mask)
      }
    }
    return nil
  }

  private static func counterexample(
    _ operations: [TraceOperation], _ outcomes: [Outcome], _ ending: Transcript.Ending,
    _ mask: UInt32
  ) -> Counterexample {
    let steps = operations.indices.map { index in
      GFPWords.step(operations[index], index < outcomes.count ? outcomes[index] : nil)
    }
    let found =
      outcomes.count == operations.count
      ? GFPWords.answer(outcomes.last!, to: operations.last!) : GFPWords.ending(ending)
    return Counterexample(
      operations: operations, transcript: Transcript(outcomes: outcomes, ending: ending),
      steps: steps, expected: "\(GFPHex.text(mask)) again", found: found)
  }
}

extension GFPMasks {
  /// Masks that are printed and read back: single bits, types, and types with an unnamed
  /// bit.
  static let roundTrip: [UInt32] =
    everyBit + types + types.map { $0 | 0x100_0000 } + everyBit.map { $0 | 0x200 }
    + recorded.filter { $0 != 0 }
}
