import AllocationTrace
import Foundation
import LabBench
import Labs
import Synchronization

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// Says which check and which operations were running when the student's code stops the program or never answers.
///
/// The words are prepared before each trace: a signal handler may do no more than write bytes.
enum LastWords {
  /// Seconds of processor time that one operation may take.
  private static let patience = 10.0
  private static let capacity = 1 << 16

  /// The prepared text, and where in it each operation's line ends.
  nonisolated(unsafe) private static let text = UnsafeMutablePointer<UInt8>.allocate(
    capacity: capacity)
  nonisolated(unsafe) private static let ends = UnsafeMutablePointer<Int32>.allocate(
    capacity: capacity)
  /// The operation at work, counted within the prepared text; -1 while none is.
  private static let current = Atomic<Int>(-1)
  /// Counts operations, so that the watchdog notices when nothing moves.
  private static let serial = Atomic<Int>(0)
  /// Only the last operations of a long trace are worth reading.
  private static let kept = 40

  private static let hasStarted: Void = {
    installHandlers()
    Thread.detachNewThread { watch() }
  }()

  /// Prepares words for every trace that `subject` performs for `check`.
  static func watch<D: Driver>(_ subject: InProcessSubject<D>, _ check: Check, _ lab: Lab) {
    _ = hasStarted
    useSpareStack()
    let head = Array(
      """

      \(lab.id) was at work on the check \(check.id) (\(check.title)), with these operations:

      """.utf8)
    let again = Array(
      "Only this check: \(StudentDoor.command(check, lab))\n\n".utf8)
    var first = 0
    subject.willPerform = { trace, index in
      if index == 0 || index - first == kept {
        current.store(-1, ordering: .releasing)
        // A line for each of the next operations; of a long trace those before are left out.
        first = index
        prepare(trace[index..<min(index + kept, trace.count)], head, again, lab)
      }
      serial.wrappingAdd(1, ordering: .relaxed)
      current.store(index - first, ordering: .releasing)
    }
  }

  /// Nothing is at work any more.
  static func stopWatching() { current.store(-1, ordering: .releasing) }

  private static func prepare(
    _ operations: ArraySlice<TraceOperation>, _ head: [UInt8], _ again: [UInt8], _ lab: Lab
  ) {
    var count = 0
    func append(_ bytes: some Sequence<UInt8>) {
      for byte in bytes where count < capacity - 512 {
        text[count] = byte
        count += 1
      }
    }
    append(head)
    let line = TraceTextWriter(vocabulary: lab.vocabulary)
    var buffer: [UInt8] = []
    for (place, index) in operations.indices.enumerated() {
      // The numbers are those by which later operations name a block: #4 is what operation 4 answered.
      append("  #\(index) ".utf8)
      buffer.removeAll(keepingCapacity: true)
      line.append(operations[index], note: nil, to: &buffer)
      append(buffer)
      ends[place] = Int32(count)
    }
    let tail = count
    append(again)
    ends[kept] = Int32(tail)
    ends[kept + 1] = Int32(count)
  }

  /// Writes the words to standard error; safe in a signal handler.
  fileprivate static func write(_ cause: StaticString) {
    let place = current.load(ordering: .acquiring)
    guard place >= 0 else { return }
    send(text, Int(ends[place]))
    send(cause.utf8Start, cause.utf8CodeUnitCount)
    send(text + Int(ends[kept]), Int(ends[kept + 1] - ends[kept]))
  }

  private static func send(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
    var sent = 0
    while sent < count {
      #if canImport(Glibc)
        let written = Glibc.write(2, bytes + sent, count - sent)
      #elseif canImport(Musl)
        let written = Musl.write(2, bytes + sent, count - sent)
      #else
        let written = Darwin.write(2, bytes + sent, count - sent)
      #endif
      if written <= 0 { return }
      sent += written
    }
  }

  // MARK: Traps

  private static let signals = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT]

  private static func installHandlers() {
    for signal in signals {
      var action = sigaction()
      #if canImport(Darwin)
        action.__sigaction_u.__sa_handler = handleTrap
      #else
        action.__sigaction_handler.sa_handler = handleTrap
      #endif
      action.sa_flags =
        Int32(truncatingIfNeeded: SA_ONSTACK) | Int32(bitPattern: UInt32(SA_RESETHAND))
      sigaction(signal, &action, nil)
    }
  }

  /// Gives the thread a stack of its own for the handler: an endless recursion has used up the other.
  private static func useSpareStack() {
    var stack = stack_t()
    stack.ss_size = 1 << 16
    stack.ss_sp = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 16)
    sigaltstack(&stack, nil)
  }

  // MARK: Endless loops

  /// Ends the process when one operation uses up its processor time; a breakpoint uses none.
  private static func watch() {
    var seen = -1
    var start = 0.0
    while true {
      Thread.sleep(forTimeInterval: 0.25)
      let now = processorSeconds
      let serial = serial.load(ordering: .relaxed)
      if serial != seen || current.load(ordering: .acquiring) < 0 {
        seen = serial
        start = now
      } else if now - start > patience {
        write(
          "  … and the last one did not return within 10 seconds of work: an endless loop, or very slow\n"
        )
        _exit(1)
      }
    }
  }

  private static var processorSeconds: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
}

/// Prints what was at work; the handler is gone then, so the trap happens again and ends the run as usual.
private func handleTrap(_ signal: Int32) {
  LastWords.write("  … and the last one stopped the program.\n")
}
