import AllocationTrace
import LabBench
import LabKit

/// One rule, judged step by step along a trace.
///
/// A law judges its own rule alone: wherever it can it compares the subject with the subject's own windows, so that a
/// mistake in one place does not cost the points of another.
protocol Law: SendableMetatype {
  /// Whether a trace is judged only until the free blocks change in a way that the step does not explain.
  ///
  /// What follows such a change, a stop of the program even, is the fault of whichever rule that step broke.
  static var needsGround: Bool { get }
  /// The checks of which this law judges the rules too, so that what breaks it may be their fault.
  static var judgesRulesOf: Set<String> { get }
  init(_ machine: Machine)
  /// Whether a stop of the program at this point is the fault of another rule.
  var forgivesStop: Bool { get }
  /// How many steps so far were ones that the rule speaks about; a rule never met is not one kept.
  var met: Int { get }
  /// Throws where the step breaks the rule; `walk` stands behind the step.
  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault)
}

extension Law {
  static var needsGround: Bool { false }
  static var judgesRulesOf: Set<String> { [] }
  var forgivesStop: Bool { false }
}

/// A trace, what the subject answered, and where a rule was broken.
struct Finding: Error {
  var operations: [TraceOperation]
  var transcript: Transcript
  /// The operation that broke the rule.
  var index: Int
  var fault: Fault

  /// How many steps of the trace lead there.
  var stepCount: Int {
    (0...index).count {
      operations[$0].isStep
        && !(transcript.outcomes.indices.contains($0) && transcript.outcomes[$0] == .skipped)
    }
  }
}

/// What a trace showed besides keeping a rule.
struct Tally {
  /// Steps that the rule speaks about.
  var met = 0
  /// Requests answered with memory that was free.
  var allocations = 0
  /// Good frees that were accepted.
  var frees = 0
  /// Whether the trace was judged in part only, because its free blocks could no longer be explained.
  var hasLostGround = false
  /// Whether the trace was judged in part only, for this reason or another.
  var isPartial = false
  /// Whether the program stopped where nothing was judged any more.
  var hasStopped = false
}

extension Law {
  /// Judges one trace; throws the first ``Finding``.
  ///
  /// Where an answer is no aligned block of free memory the walk ends: whatever follows would be judged by guesswork.
  static func judge(
    _ operations: [TraceOperation], _ transcript: Transcript, fresh: FrameModel? = nil
  ) throws(Finding) -> Tally {
    func finding(_ index: Int, _ fault: Fault) -> Finding {
      Finding(operations: operations, transcript: transcript, index: index, fault: fault)
    }
    var tally = Tally()
    guard var walk = Walk(operations, transcript.outcomes, fresh: fresh) else { return tally }
    var law = Self(walk.machine)
    if transcript.outcomes.first != .done, let first = transcript.outcomes.first {
      throw finding(
        0,
        Fault(expected: "a machine that boots: \(walk.machine.words)", found: Words.answer(first)))
    }
    var isBeyondJudging = false
    while !isBeyondJudging {
      let next: (index: Int, step: Step)?
      do throws(Fault) { next = try walk.next() } catch { throw finding(walk.index - 1, error) }
      guard let (index, step) = next else { break }
      do throws(Fault) { try law.judge(step, walk) } catch { throw finding(index, error) }
      tally.note(step)
      tally.hasLostGround = Self.needsGround && !step.explainsItsWindow(walk.machine)
      isBeyondJudging = step.leavesGroundOfModel || tally.hasLostGround
    }
    // An endless loop always counts: trying on would cost seconds each time.
    var isEndless = false
    if case .timedOut = transcript.ending { isEndless = true }
    if !isBeyondJudging && !law.forgivesStop || isEndless,
      let stop = Words.ending(transcript.ending)
    {
      let index = min(transcript.outcomes.count, operations.count - 1)
      let call = Words.step(operations, transcript.outcomes, index, answered: false)
      let expected =
        switch operations[index].lab {
        case .boot: "\(call) to return: \(walk.machine.words)"
        case .show: "freeBlocks(order:zone:) to return the free blocks"
        default: "\(call) to return"
        }
      throw finding(index, Fault(expected: expected, found: stop))
    }
    tally.met = law.met
    tally.hasStopped = Words.ending(transcript.ending) != nil
    tally.isPartial = isBeyondJudging || transcript.outcomes.count < operations.count
    return tally
  }
}

extension Step {
  /// Whether the model cannot follow: a block was handed out that was not free, or a bad free accepted.
  fileprivate var leavesGroundOfModel: Bool {
    switch action {
    case .allocate(_, _, let answer): answer != nil && holder == nil
    case .free(_, _, let isGood, let refusal): !isGood && refusal == nil
    case .list, .firstWindow: false
    }
  }

  /// Whether the free blocks after the step follow from those before it and from what the step did.
  fileprivate func explainsItsWindow(_ machine: Machine) -> Bool {
    guard let before, let after else { return true }
    switch action {
    case .allocate(let order, _, let answer?):
      guard let zone = machine.zone(of: answer) else { return false }
      return after == before.splitting(FreeBlock(zone: zone, order: order, frame: answer))
    case .free(let frame, let order, isGood: true, refusal: nil):
      guard let zone = machine.zone(of: frame) else { return false }
      return after == before.merging(FreeBlock(zone: zone, order: order, frame: frame))
    case .allocate, .free: return after == before
    case .list, .firstWindow: return true
    }
  }
}

extension Tally {
  fileprivate mutating func note(_ step: Step) {
    switch step.action {
    case .allocate: if step.holder != nil { allocations += 1 }
    case .free(_, _, isGood: true, refusal: nil): frees += 1
    case .free, .list, .firstWindow: break
    }
  }
}
