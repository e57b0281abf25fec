import AllocationTrace
import LabBench

/// Which single rule a run breaks, when a check that judges many of them, or can judge nothing, shows it.
enum Causes {
  /// Each check's law, in the order of the checks.
  private static let laws: [(check: String, law: any Law.Type)] = [
    ("alignment", AlignmentLaw.self), ("no-overlap", OverlapLaw.self), ("split", SplitLaw.self),
    ("accounting", AccountingLaw.self), ("merge", MergeLaw.self), ("whole-again", WholeLaw.self),
    ("exhaustion", ExhaustionLaw.self), ("order-limits", OrderLimitsLaw.self),
    ("holes", HoleLaw.self), ("odd-memory", OddMemoryLaw.self), ("zone-border", BorderLaw.self),
    ("zone-fallback", FallbackLaw.self), ("double-free", MisuseLaw<FreeAlready>.self),
    ("wrong-block", MisuseLaw<Mismatched>.self), ("foreign-free", MisuseLaw<Foreign>.self),
    ("same-blocks", WholeContractLaw.self),
  ]

  /// The checks that judge one rule.
  static let checks = Set(laws.map(\.check)).subtracting(["same-blocks"])

  /// A check and what its law says of a run.
  struct Cause {
    let check: String
    let law: any Law.Type
    let finding: Finding
  }

  /// The rule that is broken first; of several at the same step the one whose check comes first.
  ///
  /// That the program stops is no rule's own, so that it has no cause here.
  static func first(
    of checks: Set<String>? = nil, in operations: [TraceOperation], _ transcript: Transcript
  ) -> Cause? {
    var first: Cause?
    for (id, law) in laws where checks?.contains(id) ?? true {
      do throws(Finding) {
        _ = try law.judge(operations, transcript)
      } catch {
        guard error.index < transcript.outcomes.count else { continue }
        if first.map({ error.index < $0.finding.index }) ?? true {
          first = Cause(check: id, law: law, finding: error)
        }
      }
    }
    return first
  }
}

extension Verdict {
  /// The verdict with the check of one rule that its failure follows from, if it does.
  func explained(by checks: Set<String> = Causes.checks) -> Verdict {
    guard !checks.isEmpty, case .failed(var counterexample, let earned) = self,
      counterexample.followsFrom == nil,
      let cause = Causes.first(
        of: checks, in: counterexample.operations, counterexample.transcript)
    else { return self }
    counterexample.followsFrom = cause.check
    return .failed(counterexample, earned: earned)
  }
}

/// A plan in which the subject did too little for a rule to be seen.
struct Missing {
  let plan: Plan

  /// What is to be shown for it: the rule that the subject broke, so that this one could not be seen.
  func counterexample(_ subject: any Subject) -> Counterexample {
    let operations = plan.operations(plan.windows)
    let transcript = subject.perform(operations)
    guard let cause = Causes.first(in: operations, transcript) else {
      return Finding(
        operations: operations, transcript: transcript,
        index: max(0, min(transcript.outcomes.count, operations.count) - 1),
        fault: Fault(
          expected: "the rule to be seen at work in these steps", found: "it never came to that")
      ).counterexample
    }
    var counterexample = reduced(cause.finding, cause.law, subject).counterexample
    counterexample.followsFrom = cause.check
    return counterexample
  }

  private func reduced<L: Law>(_ finding: Finding, _ law: L.Type, _ subject: any Subject) -> Finding
  {
    var hunt = Hunt(law, subject, Scope(layouts: [], scenarios: []))
    return hunt.reduce(plan, finding)
  }
}
