import AllocationTrace
import LabBench
import LabKit
import PropertyTesting

/// Plans drawn at random, which shrink by drawing smaller.
struct RandomPlans {
  private let scope: Scope
  private let seed: UInt64
  private let drafts: [Draft]

  /// What one drawn plan came to.
  enum Trial {
    case kept(Tally)
    case broken(Finding)
    /// Nothing more is tried; the finding, if there is one, is shown as it is.
    case stop(Finding?)
  }

  init(_ scope: Scope, seed: UInt64) {
    self.scope = scope
    self.seed = seed
    drafts = (scope.layouts + scope.wider).compactMap(Machine.init).map(Draft.init)
  }

  /// The plans that ``search(_:)`` would try, by machine.
  func groups() -> [[Plan]] {
    var plans: [String: [Plan]] = [:]
    _ = PropertyTesting.search(seed: seed, runs: scope.runs) { choices in
      let plan = try plan(choices)
      if !plan.moves.isEmpty { plans[plan.layout, default: []].append(plan) }
    }
    return drafts.compactMap { plans[$0.machine.layout] }
  }

  /// Tries one plan after the other, and makes the first that is broken smaller.
  func search(_ trial: ([TraceOperation]) -> Trial) -> Finding? {
    var stopped: (isOver: Bool, finding: Finding?) = (false, nil)
    var forgiven = 0
    let report = PropertyTesting.search(
      seed: seed, runs: scope.runs, maxShrinks: 1_500, patience: 400
    ) { choices in
      if stopped.isOver || forgiven == 8 { return }
      switch trial(try plan(choices).operations(.everyStep)) {
      case .kept(let tally):
        // Each stop costs a new process; that the program stops is told by the checks of what went wrong before.
        if tally.hasStopped { forgiven += 1 }
      case .broken(let finding): throw finding
      case .stop(let finding):
        stopped = (true, finding)
        if let finding { throw finding }
      }
    }
    return stopped.finding ?? report.failure?.error as? Finding
  }

  /// Draws a plan: about as many frees as requests, small orders first, now and then a bad free; or else memory filled, and
  /// given back in any order, which moves blocks about in lists that are long.
  private func plan(_ choices: Choices) throws -> Plan {
    var draft = try choices.element(of: drafts)
    if scope.hasFrees, try choices.weighted([3, 1]) == 1 {
      try fillAndEmpty(&draft, choices)
    } else {
      try choices.commands(average: scope.length, max: 4 * scope.length) {
        try step(&draft, choices, frees: 3)
      }
    }
    while scope.givesAllBack, !draft.held.isEmpty { try giveBack(&draft, choices) }
    return draft.plan
  }

  private func fillAndEmpty(_ draft: inout Draft, _ choices: Choices) throws {
    let size = min(40, draft.machine.frameCount)
    for _ in 0..<2 {
      try choices.commands(average: size, max: 2 * size) {
        let order = try choices.weighted([12, 2, 1])
        draft.append(.allocate(order: order, zone: draft.machine.zones.count - 1))
      }
      try choices.commands(average: size, max: 2 * size) {
        if draft.held.isEmpty {
          try step(&draft, choices, frees: 0)
        } else {
          try giveBack(&draft, choices)
        }
      }
    }
    try choices.commands(average: 4, max: 16) { try step(&draft, choices, frees: 1) }
  }

  private func step(_ draft: inout Draft, _ choices: Choices, frees: Int) throws {
    let others = scope.misuse.isEmpty && scope.extras.isEmpty ? 0 : 2
    switch try choices.weighted([3, scope.hasFrees && !draft.held.isEmpty ? frees : 0, others]) {
    case 0:
      let order = try choices.draw(0...min(draft.largest + 1, maxOrder))
      let zone = try choices.draw(0...draft.machine.zones.count - 1)
      draft.append(.allocate(order: order, zone: zone))
    case 1: try giveBack(&draft, choices)
    default:
      let moves = draft.badMoves(scope.misuse) + scope.extras
      if !moves.isEmpty { draft.append(try choices.element(of: moves)) }
    }
  }

  private func giveBack(_ draft: inout Draft, _ choices: Choices) throws {
    let (step, order) = try choices.element(of: draft.held)
    draft.append(.free(step: step, order: order))
  }
}

/// How often a program may stop while one finding is made shorter.
struct Patience {
  private var crashes = 0

  /// Whether the search goes on after this finding: an endless loop is not tried again and again, since each time costs seconds.
  mutating func allows(_ finding: Finding) -> Bool {
    switch finding.transcript.ending {
    case .timedOut: return false
    case .crashed:
      crashes += 1
      return crashes < Reduction.mostCrashes
    case .complete, .garbled, .outOfTime: return true
    }
  }
}
