/// Every bound on what a submission's program may use and send, in one place.
///
/// Patience is kept for one operation: when it is over, the operation does not end, which is a wrong answer. Budgets are kept
/// for a check and for a run (all checks of one lab): when one is used up, the rest is not tried, which is no wrong answer.
/// Both count processor time, so that a busy machine makes nobody slow; idle time ends what sleeps or blocks. Wall time is a
/// backstop, well above both together: a program that computes on a machine shared by many must not lose points by it.
struct WorkerLimits: Hashable, Sendable {
  /// Seconds without an answer, after which an operation counts as one that does not end.
  struct Patience: Hashable, Sendable {
    /// Of processor time.
    var processor: Double
    /// In which next to no processor time was used.
    var idle: Double
  }

  var patience = Patience(processor: 2, idle: 4)
  /// For a program of which one operation did not end already: most of its checks meet that operation.
  var patienceAfterEndless = Patience(processor: 0.3, idle: 1)
  /// How many operations of a check that compute without end are waited for, to make the counterexample shorter.
  ///
  /// A number, not a time, so that the same submission gets the same counterexample on every machine.
  var mostEndless = 2
  /// Seconds of silence up to which many answers are gathered in one write; a program that is slower writes each at once.
  var gatheringPatience = Patience(processor: 0.3, idle: 0.5)

  /// For one check.
  var check = Spending(processor: 40, idle: 6, wall: 150)
  /// For all checks of a lab.
  var run = Spending(processor: 120, idle: 40, wall: 400)
  /// For making a counterexample shorter, once there is one.
  var shrinking = Spending(processor: 8, idle: 3, wall: 60)

  /// Bytes of address space; also what an endless growth is stopped by.
  var memoryBytes: UInt64 = 1 << 30
  /// Processor seconds of one process over all its traces; a backstop that the system enforces by itself.
  var processSeconds: UInt64 = 300

  /// Bytes that a check's program may print, and so many more for each operation that returned.
  ///
  /// A line or two in each call are far below; a hundred thousand are far above.
  var printedBytes = 2 << 20
  var printedBytesPerOperation = 512

  /// Bytes of one text that comes back.
  static let textBytes = 4 << 10
  /// Bytes of everything that comes back for one trace.
  static let traceBytes = 64 << 20
  /// Bytes kept of what the program wrote to standard error last.
  static let complaintBytes = 16 << 10

  init() {}
}
