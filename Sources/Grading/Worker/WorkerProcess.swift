import AllocationTrace
import Confinement
import Foundation
import LabBench

/// A running worker and the grader's ends of its pipes.
final class WorkerProcess {
  private let process: LaunchedProcess
  let limits: WorkerLimits
  let rules: AnswerRules
  private let places: TrapPlaces?
  private let requests: Int32
  private let answers: Int32
  private var output: Int32
  private var errors: Int32
  var reader = WireReader()
  private var isEnded = false
  /// Whether it has answered its greeting: what it does before that, it does before our code and the student's are called.
  var hasStarted = false
  /// Processor seconds that are in a check's books already.
  var billed = 0.0

  /// What was printed since it was last taken.
  private var log = PrintedLog()
  /// Bytes printed in all.
  private(set) var printedBytes = 0
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

  init(_ image: WorkerImage, rules: AnswerRules, limits: WorkerLimits) throws(GradingError) {
    self.limits = limits
    self.rules = rules
    places = image.places
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

  /// Processor seconds used so far; nil when it has ended, or the system does not say.
  var processorTime: Double? { isEnded ? nil : process.processorTime }
  var settledProcessorTime: Double? { isEnded ? nil : process.settledProcessorTime }

  enum Event { case ended, received(Int), writable, nothing }

  /// Waits up to a twentieth of a second for something to do; drains what was printed.
  func wait(sends: Bool) -> Event {
    var polls = [
      pollfd(fd: answers, events: Int16(POLLIN), revents: 0),
      pollfd(fd: output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
      pollfd(fd: sends ? requests : -1, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&polls, 4, 50) > 0 else { return .nothing }
    if polls[1].revents != 0 { _ = drainOutput() }
    if polls[2].revents != 0 { _ = drainErrors() }
    if polls[0].revents != 0 {
      let count = receiveAnswers()
      if count == 0 { return .ended }
      if count > 0 { return .received(count) }
    }
    return polls[3].revents != 0 ? .writable : .nothing
  }

  /// Writes what the pipe takes.
  func send(_ supply: inout RequestSupply) { supply.write(to: requests) }

  /// Reads answers once; returns the number of bytes, 0 at the end, -1 when there are none.
  func receiveAnswers() -> Int { receive(answers) { reader.append($0) } }

  /// Ends the process, and says in a student's words how it had ended; nil when it had not.
  ///
  /// - Parameter grace: seconds to wait for it to end by itself.
  func end(grace: Double) -> Transcript.Ending? {
    guard !isEnded else { return nil }
    // A program that traps closes its pipe a moment before it is seen to have ended.
    let endedAlone = grace > 0 && process.wait(seconds: grace)
    let how = process.end()
    // From here on the process's number may be another's.
    isEnded = true
    // All that can have written is gone, so that both pipes come to an end.
    while drainOutput() > 0 {}
    while drainErrors() > 0 {}
    return endedAlone
      ? WorkerEnding(how, complaints: complaints, limits: limits, places: places).transcriptEnding
      : nil
  }

  /// Takes what was printed up to now, and forgets it.
  func takeLog() -> PrintedLog {
    while !isEnded, drainOutput() > 0 {}
    defer { log = PrintedLog() }
    return log
  }

  /// Reads once; returns the number of bytes, 0 at the end, -1 when there is nothing.
  private func receive(_ descriptor: Int32, _ take: (UnsafeRawBufferPointer) -> Void) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { chunk in
      let count = read(descriptor, chunk.baseAddress, chunk.count)
      if count > 0 { take(UnsafeRawBufferPointer(rebasing: chunk[..<count])) }
      return count < 0 && errno != EAGAIN && errno != EINTR ? 0 : count
    }
  }

  private func drainOutput() -> Int {
    guard output >= 0 else { return 0 }
    let count = receive(output) {
      log.append($0)
      printedBytes += $0.count
    }
    if count == 0 {
      close(output)
      output = -1
    }
    return count
  }

  private func drainErrors() -> Int {
    guard errors >= 0 else { return 0 }
    let count = receive(errors) { chunk in
      complaints.append(contentsOf: chunk)
      if complaints.count > 4 * WorkerLimits.complaintBytes {
        complaints.removeFirst(complaints.count - WorkerLimits.complaintBytes)
      }
    }
    if count == 0 {
      close(errors)
      errors = -1
    }
    return count
  }
}
