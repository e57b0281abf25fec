import AllocationTrace
import LabBench

extension WorkerSubject {
  func time(
    _ phases: [[TraceOperation]], goesOn: (_ phase: Int, _ seconds: Double) -> Bool
  ) -> Timing {
    // What earlier traces left in the process's memory must not slow this one down, or speed it up.
    drop()
    guard let worker = ready() else { return Timing(transcript: unperformed, seconds: []) }
    let operations = phases.flatMap(\.self)
    var ends: [Int] = []
    for phase in phases { ends.append((ends.last ?? 0) + phase.count) }
    var isCut = false
    let round = worker.exchange([operations], pace: .phased(ends), ledger: ledger) { clocks in
      isCut = !goesOn(clocks.count - 1, Self.laps(clocks).last!)
      return !isCut
    }
    let seconds = Self.laps(round.clocks)
    let spent = worker.billed
    drop()
    if let outcomes = round.complete.first {
      return Timing(transcript: Transcript(outcomes: outcomes), seconds: seconds)
    }
    if let stop = round.stop {
      let soFar = Transcript(outcomes: stop.outcomes)
      if isCut { return Timing(transcript: soFar, seconds: seconds, isCut: true) }
      switch stop.cause {
      case .slow:
        let unfinished = spent - (round.clocks.last ?? 0)
        return Timing(transcript: soFar, seconds: seconds + [unfinished], isCut: true)
      case .outOfTime: return Timing(transcript: unperformed, seconds: seconds)
      case .ended, .endless: break
      }
    }
    // Answers were gathered: only when each is written at once is it known which operation stopped the program.
    return Timing(transcript: perform([operations])[0], seconds: seconds)
  }

  /// What was used up between each reading of the clock and the one before; the first counts from the start of the process.
  private static func laps(_ clocks: [Double]) -> [Double] {
    zip(clocks, [0] + clocks).map { $0 - $1 }
  }
}
