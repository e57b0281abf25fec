import Synchronization

/// Amounts of time in seconds: what was used, or what may be.
struct Spending: Hashable, Sendable {
  /// Seconds for which a worker kept a processor busy.
  var processor = 0.0
  /// Seconds in which a worker had a question and next to nothing was computed: it slept, or waited for something.
  var idle = 0.0
  /// Seconds on the clock while a worker was waited for.
  var wall = 0.0

  static func + (left: Spending, right: Spending) -> Spending {
    Spending(
      processor: left.processor + right.processor, idle: left.idle + right.idle,
      wall: left.wall + right.wall)
  }

  /// The smaller of both in every kind of time.
  static func min(_ left: Spending, _ right: Spending) -> Spending {
    Spending(
      processor: Swift.min(left.processor, right.processor), idle: Swift.min(left.idle, right.idle),
      wall: Swift.min(left.wall, right.wall))
  }

  /// What of `budget` is used up; nil while there is some left of everything.
  func exceeds(_ budget: Spending) -> OutOfTime? {
    if processor > budget.processor { return .computing }
    if idle > budget.idle { return .waiting }
    return wall > budget.wall ? .computing : nil
  }
}

/// Why nothing more is asked of a program.
enum OutOfTime: Hashable, Sendable {
  case computing, waiting, printing

  /// For the student. Nothing in it is measured, nor does it say which budget was used up first: that depends on which
  /// checks ran side by side.
  var words: String {
    switch self {
    case .computing: "your calls take so long that time ran out before everything was tried"
    case .waiting: "your calls sleep, or wait for something, until time runs out"
    case .printing:
      "your calls print so much that this check was ended: take out some of the print calls"
    }
  }
}

/// The time that all checks of one program have used together. They run side by side, so it is shared.
final class RunLedger: Sendable {
  private struct State {
    var used = Spending()
    /// How many checks wait for a worker now, and since when one does.
    var waiting = 0
    var since = ContinuousClock.now
    var endless = 0
  }
  private let state = Mutex(State())

  /// How often an operation of this program did not end.
  var endless: Int { state.withLock { $0.endless } }

  func noteEndless() { state.withLock { $0.endless += 1 } }

  /// Starts to count wall time, unless another check does already.
  func beginWaiting() {
    state.withLock {
      if $0.waiting == 0 { $0.since = .now }
      $0.waiting += 1
    }
  }

  func endWaiting() {
    state.withLock {
      $0.waiting -= 1
      if $0.waiting == 0 { $0.used.wall += (.now - $0.since) / .seconds(1) }
    }
  }

  /// Adds what one check used; its wall time is counted by ``beginWaiting()``.
  func bill(_ spending: Spending) {
    state.withLock {
      $0.used.processor += spending.processor
      $0.used.idle += spending.idle
    }
  }

  func exceeds(_ budget: Spending) -> OutOfTime? {
    state.withLock {
      var used = $0.used
      if $0.waiting > 0 { used.wall += (.now - $0.since) / .seconds(1) }
      return used.exceeds(budget)
    }
  }
}

/// The time that one check has used, and what of it is left.
final class CheckLedger {
  private let run: RunLedger
  private let limits: WorkerLimits
  /// What this check may use; once a counterexample is made shorter, less.
  private var budget: Spending
  private var used = Spending()
  private var isShrinking = false
  /// Operations that did not end.
  private var endless = 0
  /// Bytes that the program printed, and operations that returned meanwhile.
  private var printedBytes = 0
  private var returned = 0
  /// Set once, and for good.
  private(set) var outOfTime: OutOfTime?

  init(_ run: RunLedger, _ limits: WorkerLimits) {
    self.run = run
    self.limits = limits
    budget = limits.check
  }

  /// The patience that this program deserves for one operation.
  var patience: WorkerLimits.Patience {
    run.endless == 0 ? limits.patience : limits.patienceAfterEndless
  }

  /// Seconds to wait for a program to end that has closed its pipe.
  var grace: Double { run.endless == 0 ? 2 : 0.5 }

  func beginWaiting() { run.beginWaiting() }
  func endWaiting() { run.endWaiting() }

  func bill(_ spending: Spending) {
    used = used + spending
    run.bill(spending)
  }

  func notePrinted(bytes: Int) { printedBytes += bytes }
  func noteReturned() { returned += 1 }

  func beginShrinking() {
    guard !isShrinking else { return }
    isShrinking = true
    budget = .min(budget, used + limits.shrinking)
  }

  /// An operation did not end: the check may go on for a moment, to make its counterexample shorter.
  func noteEndless() {
    run.noteEndless()
    endless += 1
    if endless == limits.mostEndless { noteHopeless(.computing) }
  }

  /// Nothing is to be learned by asking on.
  func noteHopeless(_ why: OutOfTime) { outOfTime = outOfTime ?? why }

  /// Whether time is up; remembers why.
  func isUsedUp() -> Bool {
    if outOfTime == nil {
      if printedBytes > limits.printedBytes + returned * limits.printedBytesPerOperation {
        outOfTime = .printing
      } else {
        outOfTime = used.exceeds(budget) ?? run.exceeds(limits.run)
      }
    }
    return outOfTime != nil
  }
}
