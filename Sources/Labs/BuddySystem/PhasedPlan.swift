import AllocationTrace

/// A plan cut into phases, each of one kind of call, so that the time of each kind is known by itself.
struct PhasedPlan {
  struct Phase {
    /// The kind of call in the words of a report: `a free of a block that is free already`.
    let call: String
    let count: Int
  }

  private(set) var plan: Plan
  /// In order; behind the boot, which is a phase of its own.
  private(set) var phases: [Phase] = []

  init(layout: String) { plan = Plan(layout: layout) }

  /// The number that the next step will have.
  var nextStep: Int { plan.moves.count }

  mutating func add(_ call: String, _ moves: [Move]) {
    plan.moves += moves
    phases.append(Phase(call: call, count: moves.count))
  }

  /// The trace in its phases; the first is the boot alone.
  var operations: [[TraceOperation]] {
    let all = plan.operations(.nowhere)
    var cut = [Array(all[..<1])]
    var start = 1
    for phase in phases {
      cut.append(Array(all[start..<start + phase.count]))
      start += phase.count
    }
    return cut
  }
}
