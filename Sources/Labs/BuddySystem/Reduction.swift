import AllocationTrace
import LabBench

/// Shortens a plan by leaving out ever smaller parts of it, within a budget.
struct Reduction {
  var windows: Plan.Windows
  /// The most traces to perform.
  var tries: Int
  /// The most operations to perform.
  var operations: Int
  /// How many of the traces stopped the program.
  private var crashes = 0

  /// A crash costs a new process, and seconds where memory ran out first: a finding is made shorter with so many at most.
  static let mostCrashes = 24

  init(windows: Plan.Windows, tries: Int, operations: Int) {
    self.windows = windows
    self.tries = tries
    self.operations = operations
  }

  /// The finding of the shortest plan found, starting from a plan and what is wrong with it.
  ///
  /// Once the plan is short, windows are opened around every step: they may show the fault earlier.
  mutating func reduce(
    _ plan: Plan, from finding: Finding, judge: ([TraceOperation]) -> Finding?
  ) -> Finding {
    var best = (plan: cut(plan, finding), finding: finding)
    shorten(&best, judge)
    if case .every = windows, best.plan.moves.count <= 200 {
      windows = .everyStep
      tries = max(tries, 200)
      operations = max(operations, 50_000)
      if let finding = judge(best.plan.operations(windows)) {
        best = (cut(best.plan, finding), finding)
        shorten(&best, judge)
      }
    }
    return best.finding
  }

  private mutating func shorten(
    _ best: inout (plan: Plan, finding: Finding), _ judge: ([TraceOperation]) -> Finding?
  ) {
    var size = max(1, best.plan.moves.count / 2)
    while true {
      var hasShrunk = false
      var end = best.plan.moves.count
      while end > 0 {
        let smaller = best.plan.removing(max(0, end - size)..<end)
        let trace = smaller.operations(windows)
        tries -= 1
        operations -= trace.count
        guard tries >= 0, operations >= 0, crashes < Self.mostCrashes else { return }
        end -= size
        if let finding = judge(trace) {
          if case .crashed = finding.transcript.ending { crashes += 1 }
          best = (cut(smaller, finding), finding)
          hasShrunk = true
          end = min(end, best.plan.moves.count)
        }
      }
      if size == 1, !hasShrunk { return }
      size = max(1, size / 2)
    }
  }

  /// The plan up to the step that broke the rule.
  private func cut(_ plan: Plan, _ finding: Finding) -> Plan {
    let steps = (0...finding.index).count { finding.operations[$0].isMove }
    return Plan(layout: plan.layout, moves: Array(plan.moves.prefix(max(1, steps))))
  }
}

extension TraceOperation {
  /// Whether the operation comes from a plan's move, not from its windows.
  var isMove: Bool { isStep || verb == BuddySystemVerb.list.rawValue }
}
