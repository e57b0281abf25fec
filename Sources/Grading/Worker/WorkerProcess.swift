import AllocationTrace
import Confinement
import Foundation
import LabBench

/// A running worker and the grader's ends of its pipes.
final class WorkerProcess {
  let process: LaunchedProcess
  private let requests: Int32
  private var answers: Int32
  private var output: Int32
  private var errors: Int32
  private var reader = WireReader()
  private let limits: WorkerLimits
  private var isEnded = false

  /// What was printed since it was last forgotten.
  private(set) var log = PrintedLog()
  /// The last bytes of standard error, where a trap says why it happened.
  private var complaints: [UInt8] = []

  /// How a worker is started.
  static func plan(
    isStatic: Bool, libraries: [String], limits: WorkerLimits
  ) -> LaunchPlan {
    var plan = LaunchPlan(
      profile: isStatic ? LAB_STATIC_WORKER : LAB_DYNAMIC_WORKER, program: .path("worker"),
      arguments: ["worker"],
      // Exactly these: the first makes Set and Dictionary order, and so scores, the same on every run.
      environment: ["SWIFT_DETERMINISTIC_HASHING=1", "SWIFT_BACKTRACE=enable=no"])
    plan.memoryBytes = limits.memoryBytes
    plan.processorSeconds = limits.processSeconds
    plan.fileBytes = 0
    plan.openFiles = 64
    plan.rules = isStatic ? [] : libraries.map(FileRule.run)
    return plan
  }

  init(_ image: WorkerImage, limits: WorkerLimits) throws(GradingError) {
    self.limits = limits
    var plan = Self.plan(isStatic: image.isStatic, libraries: image.libraries, limits: limits)
    #if os(Linux)
      plan.program = .descriptor(image.descriptor)
    #else
      plan.program = .path(image.path)
    #endif
    var open: [Int32] = []
    do throws(GradingError) {
      let pipes = try (Pipe(), Pipe(), Pipe(), Pipe())
      open = [
        pipes.0.readEnd, pipes.1.writeEnd, pipes.2.writeEnd, pipes.3.writeEnd, pipes.0.writeEnd,
        pipes.1.readEnd, pipes.2.readEnd, pipes.3.readEnd,
      ]
      plan.descriptors = [
        -1, pipes.2.writeEnd, pipes.3.writeEnd, pipes.0.readEnd, pipes.1.writeEnd,
      ]
      process = try plan.launch()
    } catch {
      open.forEach { close($0) }
      throw error
    }
    open.prefix(4).forEach { close($0) }
    (requests, answers, output, errors) = (open[4], open[5], open[6], open[7])
    for descriptor in [requests, answers, output, errors] {
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }
    lab_widen_pipe(requests)
    lab_widen_pipe(answers)
  }

  deinit {
    if !isEnded { _ = process.end() }
    for descriptor in [requests, answers, output, errors] where descriptor >= 0 {
      close(descriptor)
    }
  }

  /// What one exchange brought.
  struct Round {
    /// Traces that were answered to the end.
    var complete: [[Outcome]] = []
    /// What the first incomplete trace had answered, and how it ended; nil when all are complete.
    var stop: (outcomes: [Outcome], ending: Transcript.Ending)?
    /// Processor seconds of the process up to a stop, to the tenth.
    var seconds = 0.0
    /// Whether it was stopped for having used up ``WorkerLimits/checkSeconds``.
    var isSpent = false
  }

  /// What is said of a program that is too slow for a check as a whole, though each of its calls comes to an end.
  static let tooSlow = Transcript.Ending.crashed(
    "ended by the grader, because the calls take too long to finish this check")

