import AllocationTrace
import LabBench

extension WorkerProcess {
  /// What one exchange brought.
  struct Round {
    /// Traces that were answered to the end.
    var complete: [[Outcome]] = []
    /// What the first incomplete trace had returned, and why it went no further; nil when all are complete.
    var stop: (outcomes: [Outcome], cause: Stop)?
    /// What was printed during each operation of a trace that was performed step by step.
    var steps: [PrintedLog] = []
    /// Processor seconds of the process up to the end of each phase that was brought to its end.
    var clocks: [Double] = []
  }

  /// Why an exchange was not brought to its end.
  enum Stop {
    /// The program ended, or what it did cannot go on.
    case ended(Transcript.Ending)
    /// One operation did not end.
    case endless(Transcript.Ending)
    /// Answers are gathered, and for a while there was none: which operation takes so long cannot be said.
    case slow
    /// The time for the check or for the run was used up.
    case outOfTime
  }

  /// Performs `traces` one after another; the worker is of no more use after a stop.
  ///
  /// - Parameter goesOn: asked at the end of each phase of a trace that is cut into phases; false stops the program.
  func exchange(
    _ traces: ArraySlice<[TraceOperation]>, pace: Pace, ledger: CheckLedger,
    goesOn: (_ clocks: [Double]) -> Bool = { _ in true }
  ) -> Round {
    ledger.beginWaiting()
    defer { ledger.endWaiting() }
    var round = Round()
    var supply = RequestSupply(traces: traces, pace: pace, greets: !hasStarted)
    var watch = Watch(self, pace: pace, ledger: ledger)
    var answered = 0
    var bytes = 0
    for trace in traces {
      var referee = Referee(trace, rules)
      while true {
        switch nextAnswer(referee, answered: answered, of: supply.asked) {
        case .wrong(let words):
          watch.close()
          return stop(&round, referee, .ended(.garbled(words)))
        case .one(let answer):
          answered += 1
          watch.sawAnswer()
          switch answer {
          case .mark(-1) where !hasStarted:
            hasStarted = true
            continue
          case .mark(round.complete.count) where referee.isComplete && hasStarted: break
          case .outcome(let outcome) where hasStarted:
            if let complaint = referee.accept(outcome) {
              watch.close()
              return stop(&round, referee, .ended(.garbled(complaint)))
            }
            if pace == .stepwise { round.steps.append(takeLog()) }
            if case .phased(let ends) = pace, ends.count > round.clocks.count,
              ends[round.clocks.count] == referee.outcomes.count
            {
              round.clocks.append(settledProcessorTime ?? 0)
              guard goesOn(round.clocks) else {
                watch.close()
                return stop(&round, referee, .outOfTime)
              }
            }
            continue
          default:
            watch.close()
            return stop(&round, referee, .ended(.garbled(Referee.unasked)))
          }
        case .none:
          if bytes > WorkerLimits.traceBytes {
            watch.close()
            let words = "it returned more than a trace can hold"
            return stop(&round, referee, .ended(.garbled(words)))
          }
          if let cause = watch.look() {
            // An answer that came in the meantime counts: no operation that returned is blamed.
            if case .outOfTime = cause {} else if receiveAnswers() > 0 { continue }
            watch.close()
            return stop(&round, referee, cause)
          }
          switch wait(sends: supply.isReady(answered: answered)) {
          case .ended:
            // Bytes that are no whole answer are of no use: the program stopped in the middle of a write.
            watch.close()
            let ending = end(grace: ledger.grace)
            watch.close()
            let closed = Transcript.Ending.garbled(
              "it closed the pipe to the checks and went on")
            return stop(&round, referee, .ended(ending ?? closed))
          case .received(let count): bytes += count
          case .writable: send(&supply)
          case .nothing: break
          }
          continue
        }
        break
      }
      round.complete.append(referee.outcomes)
      bytes = 0
    }
    watch.close()
    return round
  }

  private enum Answer { case none, one(WireAnswer), wrong(String) }

