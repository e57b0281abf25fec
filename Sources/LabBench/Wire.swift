import AllocationTrace

/// What grader and worker say to each other, byte by byte.
///
/// The worker reads requests on descriptor 3 and writes answers on descriptor 4; 1 and 2 stay the program's own.
/// Both directions carry frames: a length of four bytes, least significant first, then that many bytes
/// of payload, at least 1 and at most ``payloadCap``.
///
/// Numbers are varints: seven bits a byte, least significant first, the top bit set on all but the last.
/// A signed number is folded first, so that small negative ones stay short: 0, -1, 1, -2 become 0, 1, 2, 3.
/// Text is its length in bytes, then UTF-8.
///
///     request   1 flags operation…   perform them; flags 1: gather answers, 0: one write for each
///               2 number             end of a trace: drop the instance, answer the mark
///     operation verb(byte) count(byte) argument…
///     argument  0 signed | 1 operation(varint) offset(signed) | 2 text
///     answer    0 done | 1 none | 2 signed | 3 false | 4 true | 5 text | 6 count signed… | 7 text (refused)
///               8 skipped | 9 number (a mark)
///
/// One answer comes for each operation and each mark, in order; a worker's first request is the mark -1, as a greeting. With one write for each, the number of
/// answers received when a worker stops is the index of the operation that stopped it.
public enum Wire {
  /// Where a worker reads requests.
  public static let requests: Int32 = 3
  /// Where a worker writes answers.
  public static let answers: Int32 = 4
  /// The most bytes in a frame's payload: 16 MiB, above the largest window of the largest machine.
  public static let payloadCap = 1 << 24
  /// Answers that a worker gathers at most before it writes them.
  static let gathered = 256

  static let perform: UInt8 = 1
  static let mark: UInt8 = 2
}

/// What the grader asks.
public enum WireRequest: Hashable, Sendable {
  /// Perform these on the trace's instance; `gathering` allows several answers in one write.
  case perform([TraceOperation], gathering: Bool)
  /// The trace is over; answer this number.
  case mark(Int)
}

/// What a worker answers.
public enum WireAnswer: Hashable, Sendable {
  case outcome(Outcome)
  case mark(Int)
}

/// Why bytes are no message of the protocol.
public enum WireError: Error, Hashable, Sendable {
  /// A frame's length is 0 or above ``Wire/payloadCap``.
  case length(Int)
  /// The payload ends within a value, or goes on after the last.
  case size
  /// A list of more numbers than the question can have.
  case tooManyNumbers
  /// A text longer than any that the question can have.
  case tooLongText
  /// A byte that names no kind of message, argument or outcome.
  case tag(UInt8)
}

/// Gathers frames to be written.
public struct WireWriter {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  /// Forgets what was gathered and keeps the room for more.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Adds the frame of a request; the operations of one request must fit a payload.
  public mutating func append(_ request: WireRequest) {
    frame { writer in
      switch request {
      case .perform(let operations, let gathering):
        writer.bytes.append(Wire.perform)
        writer.bytes.append(gathering ? 1 : 0)
        for operation in operations { writer.put(operation) }
      case .mark(let number):
        writer.bytes.append(Wire.mark)
        writer.put(UInt(bitPattern: number))
      }
    }
  }

  /// Adds the frame of an answer.
  public mutating func append(_ answer: WireAnswer) {
    frame { writer in
      switch answer {
      case .outcome(let outcome): writer.put(outcome)
      case .mark(let number):
        writer.bytes.append(9)
        writer.put(UInt(bitPattern: number))
      }
    }
  }

  private mutating func frame(_ payload: (inout WireWriter) -> Void) {
    let start = bytes.count
    bytes.append(contentsOf: [0, 0, 0, 0])
    payload(&self)
    let length = bytes.count - start - 4
    for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
  }

  private mutating func put(_ number: UInt) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func put(signed number: Int) {
    put(UInt(bitPattern: (number << 1) ^ (number >> (Int.bitWidth - 1))))
  }

  private mutating func put(_ text: String) {
    put(UInt(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func put(_ operation: TraceOperation) {
    bytes.append(operation.verb)
    bytes.append(UInt8(operation.arguments.count))
    for argument in operation.arguments {
      switch argument {
      case .number(let number):
        bytes.append(0)
        put(signed: number)
      case .block(let handle):
        bytes.append(1)
        put(UInt(bitPattern: handle.operation))
        put(signed: handle.offset)
      case .text(let text):
        bytes.append(2)
        put(text)
      }
    }
  }

  private mutating func put(_ outcome: Outcome) {
    switch outcome {
    case .done: bytes.append(0)
    case .none: bytes.append(1)
    case .number(let number):
      bytes.append(2)
      put(signed: number)
    case .truth(let truth): bytes.append(truth ? 4 : 3)
    case .text(let text):
      bytes.append(5)
      put(text)
    case .numbers(let numbers):
      bytes.append(6)
      put(UInt(numbers.count))
      for number in numbers { put(signed: number) }
    case .refused(let text):
      bytes.append(7)
      put(text)
    case .skipped: bytes.append(8)
    }
  }
}
