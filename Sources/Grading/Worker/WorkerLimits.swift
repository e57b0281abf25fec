/// How much of the machine a worker may use before it is ended.
struct WorkerLimits: Hashable, Sendable {
  /// Processor seconds without an answer, after which an operation counts as endless.
  ///
  /// Processor time, so that a busy machine does not turn a slow submission into an endless one.
  var answerSeconds = 3.0
  /// Wall seconds without an answer in which next to no processor time was used: it sleeps, or waits for itself.
  var idleSeconds = 10.0
  /// Processor seconds for a whole trace.
  var traceSeconds = 30.0
  /// Processor seconds for all traces of one check: slow calls that do end would keep the student waiting for hours.
  var checkSeconds = 120.0
  /// Bytes of address space; also what an endless growth is stopped by.
  var memoryBytes: UInt64 = 1 << 30
  /// Processor seconds of one process over all its traces; a backstop that the system enforces by itself.
  var processSeconds: UInt64 = 900
  /// Bytes of answers to one trace.
  var answerBytes = 64 << 20

  init() {}

  /// The same limits with less patience for a program that has been endless `times` times already.
  ///
  /// Where one operation never ends, many traces meet it, and the student waits for each of them.
  func impatient(after times: Int) -> WorkerLimits {
    guard times >= 2 else { return self }
    var limits = self
    limits.answerSeconds /= times < 8 ? 3 : 10
    limits.checkSeconds /= times < 8 ? 3 : 10
    limits.idleSeconds = min(idleSeconds, max(3, idleSeconds / 3))
    return limits
  }
}
