import AllocationTrace
import LabBench
import LabKit
import PropertyTesting

/// Where a rule is tried: machines, moves, and how far.
struct Scope: Sendable {
  /// Machines small enough to try every plan on them, smallest first.
  var layouts: [String]
  /// Plans that make every subject show the rule; they are tried first.
  var scenarios: [Plan]
  /// How many requests of a scenario must be answered with free memory before the rule can be judged.
  var evidence = 1
  /// Bad frees among the moves.
  var misuse: Misuse = []
  /// Moves to try besides, as the last of a plan.
  var extras: [Move] = []
  /// Whether blocks are given back; some rules can be seen without.
  var hasFrees = true
  /// Whether random plans end by giving everything back.
  var givesAllBack = false
  /// Every plan of at most so many steps is tried.
  var depth = 4
  /// The windows of those plans; what is found is shown with those around the last step.
  var windows = Plan.Windows.lastStep
  /// Larger machines, for random plans only.
  var wider: [String] = []
  /// How many random plans are tried, and of how many steps on average.
  var runs = 120
  var length = 24
}

/// Looks for the shortest plan whose trace breaks a law.
struct Hunt<L: Law> {
  let subject: any Subject
  let scope: Scope
  /// How many traces were performed and found lawful.
  private(set) var lawful = 0
  private var hasTimedOut = false
  /// Plans after which the free blocks cannot be explained: nothing that begins like them is tried.
  private var groundless: Set<Plan> = []

  init(_ law: L.Type, _ subject: any Subject, _ scope: Scope) {
    self.subject = subject
    self.scope = scope
  }

  /// Scenarios, then every short plan, then random ones; what fails is made as short as can be.
  mutating func verdict(seed: UInt64) -> Verdict {
    switch tryScenarios() {
    case .unmet(let finding): return .failed(finding.counterexample)
    case .broken(let plan, let finding):
      if let finding = shortest(depths: 1...scope.depth) {
        return .failed(finding.counterexample)
      }
      return .failed(shortened(reduce(plan, finding)).counterexample)
    case .kept: break
    }
    if let finding = shortest(depths: 1...scope.depth) { return .failed(finding.counterexample) }
    let short = lawful
    if let finding = random(seed: seed) { return .failed(shortened(finding).counterexample) }
    return .passed(
      note: "\(Words.grouped(short)) short traces, \(Words.count(lawful - short, "random one"))")
  }

  /// The scenarios alone, which differ in their machines.
  mutating func bootVerdict(note: String) -> Verdict {
    for plan in scope.scenarios {
      let operations = plan.operations(.everyStep)
      let transcript = subject.perform(operations)
      do throws(Finding) { _ = try L.judge(operations, transcript) } catch {
        return .failed(error.counterexample)
      }
    }
    return .passed(note: note)
  }

  // MARK: Scenarios

  private enum ScenarioResult {
    case kept
    case broken(Plan, Finding)
    /// The subject does too little for the rule to be seen.
    case unmet(Finding)
  }

  private mutating func tryScenarios() -> ScenarioResult {
    var met = 0
    for plan in scope.scenarios {
      let operations = plan.operations(.everyStep)
      let transcript = subject.perform(operations)
      noteTimeout(transcript)
      do throws(Finding) {
        let tally = try L.judge(operations, transcript)
        met += tally.met
        lawful += 1
        if tally.lacksEvidence(for: plan, asked: scope.evidence) {
          return .unmet(tally.refusal(operations, transcript) ?? neverMet(plan))
        }
      } catch {
        return .broken(plan, error)
      }
    }
    if met == 0, let plan = scope.scenarios.first { return .unmet(neverMet(plan)) }
    return .kept
  }

  /// What to show when the scenarios ran without the rule being met once.
  private func neverMet(_ plan: Plan) -> Finding {
    let operations = plan.operations(.everyStep)
    let transcript = subject.perform(operations)
    return Finding(
      operations: operations, transcript: transcript,
      index: max(0, min(transcript.outcomes.count, operations.count) - 1),
      fault: Fault(
        expected: "the rule to be seen at work in these steps", found: "it never came to that"))
  }

  // MARK: Every short plan

  /// The first plan of the fewest steps that breaks the law, of all plans on the small machines.
  mutating func shortest(depths: ClosedRange<Int>) -> Finding? {
    let machines = scope.layouts.compactMap(Machine.init)
    for depth in depths {
      for machine in machines {
        var batch = Batch(machine)
        if let finding = tryAll(Draft(machine), depth: depth, &batch) ?? flush(&batch) {
          return finding
        }
      }
    }
    return nil
  }

  struct Batch {
    /// The machine of all the plans.
    let fresh: FrameModel
    var plans: [Plan] = []
    /// Small at first, so that a subject that fails at once, perhaps slowly, is not asked a thousand times.
    var size = 4
    var isFull: Bool { plans.count >= size }

    init(_ machine: Machine) { fresh = FrameModel(machine) }
  }

  private mutating func tryAll(_ draft: Draft, depth: Int, _ batch: inout Batch) -> Finding? {
    let isLast = depth == 1
    // A bad free changes nothing, so that one at the end shows as much as one on the way.
    var moves = scope.hasFrees ? draft.goodMoves : draft.goodMoves.filter { $0.target == nil }
    if isLast { moves += draft.badMoves(scope.misuse) + scope.extras }
    for move in moves {
      var next = draft
      next.append(move)
      if !isLast, groundless.contains(next.plan) { continue }
      if isLast {
        batch.plans.append(next.plan)
        if batch.isFull, let finding = flush(&batch) { return finding }
      } else if let finding = tryAll(next, depth: depth - 1, &batch) {
        return finding
      }
    }
    return nil
  }

