import AllocationTrace
import LabBench
import LabKit

extension BuddyChecks {
  static let together: [Check] = [
    hunting(
      WholeContractLaw.self,
      in: Scope(
        layouts: ["0-6", "0-3|4-7"],
        scenarios: [
          Plan(
            layout: "1-6,8-15|16-30",
            moves: [a(0, 1), a(2, 1), a(0, 0), a(1, 0), a(3, 1), a(3, 1), f(1, 2), f(1, 2)]
              + [f(0), f(4, 3), f(2), f(3, 1), .freeFrame(7, order: 0), a(0, 0), a(2, 0)])
        ], misuse: .all, depth: 2, wider: ["1-6,8-15|16-30", "0-62", "5-20,24-36|40-63"],
        runs: 150, length: 30),
      id: "same-blocks", title: "The free blocks are exactly the right ones",
      rule:
        "After every call, good or bad, on machines of any shape, the free blocks of each zone and order are those that the free frames allow, and no others.",
      kind: .property, points: 4, lesson: "the-whole-contract",
      hints: [
        "This check combines odd sizes, holes, zones and bad frees. Which of the checks before it still fails? Mend that first.",
        "The set of free frames alone decides which blocks there must be. Write that down as a function, for a machine of 16 frames, and compare with your lists after each step shown.",
        "Replay the steps and, before each call, ask three things of your data: is every free block whole and free, is its buddy (in its zone) not a free block of the same order, is every other frame of the zone in use?",
      ]),
    everySequence,
    Check(
      id: "long-run", title: "Nothing drifts in a long run",
      rule:
        "After thousands of requests and frees, bad ones among them, every answer is still right and the free blocks are too.",
      kind: .invariant, points: 4, lesson: "the-whole-contract",
      hints: [
        "Which numbers or lists in your allocator live for as long as the machine does, and could be off by a little after each call?",
        "Look for a step that is undone incompletely: a note that free leaves behind, a link that still points at a block that has moved, a count changed by one in place of 2^order.",
        "After removing a block from the middle of a list both neighbours must skip it, and a head that pointed at it must point at its follower; check the three cases first, middle and last separately.",
      ],
      examine: { examination in
        let layout = "1-158,256-1279|1280-2047"
        let plan = Workload(seed: examination.seed, misuse: 0.03, tide: 3_000).plan(
          on: layout, steps: 12_000)
        for plan in [plan, fillAndShuffle(layout, examination.seed), sameBlock] {
          let verdict = judgeLong(plan, examination, note: "")
          guard case .passed = verdict else { return verdict.explained() }
        }
        return .passed(note: "12,000 operations on \(layout), and one block 66,000 times")
      }),
    Check(
      id: "kernel-recording", title: "A real kernel's requests are served",
      rule:
        "What a running Linux asked of its page allocator is served on a machine of the same memory, and the free blocks stay right.",
      kind: .example, points: 4, lesson: "the-whole-contract",
      hints: [
        "The recorded machine has 130,942 frames in two zones, with a hole, and most requests are for single frames. What does your code do differently there than on 16 frames?",
        "Most blocks stay in use for good and a few come back soon, so large blocks are split once and seldom mended; look at what your code does when a search ends at order 10.",
        "Take the last steps shown and look up the frame of the failing one: print which list and which mark your allocator has for it and for its buddy, then go backwards to the step that set them.",
      ],
      examine: { examination in
        guard let recording = KernelPages(examination.recording) else {
          return .notJudged(reason: "\(KernelPages.name) is not in grading/traces")
        }
        return judgeLong(
          recording.plan, examination,
          note: "\(Words.grouped(recording.plan.moves.count)) operations of \(KernelPages.name)"
        ).explained()
      }),
  ]

  /// Fills memory with single frames, gives all of them back in any order, twice: lists grow long and are taken from anywhere.
  private static func fillAndShuffle(_ layout: String, _ seed: UInt64) -> Plan {
    var plan = drain(layout, .evensFirst)
    let again = drain(layout, .shuffled(seed))
    let first = plan.moves.count
    plan.moves += again.moves.map { move in
      if case .free(let step, _, let order) = move { f(first + step, order) } else { move }
    }
    return plan
  }

  /// One block handed out and given back more often than 16 bits can count.
  private static let sameBlock = Plan(
    layout: "0-7", moves: (0..<66_000).flatMap { [a(0), f(2 * $0)] })

  private static let sequences = Scope(
    layouts: ["0-7"], scenarios: [fillAndEmpty], depth: 4, windows: .end, runs: 0)
  private static let misuses = Scope(
    layouts: ["0-4,6-8"],
    scenarios: [Plan(layout: "0-4,6-8", moves: [a(0), a(0), a(1), f(1), f(0), f(2, 1), a(2)])],
    misuse: [.all, .everywhere], depth: 3, windows: .end, runs: 0)
  /// The same machine with those bad frees that are likely, for longer sequences.
  private static let fewMisuses = Scope(
    layouts: ["0-4,6-8"], scenarios: [], misuse: .all, windows: .end, runs: 0)