  /// Performs `traces` one after another; the worker is of no more use after a stop.
  func exchange(_ traces: ArraySlice<[TraceOperation]>, gathering: Bool, limits: WorkerLimits)
    -> Round
  {
    var round = Round()
    var current: [Outcome] = []
    var bytes = 0
    var supply = RequestSupply(traces: traces, gathering: gathering)
    var watch = Watch(process: process, limits: limits)
    var garbled: String?

    while round.complete.count < traces.count {
      let trace = traces[traces.startIndex + round.complete.count]
      // What has arrived already, before waiting for more.
      do {
        if let answer = try reader.answer() {
          watch.sawAnswer()
          switch answer {
          case .outcome(let outcome) where current.count < trace.count: current.append(outcome)
          case .mark(round.complete.count) where current.count == trace.count:
            round.complete.append(current)
            current = []
            bytes = 0
            watch.sawTraceEnd()
          default: garbled = "it answered what nobody had asked"
          }
          if garbled == nil { continue }
        }
      } catch {
        garbled = "what it sent is not an answer (\(error))"
      }
      if bytes > limits.answerBytes { garbled = "it answered more than a trace can hold" }
      if let garbled {
        return stop(round, current, trace, .garbled(garbled))
      }
      if let seconds = watch.overtime() {
        round.seconds = watch.processor
        return stop(round, current, trace, .timedOut(seconds: seconds))
      }
      if watch.processor > limits.checkSeconds {
        round.seconds = watch.processor
        round.isSpent = true
        return stop(round, current, trace, Self.tooSlow)
      }
      switch wait(supply.isEmpty ? nil : requests) {
      case .ended:
        // Bytes that are no whole answer are of no use: the crash came in the middle of a write.
        return stop(round, current, trace, nil)
      case .received(let count): bytes += count
      case .writable: supply.write(to: requests)
      case .nothing: break
      }
    }
    return round
  }

  private enum Event { case ended, received(Int), writable, nothing }

  /// Waits up to a tenth of a second for something to do; drains what was printed.
  private func wait(_ sending: Int32?) -> Event {
    var polls = [
      pollfd(fd: answers, events: Int16(POLLIN), revents: 0),
      pollfd(fd: output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
      pollfd(fd: sending ?? -1, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&polls, 4, 100) > 0 else { return .nothing }
    if polls[1].revents != 0 { drainOutput() }
    if polls[2].revents != 0 { drainErrors() }
    if polls[0].revents != 0 {
      let count = receive(answers) { reader.append($0) }
      if count == 0 { return .ended }
      if count > 0 { return .received(count) }
    }
    return polls[3].revents != 0 ? .writable : .nothing
  }

  /// Ends the worker and says how it went; `ending` nil means: find out why its pipe closed.
  private func stop(
    _ round: Round, _ outcomes: [Outcome], _ trace: [TraceOperation], _ ending: Transcript.Ending?
  ) -> Round {
    // A program that traps closes its pipe a moment before it is seen to have ended.
    let endedAlone = ending == nil && process.wait(seconds: 3)
    let how = process.end()
    // From here on the process's number may be another's.
    isEnded = true
    drainOutput()
    drainErrors()
    var round = round
    var outcomes = outcomes
    let found: Transcript.Ending
    if let ending {
      found = ending
    } else if !endedAlone {
      found = .garbled("it closed the pipe to the checks and went on")
    } else {
      let note = WorkerEnding(how, complaints: complaints, limits: limits)
      found = note.transcriptEnding
    }
    // All was answered, and releasing the instance stopped the program: the last operation stands for it.
    if outcomes.count == trace.count, !outcomes.isEmpty { outcomes.removeLast() }
    round.stop = (outcomes, found)
    return round
  }

  /// Reads once; answers the number of bytes, 0 at the end, -1 when there is nothing.
  private func receive(_ descriptor: Int32, _ take: (UnsafeRawBufferPointer) -> Void) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { chunk in
      let count = read(descriptor, chunk.baseAddress, chunk.count)
      if count > 0 { take(UnsafeRawBufferPointer(rebasing: chunk[..<count])) }
      return count < 0 && errno != EAGAIN && errno != EINTR ? 0 : count
    }
  }

  private func drainOutput() {
    guard output >= 0 else { return }
    let count = receive(output) { log.append($0) }
    if count == 0 {
      close(output)
      output = -1
    }
  }

  private func drainErrors() {
    guard errors >= 0 else { return }
    let count = receive(errors) { chunk in
      complaints.append(contentsOf: chunk)
      if complaints.count > 1 << 16 { complaints.removeFirst(complaints.count - (1 << 14)) }
    }
    if count == 0 {
      close(errors)
      errors = -1
    }
  }

  /// Forgets what was printed, before another run.
  func forgetOutput() { log = PrintedLog() }

  /// Takes what was printed before the last answer and has not been read yet.
  func collectOutput() { drainOutput() }
}

/// The bytes of all requests, made as the pipe takes them.
private struct RequestSupply {
  private let traces: ArraySlice<[TraceOperation]>
  private let gathering: Bool
  private var trace: Int
  private var operation = 0
  private var writer = WireWriter()
  private var sent = 0

