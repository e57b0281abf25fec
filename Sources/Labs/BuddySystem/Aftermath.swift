import AllocationTrace
import LabBench
import LabKit

/// What comes after a bad free of one kind is as if nobody had tried it.
///
/// A refusal may be right, and the free blocks too, while something has changed that shows only later: the note that a block is
/// in use is gone, say, or a count has risen.
struct AftermathLaw<Kind: MisuseKind>: Law {
  private(set) var met = 0
  private var contract: WholeContractLaw
  private var isOver = false

  init(_ machine: Machine) { contract = WholeContractLaw(machine) }

  var forgivesStop: Bool { met == 0 || isOver }

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    if case .free(let frame, _, isGood: false, let refusal) = step.action {
      // Whether it is refused is asked elsewhere.
      if refusal != nil, Kind.covers(frame, walk) { met += 1 } else { isOver = true }
      return
    }
    guard met > 0, !isOver else { return }
    do throws(Fault) {
      try contract.judge(step, walk)
    } catch {
      throw Fault(
        expected: "as without the bad free: \(error.expected)", found: error.found)
    }
  }
}

/// Tries bad frees of one kind, and what comes after them.
struct Aftermath<Kind: MisuseKind> {
  let subject: any Subject
  let scope: Scope

  /// After every plan of at most two good steps, each bad free by itself; then all is given back, and asked for again.
  func finding() -> Finding? {
    var scope = scope
    scope.windows = .end
    var hunt = Hunt(AftermathLaw<Kind>.self, subject, scope)
    for machine in scope.layouts.compactMap(Machine.init) {
      for depth in 0...2 {
        var batch = Batch(machine)
        let found = collect(Draft(machine), depth: depth, &batch, &hunt) ?? hunt.flush(&batch)
        if let found { return reduced(found) }
      }
    }
    return nil
  }

  private func collect(
    _ draft: Draft, depth: Int, _ batch: inout Batch, _ hunt: inout Hunt<AftermathLaw<Kind>>
  ) -> Finding? {
    if depth == 0 {
      for bad in draft.badMoves(scope.misuse) where !hunt.isOutOfTime {
        var plan = draft.plan
        plan.moves.append(bad)
        plan.moves += draft.held.map { .free(step: $0.step, order: $0.order) }
        plan.moves += [.allocate(order: draft.largest, zone: 0), .allocate(order: 0, zone: 0)]
        batch.plans.append(plan)
        if batch.isFull, let finding = hunt.flush(&batch) { return finding }
      }
      return nil
    }
    for move in draft.goodMoves where !hunt.isOutOfTime {
      var next = draft
      next.append(move)
      if let finding = collect(next, depth: depth - 1, &batch, &hunt) { return finding }
    }
    return nil
  }

  /// The finding made short; nil when it does not come from the bad free.
  private func reduced(_ finding: Finding) -> Finding? {
    guard let plan = Plan(of: finding.operations), let finding = judge(plan.operations(.everyStep))
    else { return nil }
    var reduction = Reduction(windows: .everyStep, tries: 200, operations: 100_000)
    return reduction.reduce(plan, from: finding, judge: judge)
  }

  /// What is wrong with a trace that is right without its bad frees.
  private func judge(_ operations: [TraceOperation]) -> Finding? {
    let transcript = subject.perform(operations)
    do throws(Finding) {
      _ = try AftermathLaw<Kind>.judge(operations, transcript)
      return nil
    } catch {
      let without = withoutBadFrees(operations, transcript).operations(.everyStep)
      let isRight = (try? WholeContractLaw.judge(without, subject.perform(without))) != nil
      return isRight ? error : nil
    }
  }

  private func withoutBadFrees(_ operations: [TraceOperation], _ transcript: Transcript) -> Plan {
    guard var plan = Plan(of: operations), var walk = Walk(operations, transcript.outcomes) else {
      return Plan(layout: "0-0")
    }
    let steps = operations.indices.filter { operations[$0].isMove }
    var bad: [Int] = []
    while let (index, step) = (try? walk.next()) ?? nil {
      if case .free(_, _, isGood: false, _) = step.action, let number = steps.firstIndex(of: index)
      {
        bad.append(number)
      }
    }
    for step in bad.reversed() { plan = plan.removing(step..<step + 1) }
    return plan
  }
}
