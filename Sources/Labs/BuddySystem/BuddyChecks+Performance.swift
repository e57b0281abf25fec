import AllocationTrace
import LabBench
import PropertyTesting

extension BuddyChecks {
  static let performance: [Check] = [
    Check(
      id: "growth", title: "Cost does not grow with memory",
      rule:
        "A request or a free costs the same on 2^18 frames as on 2^12, up to a factor of 8; boot may cost time for each frame.",
      kind: .performance, points: 3, lesson: "speed",
      hints: [
        "What does your code walk through to find a free block, a buddy, or out whether a block is in use? How long is that with 262,144 frames?",
        "A search through a list or over all frames has to become a look at one place: index by frame number what belongs to a frame.",
        "Link each list in both directions through arrays indexed by the first frame, so that the buddy leaves its list without being searched for; keep the note on what is in use in such an array too.",
      ],
      examine: { examineGrowth($0) }),
    Check(
      id: "speed", title: "Fast enough for a kernel",
      rule:
        "40,000 requests and frees take at most 3 times the time of a plain, well-made buddy system; up to 10 and 30 times earn part of the points.",
      kind: .performance, points: 5, lesson: "speed",
      hints: [
        "A request for one frame that finds one in its list: how many allocations of Swift arrays, sets or dictionaries does it make?",
        "Small costs come from flat arrays of integers that are made once at boot; large ones from collections that are copied, hashed or shifted in every call.",
        "Store next and previous as [Int32], the order and state of a block as one small number per frame, the heads in one flat array at zone * 11 + order; no removeFirst, no contains, no temporary arrays in allocate and free.",
      ],
      examine: { examineSpeed($0) }),
  ]

  private static let notHere = Verdict.notJudged(
    reason: "speed is measured on an optimised build, by swift run grade BuddySystem")

  // MARK: Growth

  /// Memory of 2^n frames, of which frame 0 is not usable, as on a PC.
  private static func layout(_ n: Int) -> String { "1-\((1 << n) - 1)" }

  /// Fills memory with blocks of 4 frames, gives every other one back, goes on with `steps` steps, and gives back the rest.
  ///
  /// In the middle the list of order 2 is as long as it can be. Each block given back at the end then takes its buddy out of
  /// that list, first from one end on, then from anywhere: a list that has to be searched for it shows.
  private static func fragmented(_ n: Int, seed: UInt64, steps: Int) -> Plan {
    var plan = Plan(layout: layout(n))
    let blocks = (1 << n) / 4 - 1
    plan.moves = (0..<blocks).map { _ in a(2) }
    plan.moves += stride(from: 0, to: blocks, by: 2).map { f($0, 2) }
    let work = Workload(seed: seed, misuse: 0.02, tide: steps).plan(
      on: "0-4095", steps: steps, firstStep: plan.moves.count)
    plan.moves += work.moves
    let held = stride(from: 1, to: blocks, by: 2)
    let half = blocks / 4
    var random = SplitMix64(seed: seed)
    plan.moves += held.prefix(half).map { f($0, 2) }
    plan.moves += held.dropFirst(half).shuffled(using: &random).map { f($0, 2) }
    return plan
  }

  private static func examineGrowth(_ examination: Examination) -> Verdict {
    guard let subject = examination.optimised else { return notHere }
    let steps = 12_000
    let sizes = [12, 15, 18]
    var costs: [Double] = []
    for n in sizes {
      let plan = fragmented(n, seed: examination.seed, steps: steps)
      let trace = plan.operations(.nowhere)
      var whole = Double.infinity
      var boot = Double.infinity
      for _ in 0..<3 {
        let (transcript, seconds) = subject.time(trace)
        if let finding = fault(trace, transcript) { return wrong(plan, finding, examination) }
        whole = min(whole, seconds)
        boot = min(boot, subject.time([trace[0]]).seconds)
        // A cost that grows with memory is plain to see at once, and may be seconds.
        if seconds > 1 { break }
      }
      costs.append(max(0, whole - boot) / Double(plan.moves.count))
      let ratio = costs[costs.count - 1] / max(costs[0], 1e-9)
      guard ratio <= 8 else {
        return .failed(
          tooSlow(
            "\(Words.grouped(plan.moves.count)) requests and frees on 2^\(n) frames",
            operations: Array(trace.prefix(1)),
            expected: "at most 8 times the cost that one has on 2^12 frames",
            found: "\(tenths(ratio)) times: "
              + zip(sizes, costs).map { "\(microseconds($1)) on 2^\($0)" }.joined(separator: ", ")
          ))
      }
    }
    return .passed(
      note: zip(sizes, costs).map { "\(microseconds($1)) on 2^\($0) frames" }.joined(
        separator: ", "))
  }

  // MARK: Speed

  private static func examineSpeed(_ examination: Examination) -> Verdict {
    guard let subject = examination.optimised, let baseline = examination.baseline else {
      return notHere
    }
    let plan = Workload(seed: examination.seed, misuse: 0.02, tide: 15_000).plan(
      on: "1-158,256-8191", steps: 40_000)
    let trace = plan.operations(.nowhere)
    var own = Double.infinity
    var other = Double.infinity
    for round in 0..<5 {
      let (transcript, seconds) = subject.time(trace)
      if round == 0, let finding = fault(trace, transcript) {
        return wrong(plan, finding, examination)
      }
      own = min(own, seconds)
      other = min(other, baseline.time(trace).seconds)
      if seconds > 2 { break }
    }
    let ratio = own / max(other, 1e-9)
    let earned = ratio <= 3 ? 5 : ratio <= 10 ? 3 : ratio <= 30 ? 1 : 0
    let note = "\(tenths(ratio)) times the plain buddy system's time"
    guard earned < 5 else { return .passed(note: note) }
    return .failed(
      tooSlow(
        "\(Words.grouped(plan.moves.count)) requests and frees on 8,094 frames",
        operations: Array(trace.prefix(1)),
        expected: "at most 3 times the plain buddy system's time",
        found: "\(tenths(ratio)) times: \(microseconds(own / Double(plan.moves.count))) each"),
      earned: earned)
  }

  // MARK: Words and wrong answers

  private static func fault(_ trace: [TraceOperation], _ transcript: Transcript) -> Finding? {
    do throws(Finding) {
      _ = try WholeContractLaw.judge(trace, transcript)
      return nil
    } catch {
      return error
    }
  }

  /// Wrong answers earn nothing, however fast; the unoptimised subject shows them best.
  private static func wrong(_ plan: Plan, _ finding: Finding, _ examination: Examination) -> Verdict
  {
    if case .timedOut = finding.transcript.ending { return .failed(finding.counterexample) }
    let judge = { (operations: [TraceOperation]) -> Finding? in
      fault(operations, examination.subject.perform(operations))
    }
    guard judge(plan.operations(.nowhere)) != nil else { return .failed(finding.counterexample) }
    var reduction = Reduction(windows: .nowhere, tries: 200, operations: 600_000)
    return .failed(reduction.reduce(plan, from: finding, judge: judge).counterexample)
  }

  private static func tooSlow(
    _ step: String, operations: [TraceOperation], expected: String, found: String
  ) -> Counterexample {
    Counterexample(
      operations: operations, transcript: Transcript(outcomes: [.done]), steps: [step],
      expected: expected, found: found)
  }

  /// `2.5`.
  private static func tenths(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// `0.25 µs`.
  private static func microseconds(_ seconds: Double) -> String {
    let hundredths = Int((seconds * 1e8).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) µs"
  }
}
