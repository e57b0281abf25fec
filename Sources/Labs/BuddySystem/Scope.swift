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
  /// Machines, of those above, that are left out where they do not boot right: their boot is another check's question.
  var optional: Set<String> = []
  /// How many random plans are tried, and of how many steps on average.
  var runs = 120
  var length = 24

  /// The scope without what happens on the machines `layouts`.
  func leavingOut(_ layouts: Set<String>) -> Scope {
    var rest = self
    rest.layouts.removeAll { layouts.contains($0) }
    rest.scenarios.removeAll { layouts.contains($0.layout) }
    rest.wider.removeAll { layouts.contains($0) }
    return rest
  }
}
