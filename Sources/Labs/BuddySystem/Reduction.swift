import AllocationTrace
import LabBench
import LabKit

/// Shortens a plan by leaving out ever smaller parts of it, and tries it on smaller machines, within a budget.
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
    if shrinkMachine(&best, judge) { shorten(&best, judge) }
    return best.finding
  }

  /// Looks for the smallest machine on which the plan breaks the rule too; answers whether there is a smaller one.
  private mutating func shrinkMachine(
    _ best: inout (plan: Plan, finding: Finding), _ judge: ([TraceOperation]) -> Finding?
  ) -> Bool {
    guard best.plan.moves.count <= 200, let machine = Machine(best.plan.layout) else {
      return false
    }
    for smaller in machine.smaller {
      var plan = best.plan
      plan.layout = smaller
      let trace = plan.operations(windows)
      tries -= 1
      operations -= trace.count
      guard tries >= 0, operations >= 0, crashes < Self.mostCrashes else { return false }
      guard let finding = judge(trace), finding.index > 0, finding.index <= best.finding.index
      else { continue }
      best = (cut(plan, finding), finding)
      return true
    }
    return false
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

extension Machine {
  /// Smaller machines that resemble this one, the smallest first: with fewer zones and ranges, and with less in them.
  fileprivate var smaller: [String] {
    func layout(_ zones: [[Range<Int>]]) -> String {
      MachineLayout.text(of: zones.map { MemoryZone(usable: $0) })
    }
    let ranges = zones.map(\.usable)
    let plain = ["0-0", "0-1", "0-3", "0-7", "0-15"]
    let few = ranges.count > 2 ? ["0-0|1-1", "0-1|2-3", "0-3|4-7"] : []
    let short = [1, 2, 4, 8, 16].map { size in
      layout(ranges.map { $0.map { $0.prefix(size) } })
    }
    let candidates =
      (ranges.count > 1 || ranges[0].count > 1 ? [] : plain) + few
      + (ranges.count > 2 ? [layout(Array(ranges.prefix(2)))] : [])
      + [layout(ranges.map { Array($0.prefix(2)) })] + short
    var seen: Set<String> = [self.layout]
    return candidates.compactMap(Machine.init)
      .filter { $0.frameCount < frameCount && seen.insert($0.layout).inserted }
      .sorted { $0.frameCount < $1.frameCount }.map(\.layout)
  }
}