  init(traces: ArraySlice<[TraceOperation]>, gathering: Bool) {
    self.traces = traces
    self.gathering = gathering
    trace = traces.startIndex
  }

  var isEmpty: Bool { trace == traces.endIndex && sent == writer.bytes.count }

  mutating func write(to descriptor: Int32) {
    if sent == writer.bytes.count { refill() }
    let count = writer.bytes.withUnsafeBytes {
      Foundation.write(descriptor, $0.baseAddress! + sent, $0.count - sent)
    }
    if count > 0 {
      sent += count
    } else if count < 0, errno != EAGAIN, errno != EINTR {
      // The worker reads no more; how that came about shows at its other pipe.
      trace = traces.endIndex
      sent = writer.bytes.count
    }
  }

  private mutating func refill() {
    writer.removeAll()
    sent = 0
    while trace < traces.endIndex, writer.bytes.count < 1 << 16 {
      let operations = traces[trace]
      if operation < operations.count {
        let end = min(operation + 512, operations.count)
        writer.append(
          WireRequest.perform(Array(operations[operation..<end]), gathering: gathering))
        operation = end
      } else {
        writer.append(WireRequest.mark(trace - traces.startIndex))
        trace += 1
        operation = 0
      }
    }
  }
}

/// Watches a worker that does not answer.
private struct Watch {
  private let process: LaunchedProcess
  private let limits: WorkerLimits
  private var lastLook = ContinuousClock.now
  /// The clocks when the silence was first noticed; nil while answers come.
  private var silence: (processor: Double, wall: ContinuousClock.Instant)?
  private var traceStart: Double?
  /// Processor seconds of the process at the last look.
  private(set) var processor = 0.0

  init(process: LaunchedProcess, limits: WorkerLimits) {
    self.process = process
    self.limits = limits
  }

  mutating func sawAnswer() { silence = nil }
  mutating func sawTraceEnd() { traceStart = nil }

  /// The limit in seconds that was passed, or nil; looks at the clocks ten times a second.
  mutating func overtime() -> Double? {
    let now = ContinuousClock.now
    guard now - lastLook >= .milliseconds(100) else { return nil }
    lastLook = now
    processor = process.processorTime ?? 0
    guard let start = traceStart else {
      traceStart = processor
      silence = (processor, now)
      return nil
    }
    if processor - start > limits.traceSeconds { return limits.traceSeconds }
    guard let silence else {
      self.silence = (processor, now)
      return nil
    }
    let used = processor - silence.processor
    let waited = (now - silence.wall) / .seconds(1)
    if used > limits.answerSeconds { return limits.answerSeconds }
    if waited > limits.idleSeconds, used < waited / 100 { return limits.idleSeconds }
    return waited > 10 * limits.idleSeconds ? 10 * limits.idleSeconds : nil
  }
}
