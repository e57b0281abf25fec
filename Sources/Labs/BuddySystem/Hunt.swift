import AllocationTrace
import LabBench
import LabKit

/// Looks for the shortest plan whose trace breaks a law.
struct Hunt<L: Law> {
  let subject: any Subject
  private(set) var scope: Scope
  /// How many traces were performed and found lawful.
  private(set) var lawful = 0
  private var hasTimedOut = false
  /// Whether the time for the check was used up: nothing more is tried, and what was found until then counts.
  private(set) var isOutOfTime = false
  /// Whether plans are strung together into one trace; not for a subject whose memory does not become whole again.
  private var isChaining = true
  /// A chain of plans that broke the law, and where.
  private var carriedOver: (plan: Plan, finding: Finding)?
  /// Plans after which the free blocks cannot be explained: nothing that begins like them is tried.
  private var groundless: Set<Plan> = []

  init(_ law: L.Type, _ subject: any Subject, _ scope: Scope) {
    self.subject = subject
    self.scope = scope
  }

  /// Scenarios, then every short plan, then random ones; what fails is made as short as can be.
  mutating func verdict(seed: UInt64) -> Verdict {
    leaveOutWhatDoesNotBoot()
    var missing: Missing?
    switch tryScenarios() {
    case .broken(let plan, let finding):
      return .failed(shortened(reduce(plan, finding)).counterexample)
    case .unmet(let found): missing = found
    case .kept: break
    }
    if let finding = shortest(depths: 1...scope.depth) { return .failed(finding.counterexample) }
    let short = lawful
    if let finding = random(seed: seed) {
      return .failed(shortened(finding, after: scope.depth).counterexample)
    }
    // Right from a fresh boot, and wrong after other plans: what those left behind is to blame.
    if let (plan, finding) = carriedOver {
      return .failed(isOutOfTime ? finding.counterexample : reduce(plan, finding).counterexample)
    }
    if isOutOfTime { return .unfinished(reason: Self.outOfTime(after: lawful)) }
    // That nothing was wrong, but the rule could not be seen, is said last: some other rule is broken.
    if let missing { return .failed(missing.counterexample(subject)) }
    return .passed(
      note: "\(Words.grouped(short)) short traces, \(Words.count(lawful - short, "random one"))")
  }

  /// The scenarios alone, which differ in their machines.
  mutating func bootVerdict(note: String) -> Verdict {
    for plan in scope.scenarios {
      switch trial(plan.operations(.everyStep)) {
      case .broken(let finding): return .failed(finding.counterexample)
      case .kept: lawful += 1
      case .unknown: return .unfinished(reason: Self.outOfTime(after: lawful))
      }
    }
    return .passed(note: note)
  }

  static func outOfTime(after lawful: Int) -> String {
    "the time for this check was used up after \(Words.count(lawful, "trace")) without a mistake: the calls are slow"
  }

  // MARK: One trace

  /// What one trace came to.
  enum Trial {
    case kept(Tally)
    case broken(Finding)
    /// Time ran out before it was over.
    case unknown
  }

  /// Performs a trace and judges it.
  mutating func trial(_ operations: [TraceOperation], fresh: FrameModel? = nil) -> Trial {
    judge(operations, subject.perform(operations), fresh: fresh)
  }

  /// Judges a trace that was performed, and notes what its end means for the hunt.
  mutating func judge(
    _ operations: [TraceOperation], _ transcript: Transcript, fresh: FrameModel? = nil
  ) -> Trial {
    if case .timedOut = transcript.ending { hasTimedOut = true }
    if case .outOfTime = transcript.ending { isOutOfTime = true }
    do throws(Finding) {
      let tally = try L.judge(operations, transcript, fresh: fresh)
      if case .outOfTime = transcript.ending { return .unknown }
      return .kept(tally)
    } catch {
      return .broken(error)
    }
  }

  /// The finding in a trace, if there is one.
  mutating func finding(_ operations: [TraceOperation]) -> Finding? {
    if case .broken(let finding) = trial(operations) { finding } else { nil }
  }

  // MARK: Scenarios

  private enum ScenarioResult {
    case kept
    case broken(Plan, Finding)
    /// The subject does too little for the rule to be seen.
    case unmet(Missing)
  }

  private mutating func tryScenarios() -> ScenarioResult {
    var met = 0
    var missing: Missing?
    for plan in scope.scenarios where !isOutOfTime {
      switch trial(plan.operations(plan.windows)) {
      case .broken(let finding): return .broken(plan, finding)
      case .unknown: break
      case .kept(let tally):
        met += tally.met
        lawful += 1
        if tally.lacksEvidence(for: plan, asked: scope.evidence) {
          missing = missing ?? Missing(plan: plan)
        }
      }
    }
    if met == 0, let plan = scope.scenarios.first { missing = missing ?? Missing(plan: plan) }
    return missing.map { .unmet($0) } ?? .kept
  }

  mutating func leaveOutWhatDoesNotBoot() {
    var out: Set<String> = []
    for machine in scope.optional.sorted().compactMap(Machine.init) {
      let operations = Plan(layout: machine.layout).operations(.everyStep)
      let transcript = subject.perform(operations)
      if case .outOfTime = transcript.ending { return }
      if (try? BootLaw.judge(operations, transcript)) == nil { out.insert(machine.layout) }
    }
    scope = scope.leavingOut(out)
  }

  // MARK: Every short plan

