/// One operation of a trace: a verb of some vocabulary and its arguments.
///
/// Everything that happens to an allocator is written as a list of these: generators produce it, kernel
/// recordings are imported into it, subjects perform it, counterexamples are printed in it.
public struct TraceOperation: Hashable, Sendable {
  /// Index of the verb in its vocabulary.
  public var verb: UInt8
  /// One argument for each parameter of the verb, in the verb's order.
  public var arguments: [Argument]

  public init(verb: UInt8, _ arguments: [Argument] = []) {
    self.verb = verb
    self.arguments = arguments
  }
}

/// An argument of a ``TraceOperation``.
public enum Argument: Hashable, Sendable {
  /// A number in the unit that the verb's parameter states.
  case number(Int)
  /// What an earlier operation answered; resolved beside the subject, so a batch needs no round trip.
  case block(Handle)
  /// Text, for example a GFP mask as the kernel prints it, or a machine's memory layout.
  case text(String)
}

/// Names what an earlier operation answered, moved by an offset: `#3`, or `#3+1` for the frame after it.
public struct Handle: Hashable, Sendable {
  /// Index of the earlier operation in the same trace, counted from 0.
  public var operation: Int
  /// Added to the number that the operation answered.
  public var offset: Int

  public init(_ operation: Int, offset: Int = 0) {
    self.operation = operation
    self.offset = offset
  }
}
