import AllocationTrace
import LabBench

/// A submission in a confined process behind a pipe; used by one thread at a time.
///
/// The process is started when it is needed and again after each stop. Nothing it says is believed: it
/// answers operations, and the checks judge the answers.
final class WorkerSubject: PrintingSubject {
  private let image: WorkerImage
  private let limits: WorkerLimits
  private var worker: WorkerProcess?
  private(set) var printed = Printed()
  /// Processor seconds that stopped processes had used.
  private var spent = 0.0

  /// Why no worker could be started; then the transcripts mean nothing and the grader has failed.
  private(set) var failure: GradingError?
  /// Operations in one call up to which every answer is written at once, so that a stop needs no second run.
  private static let fewOperations = 4_096

  init(_ image: WorkerImage, limits: WorkerLimits = WorkerLimits()) {
    self.image = image
    self.limits = limits
  }

  func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
    printed = Printed()
    var transcripts: [Transcript] = []
    // Many answers are gathered while all goes well. After a stop, the first incomplete trace is performed again
    // with one write for each answer, so that their number names the operation that stopped it.
    let isSmall = traces.reduce(0) { $0 + $1.count } <= Self.fewOperations
    var repeatsOne = false
    var limits = remainingLimits
    while transcripts.count < traces.count {
      let first = transcripts.count
      guard limits.checkSeconds > 0 else {
        return transcripts
          + traces[first...].map { _ in Transcript(outcomes: [], ending: WorkerProcess.tooSlow) }
      }
      guard let worker = startedWorker() else {
        let ending = Transcript.Ending.garbled("the grader could not start the program")
        return transcripts + traces[first...].map { _ in Transcript(outcomes: [], ending: ending) }
      }
      let round = worker.exchange(
        repeatsOne ? traces[first...first] : traces[first...], gathering: !isSmall && !repeatsOne,
        limits: limits)
      transcripts += round.complete.map { Transcript(outcomes: $0) }
      let isFinal = round.stop == nil || isSmall || repeatsOne || round.isSpent
      if isFinal { collectOutput(of: worker) }
      guard let stop = round.stop else {
        repeatsOne = false
        continue
      }
      self.worker = nil
      spent += round.seconds
      if isFinal {
        if case .timedOut = stop.ending { image.countEndless() }
        if round.isSpent { image.countEndless() }
        transcripts.append(Transcript(outcomes: stop.outcomes, ending: stop.ending))
        repeatsOne = false
        limits = remainingLimits
      } else {
        repeatsOne = true
      }
    }
    return transcripts
  }

  func performStepByStep(
    _ operations: [TraceOperation]
  ) -> (transcript: Transcript, printed: [Printed]) {
    let transcript = perform([operations])[0]
    let asked = operations.indices.prefix(transcript.outcomes.count + 1)
    return (transcript, asked.map { $0 == asked.last ? printed : Printed() })
  }

  /// Performs the trace in a new process and measures that process's time from the first operation on.
  func time(
    _ operations: [TraceOperation]
  ) -> (transcript: Transcript, seconds: Double) {
    printed = Printed()
    // What earlier traces left in the process's memory must not slow this one down, or speed it up.
    worker = nil
    guard let worker = startedWorker() else {
      let ending = Transcript.Ending.garbled("the grader could not start the program")
      return (Transcript(outcomes: [], ending: ending), 0)
    }
    // An empty trace: when it is answered, the program has started and waits.
    let greeting = worker.exchange([[]], gathering: true, limits: limits)
    guard greeting.stop == nil else {
      self.worker = nil
      return (perform([operations])[0], 0)
    }
    let start = worker.process.processorTime ?? 0
    let round = worker.exchange([operations], gathering: true, limits: limits)
    let seconds = round.stop == nil ? (worker.process.processorTime ?? 0) - start : 0
    collectOutput(of: worker)
    if let outcomes = round.complete.first {
      return (Transcript(outcomes: outcomes), seconds)
    }
    self.worker = nil
    return (perform([operations])[0], seconds)
  }

  /// The limits with what is left of the processor time for this check.
  private var remainingLimits: WorkerLimits {
    var limits = image.limits(limits)
    limits.checkSeconds -= spent
    return limits
  }

  private func startedWorker() -> WorkerProcess? {
    if let worker { return worker }
    do {
      let started = try WorkerProcess(image, limits: limits)
      worker = started
      return started
    } catch {
      failure = error
      return nil
    }
  }

  private func collectOutput(of worker: WorkerProcess) {
    worker.collectOutput()
    printed = worker.log.printed
    worker.forgetOutput()
  }
}
