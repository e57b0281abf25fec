import AllocationTrace
import LabBench
import LabKit

extension GFPTraces {
  /// The checks, each with what its rule says of a trace that somebody else wrote.
  static func judging(_ checks: [Check]) -> [Check] {
    checks.map { check in
      var check = check
      let id = check.id
      check.judge = { operations, transcript in
        counterexample(to: id, operations, transcript)
      }
      return check
    }
  }

  /// What is wrong with one answer, and which check's rule says so.
  private struct Fault {
    let check: String
    let expected: String
    let found: String
  }

  /// The first answer that is wrong by the rule of `check`; nil where none is.
  private static func counterexample(
    to check: String, _ operations: [TraceOperation], _ transcript: Transcript
  ) -> Counterexample? {
    for (index, operation) in operations.enumerated() {
      let outcome = transcript.outcomes.indices.contains(index) ? transcript.outcomes[index] : nil
      guard let outcome else {
        guard let stop = transcript.ending.stopInWords, rule(of: operation) == check else {
          return nil
        }
        let fault = Fault(check: check, expected: "an answer", found: stop)
        return counterexample(fault, operations, transcript, index)
      }
      if let fault = fault(of: operation, outcome, by: check), fault.check == check {
        return counterexample(fault, operations, transcript, index)
      }
    }
    return nil
  }

  private static func counterexample(
    _ fault: Fault, _ operations: [TraceOperation], _ transcript: Transcript, _ index: Int
  ) -> Counterexample {
    let outcomes = Array(transcript.outcomes.prefix(index + 1))
    let isComplete = outcomes.count == index + 1
    return Counterexample(
      operations: Array(operations[...index]),
      transcript: Transcript(
        outcomes: outcomes, ending: isComplete ? .complete : transcript.ending),
      steps: [GFPWords.step(operations[index], isComplete ? outcomes[index] : nil)],
      expected: fault.expected, found: fault.found)
  }

  private static func fault(
    of operation: TraceOperation, _ outcome: Outcome, by check: String
  ) -> Fault? {
    if GFPFlagsVerb(rawValue: operation.verb) == .flags {
      return situationFault(operation, outcome, by: check)
    }
    guard let expected = answer(to: operation) else { return nil }
    let isRight =
      if case .refused = expected, case .refused = outcome { true } else { outcome == expected }
    if isRight { return nil }
    let words =
      if case .refused = expected { "refused" } else { GFPWords.answer(expected, to: operation) }
    return Fault(
      check: rule(of: operation), expected: words, found: GFPWords.answer(outcome, to: operation))
  }

  /// The one right answer, by the model; nil where several are, or where the question is none.
  private static func answer(to operation: TraceOperation) -> Outcome? {
    let mask = mask(of: operation)
    switch GFPFlagsVerb(rawValue: operation.verb) {
    case .value:
      return GFPModel.types.first { $0.name == text(of: operation) }.map { .number(Int($0.bits)) }
    case .zoneModifiers: return .number(Int(mask & 0xf))
    case .actionModifiers: return .number(Int(mask & ~0xf))
    case .baseType:
      let type = GFPModel.types.first { mask & $0.bits == $0.bits }
      return type.map { .text($0.name) } ?? Outcome.none
    case .sleeps: return .truth(mask & GFPModel.direct != 0)
    case .startsIO: return .truth(contains(mask, GFPModel.direct | GFPModel.io))
    case .entersFileSystem: return .truth(contains(mask, GFPModel.direct | GFPModel.fs))
    case .zones:
      guard let machine = machine(of: operation) else { return nil }
      return GFPModel.zones(mask, machine).map { .numbers($0.map(\.rawValue)) } ?? Outcome.none
    case .watermark:
      guard case .number(let min)? = operation.arguments.last else { return nil }
      return .number(GFPModel.watermark(mask, min: min))
    case .parse:
      return GFPModel.mask(text(of: operation)).map { .number(Int($0)) } ?? .refused("")
    case .print: return .text(GFPModel.text(mask))
    case .flags, nil: return nil
    }
  }