  mutating func flush(_ batch: inout Batch) -> Finding? {
    guard !batch.plans.isEmpty else { return nil }
    let windows = L.needsGround ? Plan.Windows.everyStep : scope.windows
    let traces = batch.plans.map { $0.operations(windows) }
    let transcripts = subject.perform(traces)
    defer {
      batch.plans.removeAll(keepingCapacity: true)
      batch.size = min(batch.size * 4, 1024)
    }
    for index in traces.indices {
      noteTimeout(transcripts[index])
      do throws(Finding) {
        let tally = try L.judge(traces[index], transcripts[index], fresh: batch.fresh)
        if tally.hasLostGround { groundless.insert(batch.plans[index]) }
        lawful += 1
      } catch {
        return illustrated(batch.plans[index], error)
      }
    }
    return nil
  }

  /// The finding with windows around the last step, where it was found with fewer.
  private func illustrated(_ plan: Plan, _ finding: Finding) -> Finding {
    guard case .end = scope.windows, !hasTimedOut else { return finding }
    let operations = plan.operations(.lastStep)
    do throws(Finding) {
      _ = try L.judge(operations, subject.perform(operations))
      return finding
    } catch {
      return error
    }
  }

  // MARK: Random plans

  private mutating func random(seed: UInt64) -> Finding? {
    let machines = (scope.layouts + scope.wider).compactMap(Machine.init)
    let drafts = machines.map(Draft.init)
    var tried = 0
    var crashes = 0
    var stopped: Finding?
    var forgiven = 0
    let report = search(seed: seed, runs: scope.runs, maxShrinks: 1_500, patience: 400) { choices in
      if stopped != nil || forgiven == 8 { return }
      let draft = try choices.element(of: drafts)
      let operations = try Self.plan(choices, draft, scope).operations(.everyStep)
      let transcript = subject.perform(operations)
      do throws(Finding) {
        let tally = try L.judge(operations, transcript)
        tried += 1
        // Each stop costs a new process; that the program stops is told by the checks of what went wrong before.
        if tally.hasLostGround, Words.ending(transcript.ending) != nil { forgiven += 1 }
      } catch {
        // An endless loop is not tried again and again: each time costs seconds.
        if case .timedOut = transcript.ending { stopped = error }
        if case .crashed = transcript.ending { crashes += 1 }
        if crashes == Reduction.mostCrashes { stopped = error }
        throw error
      }
    }
    lawful += tried
    if let stopped {
      if case .timedOut = stopped.transcript.ending { hasTimedOut = true }
      return stopped
    }
    return report.failure?.error as? Finding
  }

  /// Draws a plan: about as many frees as requests, small orders first, now and then a bad free.
  private static func plan(_ choices: Choices, _ start: Draft, _ scope: Scope) throws -> Plan {
    var draft = start
    let zones = start.machine.zones.count
    try choices.commands(average: scope.length, max: 4 * scope.length) {
      let frees = scope.hasFrees && !draft.held.isEmpty ? 3 : 0
      let others = scope.misuse.isEmpty && scope.extras.isEmpty ? 0 : 2
      switch try choices.weighted([3, frees, others]) {
      case 0:
        let order = try choices.draw(0...min(draft.largest + 1, maxOrder))
        draft.append(.allocate(order: order, zone: try choices.draw(0...zones - 1)))
      case 1:
        let (step, order) = try choices.element(of: draft.held)
        draft.append(.free(step: step, order: order))
      default:
        let moves = draft.badMoves(scope.misuse) + scope.extras
        if !moves.isEmpty { draft.append(try choices.element(of: moves)) }
      }
    }
    while scope.givesAllBack, !draft.held.isEmpty {
      let (step, order) = try choices.element(of: draft.held)
      draft.append(.free(step: step, order: order))
    }
    return draft.plan
  }

  // MARK: Making it short

  /// The shortest plan that breaks the law, if there is one shorter than what was found by chance.
  private mutating func shortened(_ finding: Finding) -> Finding {
    let longest = min(finding.stepCount - 1, 6)
    guard !hasTimedOut, longest > scope.depth else { return finding }
    return shortest(depths: scope.depth + 1...longest) ?? finding
  }

  /// The scenario without every step that is not needed to break the law.
  private mutating func reduce(_ plan: Plan, _ finding: Finding) -> Finding {
    var reduction = Reduction(
      windows: .everyStep, tries: hasTimedOut ? 3 : 400, operations: 200_000)
    return reduction.reduce(plan, from: finding) { operations in
      do throws(Finding) {
        _ = try L.judge(operations, subject.perform(operations))
        return nil
      } catch {
        return error
      }
    }
  }

  private mutating func noteTimeout(_ transcript: Transcript) {
    if case .timedOut = transcript.ending { hasTimedOut = true }
  }
}

extension Tally {
  /// Whether the subject does too little for a rule to be judged.
  ///
  /// A subject that knows one answer gets it right once, so some rules ask for more evidence.
  fileprivate func lacksEvidence(for plan: Plan, asked evidence: Int) -> Bool {
    let requests = plan.moves.count { if case .allocate = $0 { true } else { false } }
    return allocations < min(evidence, requests)
      || frees == 0 && plan.moves.contains { $0.target != nil }
  }

  /// The first request or free that should have been met.
  fileprivate func refusal(
    _ operations: [TraceOperation], _ transcript: Transcript
  ) -> Finding? {
    guard let index = firstRefusal ?? firstRefusedFree else { return nil }
    return Finding(
      operations: operations, transcript: transcript, index: index,
      fault: Fault(
        expected: operations[index].verb == BuddySystemVerb.free.rawValue
          ? "the block to be taken back: it is in use"
          : "a free block: there is one, and without it the rule cannot be seen",
        found: Words.outcome(operations, transcript.outcomes, index)))
  }
}