  /// The first plan of the fewest steps that breaks the law, of all plans on the small machines.
  mutating func shortest(depths: ClosedRange<Int>) -> Finding? {
    let machines = scope.layouts.compactMap(Machine.init)
    for depth in depths {
      for machine in machines where !isOutOfTime {
        var batch = Batch(machine)
        if let finding = tryAll(Draft(machine), depth: depth, &batch) ?? flush(&batch) {
          return finding
        }
      }
    }
    return nil
  }

  private mutating func tryAll(_ draft: Draft, depth: Int, _ batch: inout Batch) -> Finding? {
    let isLast = depth == 1
    // A bad free changes nothing, so that one at the end shows as much as one on the way.
    var moves = scope.hasFrees ? draft.goodMoves : draft.goodMoves.filter { $0.target == nil }
    if isLast { moves += draft.badMoves(scope.misuse) + scope.extras }
    for move in moves where !isOutOfTime {
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

  /// Tries the plans of a batch: all of them in one trace, and where that shows anything each by itself.
  mutating func flush(_ batch: inout Batch) -> Finding? {
    guard !batch.plans.isEmpty, !isOutOfTime else { return nil }
    defer { batch.empty() }
    if isChaining, batch.plans.count > 1 {
      let windows = L.needsGround ? Plan.Windows.everyStep : scope.windows
      if keepsLaw([Chain(batch.plans, windows: windows)], fresh: batch.fresh) {
        lawful += batch.plans.count
        return nil
      }
      if isOutOfTime { return nil }
    }
    return eachByItself(batch)
  }

  /// Performs chains until one of them shows something; from then on nothing is strung together any more.
  private mutating func keepsLaw(_ chains: [Chain], fresh: FrameModel? = nil) -> Bool {
    for chain in chains where isChaining && !isOutOfTime {
      let transcript = subject.perform(chain.operations)
      switch judge(chain.operations, transcript, fresh: fresh) {
      case .broken(let finding):
        carriedOver = (chain.plan, finding)
        isChaining = false
      case .kept(let tally):
        isChaining = !tally.isPartial && chain.becomesWhole(transcript.outcomes)
      case .unknown: break
      }
    }
    return isChaining && !isOutOfTime
  }

  private mutating func eachByItself(_ batch: Batch) -> Finding? {
    let windows = L.needsGround ? Plan.Windows.everyStep : scope.windows
    let traces = batch.plans.map { $0.operations(windows) }
    let transcripts = subject.perform(traces)
    for index in traces.indices {
      switch judge(traces[index], transcripts[index], fresh: batch.fresh) {
      case .broken(let finding): return illustrated(batch.plans[index], finding)
      case .unknown: return nil
      case .kept(let tally):
        if tally.hasLostGround { groundless.insert(batch.plans[index]) }
        lawful += 1
      }
    }
    return nil
  }

  /// The finding with windows around the last step, where it was found with fewer.
  private mutating func illustrated(_ plan: Plan, _ finding: Finding) -> Finding {
    guard case .end = scope.windows, !hasTimedOut else { return finding }
    return self.finding(plan.operations(.lastStep)) ?? finding
  }

  // MARK: Random plans

  /// What the first random plan that breaks the law comes to, made shorter by drawing smaller.
  private mutating func random(seed: UInt64) -> Finding? {
    guard scope.runs > 0, !isOutOfTime else { return nil }
    let plans = RandomPlans(scope, seed: seed)
    if isChaining {
      let groups = plans.groups()
      if keepsLaw(groups.map { Chain($0, windows: .everyStep) }) {
        lawful += groups.reduce(0) { $0 + $1.count }
        return nil
      }
      if isOutOfTime { return nil }
    }
    var tries = Patience()
    let finding = plans.search { operations in
      switch trial(operations) {
      case .broken(let finding): return tries.allows(finding) ? .broken(finding) : .stop(finding)
      case .unknown: return .stop(nil)
      case .kept(let tally):
        lawful += 1
        return .kept(tally)
      }
    }
    guard let finding, !hasTimedOut, let plan = Plan(of: finding.operations) else {
      return finding
    }
    return reduce(plan, finding)
  }

  // MARK: Making it short

  /// The first plan that breaks the law with no more steps than were needed on the way here, or else what was found there.
  ///
  /// - Parameter depth: the plans of so many steps have been tried.
  private mutating func shortened(_ finding: Finding, after depth: Int = 0) -> Finding {
    let longest = min(finding.stepCount, max(scope.depth, 6))
    guard !hasTimedOut, longest > depth else { return finding }
    return shortest(depths: depth + 1...longest) ?? finding
  }

  /// The finding without every step that is not needed to break the law, on as small a machine as will do.
  mutating func reduce(_ plan: Plan, _ finding: Finding) -> Finding {
    var reduction = Reduction(
      windows: .everyStep, tries: hasTimedOut ? 3 : 400, operations: 400_000)
    return reduction.reduce(plan, from: finding) { self.finding($0) }
  }
}

/// Plans that are tried together.
struct Batch {
  /// The machine of all the plans.
  let fresh: FrameModel
  var plans: [Plan] = []
  /// Small at first, so that a subject that fails at once, perhaps slowly, is not asked a thousand times.
  private var size = 4
  var isFull: Bool { plans.count >= size }

  init(_ machine: Machine) { fresh = FrameModel(machine) }

  mutating func empty() {
    plans.removeAll(keepingCapacity: true)
    size = min(size * 4, 1024)
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
}
