import AllocationTrace
import LabBench
import PropertyTesting

extension BuddyChecks {
  static let performance: [Check] = [
    Check(
      id: "growth", title: "Cost does not grow with memory",
      rule:
        "No kind of call, a bad free neither, costs more than 5 times as much on a machine of 2^16 or 2^21 frames as on one of 2^12; boot may cost time for each frame.",
      kind: .performance, points: 3, lesson: "speed",
      hints: [
        "What does your code walk through to find a free block, a buddy, or out whether a block is in use? How long is that with 2 million frames?",
        "A search through a list or over all frames has to become a look at one place: index by frame number what belongs to a frame.",
        "Link each list in both directions through arrays indexed by the first frame, so that the buddy leaves its list without being searched for; keep the note on what is in use in such an array too.",
      ],
      examine: { examineGrowth($0) }),
    Check(
      id: "speed", title: "Fast enough for a kernel",
      rule:
        "20,000 requests and frees on a small machine take at most 3 times the time of a plain, well-made buddy system; up to 10 and 30 times earn part of the points.",
      kind: .performance, points: 5, lesson: "speed",
      hints: [
        "A request for one frame that finds one in its list: how many allocations of Swift arrays, sets or dictionaries does it make?",
        "Small costs come from flat arrays of integers that are made once at boot; large ones from collections that are copied, hashed or shifted in every call.",
        "Store next and previous as [Int32], the order and state of a block as one small number per frame, the heads in one flat array at zone * 11 + order; no removeFirst, no contains, no temporary arrays in allocate and free.",
      ],
      examine: { examineSpeed($0) }),
  ]

  static let notHere = Verdict.notJudged(
    reason: "speed is measured on an optimised build, by swift run grade BuddySystem")

  static let outOfTime = Verdict.unfinished(
    reason: "your calls take so long that time ran out before all of them were timed")

  // MARK: Words and wrong answers

  /// Wrong answers earn nothing, however fast; the unoptimised subject shows them best.
  static func wrong(
    _ plan: Plan, _ finding: Finding, _ examination: Examination
  ) -> Verdict {
    if case .timedOut = finding.transcript.ending { return .failed(finding.counterexample) }
    let judge = { (operations: [TraceOperation]) -> Finding? in
      Race.fault(operations, examination.subject.perform(operations))
    }
    guard judge(plan.operations(.nowhere)) != nil else { return .failed(finding.counterexample) }
    var reduction = Reduction(windows: .nowhere, tries: 200, operations: 600_000)
    return .failed(reduction.reduce(plan, from: finding, judge: judge).counterexample)
  }

  /// A failure that is no wrong answer. The operations are the same whatever was measured, for a report must be.
  static func tooSlow(
    _ step: String, on plan: PhasedPlan, expected: String, found: String
  ) -> Counterexample {
    Counterexample(
      operations: plan.operations[0], transcript: Transcript(outcomes: [.done]), steps: [step],
      expected: expected, found: found)
  }

  /// `2.5`.
  static func tenths(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// `0.25 µs`.
  static func microseconds(_ seconds: Double) -> String {
    let hundredths = Int((seconds * 1e8).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) µs"
  }
}