  /// The check that judges answers to `operation`.
  private static func rule(of operation: TraceOperation) -> String {
    let mask = mask(of: operation)
    switch GFPFlagsVerb(rawValue: operation.verb) {
    case .value: return "types"
    case .zoneModifiers, .actionModifiers: return "groups"
    case .baseType: return "base-type"
    case .sleeps: return "sleeping"
    case .startsIO: return "starting-io"
    case .entersFileSystem: return "entering-fs"
    case .zones:
      guard let zone = GFPModel.zoneTable[Int(mask & 0xf)] else { return "zone-refusal" }
      if zone == .movable { return "zone-movable" }
      let isThere = machine(of: operation).map { $0.populated.contains(zone) } ?? true
      return isThere ? "zone-choice" : "zone-fallback"
    case .watermark:
      let isFree = mask & (GFPModel.memAlloc | GFPModel.noMemAlloc) == GFPModel.memAlloc
      return isFree ? "reserve-memalloc" : "reserve-share"
    case .flags: return "situation-sleep"
    case .parse:
      let text = text(of: operation)
      if GFPModel.mask(text) == nil { return "parse-malformed" }
      return text.contains("0x") ? "parse-numbers" : "parse-names"
    case .print, nil: return mask & ~GFPModel.named == 0 ? "print-names" : "print-leftover"
    }
  }

  /// Of flags for a situation several are right: each rule looks at its own bits.
  private static func situationFault(
    _ operation: TraceOperation, _ outcome: Outcome, by check: String
  ) -> Fault? {
    guard let situation = GFPSituation(operation.arguments) else { return nil }
    guard case .number(let number) = outcome, let mask = UInt32(exactly: number) else {
      return Fault(
        check: "situation-sleep", expected: "a mask",
        found: GFPWords.answer(outcome, to: operation))
    }
    let mayWait = [.process, .mutex].contains(situation.context)
    let isUrgent = !mayWait && !situation.canDoWithout
    let recursion =
      switch situation.code {
      case .ordinary: GFPModel.io | GFPModel.fs
      case .fileSystem: GFPModel.io
      case .blockIO: 0 as UInt32
      }
    let zone =
      switch situation.memory {
      case .kernel: 0 as UInt32
      case .device16M: GFPModel.dma
      case .device4G: GFPModel.dma32
      case .userPage: GFPModel.highMem | GFPModel.movable | GFPModel.hardwall
      }
    // The bits that each rule speaks of, and which of them must be there.
    let rules: [(check: String, bits: UInt32, wanted: UInt32)] = [
      (
        "situation-sleep", GFPModel.direct | GFPModel.kswapd,
        GFPModel.kswapd | (mayWait ? GFPModel.direct : 0)
      ),
      ("situation-recursion", mayWait ? GFPModel.io | GFPModel.fs : 0, mayWait ? recursion : 0),
      (
        "situation-reserve", GFPModel.high | GFPModel.memAlloc | GFPModel.noFail,
        isUrgent ? GFPModel.high : 0
      ),
      ("situation-zone", 0xf | GFPModel.hardwall, zone),
    ]
    for rule in rules where rule.check == check && mask & rule.bits != rule.wanted {
      return Fault(
        check: rule.check,
        expected: "of \(GFPWords.bits(rule.bits)): \(GFPWords.bits(rule.wanted))",
        found: "\(GFPWords.bits(mask & rule.bits)), in \(GFPWords.mask(mask))")
    }
    return nil
  }

  // MARK: Arguments

  private static func contains(_ mask: UInt32, _ bits: UInt32) -> Bool { mask & bits == bits }

  private static func text(of operation: TraceOperation) -> String {
    if case .text(let text)? = operation.arguments.first { text } else { "" }
  }

  private static func mask(of operation: TraceOperation) -> UInt32 {
    GFPHex.mask(text(of: operation)) ?? 0
  }

  private static func machine(of operation: TraceOperation) -> GFPMachine? {
    guard case .text(let name)? = operation.arguments.last else { return nil }
    return GFPMachine.all.first { $0.name == name }
  }
}
