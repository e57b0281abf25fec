import AllocationTrace
import LabBench

/// Times a subject and the plain buddy system on the same trace, in turn.
struct Race {
  let subject: any TimedSubject
  let plain: any TimedSubject

  /// The least that each phase took in any round, in processor seconds; the first phase is the start and the boot.
  struct Laps {
    /// Ends early where a phase took so long that nothing more need be known.
    var own: [Double] = []
    var plain: [Double] = []

    /// How many times the plain buddy system's time a phase took.
    func ratio(_ phase: Int) -> Double { own[phase] / max(plain[phase], 1e-9) }

    /// What one call of a phase costs; phase 1 is the plan's first.
    func cost(_ phase: Int, of plan: PhasedPlan) -> Cost {
      Cost(
        ratio: ratio(phase), seconds: own[phase] / Double(max(1, plan.phases[phase - 1].count)))
    }
  }

  /// The cost of a call.
  struct Cost {
    /// How many times the plain buddy system's.
    var ratio = 0.0
    var seconds = 0.0
  }

  enum Result {
    case ran(Laps)
    case wrong(Finding)
    case outOfTime
  }

  /// A phase that takes so many times the plain buddy system's time is beyond all steps, however noisy the machine: one round
  /// tells enough.
  private static let hopeless = 100.0
  /// A phase is cut short only when it has taken so many seconds besides, so that a report names what is slowest.
  private static let leastToStop = 0.2

  /// Performs `plan` in `rounds` rounds.
  ///
  /// The best of several rounds is what the code costs; all else is what the machine did besides. Both take turns, so that
  /// both meet the same machine.
  func run(_ plan: PhasedPlan, rounds: Int) -> Result {
    let phases = plan.operations
    let trace = phases.flatMap(\.self)
    var laps = Laps()
    var judged: Transcript?
    for _ in 0..<rounds {
      let other = plain.time(phases) { _, _ in true }
      guard other.seconds.count == phases.count else { return .outOfTime }
      laps.plain = Self.best(laps.plain, other.seconds)
      let reference = laps.plain
      let own = subject.time(phases) { phase, seconds in
        phase == 0 || seconds < max(Self.leastToStop, Self.hopeless * reference[phase])
      }
      if own.transcript.ending == .outOfTime { return .outOfTime }
      // The same answers as in the round before need no second judgement.
      if own.transcript != judged {
        if let finding = Self.fault(trace, own.transcript) { return .wrong(finding) }
        judged = own.transcript
      }
      // Stopped, and right when it was run again: of the later phases nothing is known.
      guard own.isCut && !own.seconds.isEmpty || own.seconds.count == phases.count else {
        return .outOfTime
      }
      laps.own = Self.best(laps.own, own.seconds)
      if own.isCut || laps.own.indices.contains(where: { laps.ratio($0) > Self.hopeless }) { break }
    }
    return .ran(laps)
  }

  private static func best(_ old: [Double], _ new: [Double]) -> [Double] {
    old.isEmpty ? new : zip(old, new).map { min($0, $1) }
  }

  /// What is wrong with the answers to `trace`, or nil.
  static func fault(_ trace: [TraceOperation], _ transcript: Transcript) -> Finding? {
    do throws(Finding) {
      _ = try WholeContractLaw.judge(trace, transcript)
      return nil
    } catch {
      return error
    }
  }
}
