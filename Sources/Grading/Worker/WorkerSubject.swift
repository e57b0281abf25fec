import AllocationTrace
import LabBench

/// A submission in a confined process behind a pipe, for one check; used by one thread at a time.
///
/// The process is started when it is needed and again after each stop. Nothing it says is believed: it
/// returns outcomes, the ``Referee`` says which are possible, and the checks judge them.
final class WorkerSubject: PrintingSubject {
  let image: WorkerImage
  let rules: AnswerRules
  let limits: WorkerLimits
  let ledger: CheckLedger
  private var worker: WorkerProcess?
  private var log = PrintedLog()
  /// Whether operations take so long that gathering answers is of no use.
  private var isSlow = false

  /// Why no worker could be started; then the transcripts mean nothing and the grader has failed.
  private(set) var failure: GradingError?
  /// Operations in one call up to which every answer is written at once, so that a stop needs no second run.
  private static let fewOperations = 4_096

  init(_ image: WorkerImage, rules: AnswerRules, limits: WorkerLimits = WorkerLimits()) {
    self.image = image
    self.rules = rules
    self.limits = limits
    ledger = CheckLedger(image.run, limits)
  }

  var printed: Printed { log.printed }
  var isOutOfTime: Bool { ledger.isUsedUp() }
  var outOfTimeReason: String? { ledger.outOfTime?.words }
  func beginShrinking() { ledger.beginShrinking() }

  func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
    log = PrintedLog()
    var transcripts: [Transcript] = []
    // Many answers are gathered while all goes well. After a stop, the first incomplete trace is performed again
    // with one write for each answer, so that their number names the operation that stopped it.
    let isSmall = traces.reduce(0) { $0 + $1.count } <= Self.fewOperations
    var repeatsOne = false
    while transcripts.count < traces.count {
      let rest = traces[transcripts.count...]
      guard let worker = ready() else { return transcripts + rest.map { _ in unperformed } }
      let pace: Pace = isSmall || isSlow || repeatsOne ? .single : .gathered
      let round = worker.exchange(repeatsOne ? rest.prefix(1) : rest, pace: pace, ledger: ledger)
      transcripts += round.complete.map { Transcript(outcomes: $0) }
      guard let stop = round.stop else {
        log.append(worker.takeLog())
        repeatsOne = false
        continue
      }
      switch stop.cause {
      case .slow:
        isSlow = true
        drop()
      case .ended where pace == .gathered:
        repeatsOne = true
        drop()
      default:
        transcripts.append(finish(stop))
        repeatsOne = false
      }
    }
    return transcripts
  }

  func performStepByStep(
    _ operations: [TraceOperation]
  ) -> (transcript: Transcript, printed: [Printed]) {
    log = PrintedLog()
    guard let worker = ready() else { return (unperformed, []) }
    let round = worker.exchange([operations], pace: .stepwise, ledger: ledger)
    let transcript: Transcript
    if let stop = round.stop {
      transcript = finish(stop)
    } else {
      log = worker.takeLog()
      transcript = Transcript(outcomes: round.complete[0])
    }
    // What came after the last answer belongs to the operation that stopped the program, or to the instance's end.
    let last = log
    let steps = round.steps.count < operations.count ? round.steps + [last] : round.steps
    log = PrintedLog()
    for step in round.steps + [last] { log.append(step) }
    return (transcript, steps.map(\.printed))
  }

  /// A worker to ask, started if need be; nil when time is up, or none can be started.
  func ready() -> WorkerProcess? {
    guard !ledger.isUsedUp() else { return nil }
    if let worker { return worker }
    do {
      let started = try WorkerProcess(image, rules: rules, limits: limits)
      worker = started
      return started
    } catch {
      failure = error
      return nil
    }
  }

  /// Lets the process go, and forgets what it printed.
  func drop() { worker = nil }

  /// What to say of a trace that ``ready()`` had no worker for.
  var unperformed: Transcript {
    Transcript(
      outcomes: [],
      ending: failure == nil ? .outOfTime : .garbled("the grader could not start the program"))
  }

  /// The transcript of a trace that stopped; the next one needs a new process.
  func finish(_ stop: (outcomes: [Outcome], cause: WorkerProcess.Stop)) -> Transcript {
    var last = worker?.takeLog() ?? PrintedLog()
    drop()
    let ending: Transcript.Ending
    switch stop.cause {
    case .ended(let how): ending = how
    case .endless(let how):
      ledger.noteEndless()
      ending = how
    case .slow, .outOfTime: ending = .outOfTime
    }
    switch ending {
    case .timedOut(_, while: .waiting): ledger.noteHopeless(.waiting)
    // A program that speaks for itself has no shorter counterexample.
    case .garbled: ledger.noteEndless()
    // Filling the memory takes seconds each time, like a call that does not end.
    case .crashed(let why) where why.hasPrefix(WorkerEnding.outOfMemory): ledger.noteEndless()
    default: break
    }
    // Of a program that was ended from outside, how much it printed depends on when.
    if case .crashed = ending {} else { last.isOpenEnded = last.byteCount > 0 }
    log.append(last)
    return Transcript(outcomes: stop.outcomes, ending: ending)
  }
}