  private static let everySequence = Check(
    id: "every-sequence", title: "Every short sequence, without exception",
    rule:
      "All sequences of up to 7 requests and frees on 8 frames get right answers and leave the right blocks, and so do bad frees after all sequences of up to 4 on 8 frames with a hole.",
    kind: .exhaustive, points: 8, lesson: "the-whole-contract",
    hints: [
      "What is shown is the shortest sequence there is. Take a pencil and 8 boxes: what should be free after each of its steps?",
      "A failure here without one in the checks above needs two things at once: a certain order of frees and a block that was split in a certain way.",
      "Step through the shown sequence with a breakpoint in free: compare frame, buddy, order and the chosen start of the merged block with your pencil, at each turn of the loop.",
    ],
    fewestSteps: { subject, depth in
      var good = Hunt(WholeContractLaw.self, subject, sequences)
      let fewest = good.shortest(depths: 1...max(1, depth))?.stepCount
      var bad = Hunt(WholeContractLaw.self, subject, misuses)
      let longest = min(depth, fewest.map { $0 - 1 } ?? depth, 4)
      return longest > 0 ? bad.shortest(depths: 1...longest)?.stepCount ?? fewest : fewest
    },
    examine: { examination in
      var good = Hunt(WholeContractLaw.self, examination.subject, sequences)
      var bad = Hunt(WholeContractLaw.self, examination.subject, misuses)
      var often = Hunt(WholeContractLaw.self, examination.subject, fewMisuses)
      // The short ones first, of both kinds, so that what is shown is the shortest there is.
      let first = good.verdict(seed: examination.seed)
      if case .failed(let counterexample, _) = first {
        let longest = min(counterexample.steps.count - 1, misuses.depth)
        let shorter = longest > 0 ? bad.shortest(depths: 1...longest) : nil
        return (shorter.map { .failed($0.counterexample) } ?? first).explained()
      }
      if case .unfinished = first { return first }
      let finding =
        bad.shortest(depths: 1...misuses.depth) ?? good.shortest(depths: 5...7)
        ?? often.everyMisuse(after: 4)
      if let finding {
        return Verdict.failed(finding.counterexample).explained()
      }
      if good.isOutOfTime || bad.isOutOfTime || often.isOutOfTime {
        return .unfinished(
          reason: Hunt<WholeContractLaw>.outOfTime(after: good.lawful + bad.lawful))
      }
      return .passed(
        note: "\(Words.grouped(good.lawful + bad.lawful + often.lawful)) sequences: no exception")
    })

  /// Judges a plan of thousands of steps with a window now and then, and shortens it when it fails.
  private static func judgeLong(
    _ plan: Plan, _ examination: Examination, note: String
  ) -> Verdict {
    let windows = Plan.Windows.every(max(250, plan.moves.count / 40))
    let judge = { (operations: [TraceOperation]) -> Finding? in
      let transcript = examination.subject.perform(operations)
      do throws(Finding) {
        _ = try WholeContractLaw.judge(operations, transcript)
        return nil
      } catch {
        return error
      }
    }
    let trace = plan.operations(windows)
    let transcript = examination.subject.perform(trace)
    let finding: Finding
    do throws(Finding) {
      _ = try WholeContractLaw.judge(trace, transcript)
      if case .outOfTime = transcript.ending {
        return .unfinished(
          reason:
            "the time for this check was used up after \(Words.count(transcript.outcomes.count, "call")) without a mistake: the calls are slow"
        )
      }
      return .passed(note: note)
    } catch {
      finding = error
    }
    if case .timedOut = finding.transcript.ending { return .failed(finding.counterexample) }
    var reduction = Reduction(windows: windows, tries: 400, operations: 600_000)
    let shortest = reduction.reduce(plan, from: finding, judge: judge)
    return .failed(shortest.counterexample)
  }
}

extension Hunt {
  /// Tries every bad free at the end of every plan of `depth` good steps.
  mutating func everyMisuse(after depth: Int) -> Finding? {
    for machine in scope.layouts.compactMap(Machine.init) {
      var batch = Batch(machine)
      if let finding = misuse(Draft(machine), left: depth, &batch) ?? flush(&batch) {
        return finding
      }
    }
    return nil
  }

  private mutating func misuse(_ draft: Draft, left: Int, _ batch: inout Batch) -> Finding? {
    if left == 0 {
      for move in draft.badMoves(scope.misuse) where !isOutOfTime {
        var plan = draft.plan
        plan.moves.append(move)
        batch.plans.append(plan)
        if batch.isFull, let finding = flush(&batch) { return finding }
      }
      return nil
    }
    for move in draft.goodMoves where !isOutOfTime {
      var next = draft
      next.append(move)
      if let finding = misuse(next, left: left - 1, &batch) { return finding }
    }
    return nil
  }
}
