/// How much of the machine a worker may use before it is ended.
public struct WorkerLimits: Hashable, Sendable {
  /// Processor seconds without an answer, after which an operation counts as endless.
  ///
  /// Processor time, so that a busy machine does not turn a slow submission into an endless one.
  public var answerSeconds = 3.0
  /// The same for operations after the first that was endless: a submission that has one has it in many traces.
  public var laterAnswerSeconds = 1.0
  /// Wall seconds without an answer in which next to no processor time was used: it sleeps, or waits for itself.
  public var idleSeconds = 10.0
  /// Processor seconds for a whole trace.
  public var traceSeconds = 30.0
  /// Bytes of address space; also what an endless growth is stopped by.
  public var memoryBytes: UInt64 = 1 << 30
  /// Processor seconds of one process over all its traces; a backstop that the system enforces by itself.
  public var processSeconds: UInt64 = 900
  /// Bytes of answers to one trace.
  public var answerBytes = 64 << 20
  /// Bytes kept of what the program prints.
  public var outputBytes = 16 << 10

  public init() {}
}
