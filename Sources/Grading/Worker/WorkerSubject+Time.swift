import AllocationTrace
import LabBench

extension WorkerSubject {
  /// Performs the trace in a new process and measures that process's time from the first operation on.
  func time(
    _ operations: [TraceOperation]
  ) -> (transcript: Transcript, seconds: Double) {
    // What earlier traces left in the process's memory must not slow this one down, or speed it up.
    drop()
    guard let worker = ready() else { return (unperformed, 0) }
    // An empty trace: when it is answered, the program has started and waits.
    let greeting = worker.exchange([[]], pace: .gathered, ledger: ledger)
    guard greeting.stop == nil else {
      drop()
      return (perform([operations])[0], 0)
    }
    let start = worker.processorTime ?? 0
    let round = worker.exchange([operations], pace: .gathered, ledger: ledger)
    let seconds = round.stop == nil ? (worker.processorTime ?? 0) - start : 0
    if let outcomes = round.complete.first {
      return (Transcript(outcomes: outcomes), seconds)
    }
    drop()
    return (perform([operations])[0], seconds)
  }
}