  private func nextAnswer(_ referee: Referee, answered: Int, of asked: Int) -> Answer {
    do throws(WireError) {
      let answer = try reader.answer(
        mostNumbers: referee.mostNumbers, mostTextBytes: WorkerLimits.textBytes)
      guard let answer else { return .none }
      return answered < asked ? .one(answer) : .wrong("it answered before it was asked")
    } catch {
      return .wrong(error.words)
    }
  }

  /// Ends the process and notes how far the trace had come.
  private func stop(_ round: inout Round, _ referee: Referee, _ cause: Stop) -> Round {
    _ = end(grace: 0)
    var cause = cause
    if !hasStarted {
      switch cause {
      case .ended(.crashed(let why)):
        cause = .ended(.crashed("before the first call: \(why)"))
      case .endless, .slow:
        cause = .endless(.crashed("what runs before the first call does not come to an end"))
      case .ended, .outOfTime: break
      }
    } else if referee.isComplete, !referee.trace.isEmpty {
      switch cause {
      case .ended(.crashed(let why)):
        cause = .ended(.crashed("after the last call, when all was released: \(why)"))
      case .endless:
        cause = .endless(.crashed("after the last call, what is released does not come to an end"))
      case .ended, .slow, .outOfTime: break
      }
    }
    round.stop = (referee.outcomes, cause)
    return round
  }
}

/// Looks at the clocks of a worker twenty times a second, and keeps the books of a check.
private struct Watch {
  private let worker: WorkerProcess
  private let ledger: CheckLedger
  private let pace: Pace
  private var lastLook = ContinuousClock.now
  /// Since the last answer, as far as it was seen; nil when the next look starts to count.
  private var silence: Spending?
  private var printedBefore: Int
  private var billedPrint: Int

  init(_ worker: WorkerProcess, pace: Pace, ledger: CheckLedger) {
    self.worker = worker
    self.ledger = ledger
    self.pace = pace
    printedBefore = worker.printedBytes
    billedPrint = worker.printedBytes
    // A process that has just been started is silent from its start on.
    if !worker.hasStarted { silence = Spending() }
  }

  /// Asked anew at each look: another check may have met an operation that does not end.
  private var patience: WorkerLimits.Patience {
    pace == .gathered ? worker.limits.gatheringPatience : ledger.patience
  }

  mutating func sawAnswer() {
    silence = nil
    ledger.noteReturned()
    if worker.printedBytes != billedPrint {
      ledger.notePrinted(bytes: worker.printedBytes - billedPrint)
      billedPrint = worker.printedBytes
    }
  }

  /// Why the exchange has to end now, or nil.
  mutating func look() -> WorkerProcess.Stop? {
    let passed = (ContinuousClock.now - lastLook) / .seconds(1)
    guard passed >= 0.05 else { return nil }
    let spent = bill()
    guard let before = silence else {
      silence = Spending()
      printedBefore = worker.printedBytes
      return ledger.isUsedUp() ? .outOfTime : nil
    }
    let silent = before + spent
    silence = silent
    let patience = patience
    let isBusy = silent.processor > patience.processor
    if isBusy || silent.idle > patience.idle {
      if pace.isGathered { return .slow }
      let seconds = isBusy ? patience.processor : patience.idle
      let prints = worker.printedBytes - printedBefore > 1 << 16
      return .endless(
        .timedOut(
          seconds: seconds, while: prints ? .printing : isBusy ? .computing : .waiting))
    }
    return ledger.isUsedUp() ? .outOfTime : nil
  }

  /// Puts what was used since the last look into the books.
  private mutating func bill() -> Spending {
    let now = ContinuousClock.now
    var spent = Spending(wall: (now - lastLook) / .seconds(1))
    lastLook = now
    if let processor = worker.processorTime {
      spent.processor = processor - worker.billed
      worker.billed = processor
    }
    // Short waits say nothing: the machine may have been busy with others.
    if spent.wall >= 0.05, spent.processor < spent.wall / 20 { spent.idle = spent.wall }
    ledger.bill(spent)
    return spent
  }

  /// Puts the rest into the books.
  mutating func close() {
    _ = bill()
    _ = ledger.isUsedUp()
  }
}
