import AllocationTrace
import LabBench
import Testing

/// What is written comes back, wherever the chunks end; what nobody wrote is refused.
@Suite struct WorkerWireTests {
  private static let operations = [
    TraceOperation(verb: 0),
    TraceOperation(verb: 254, [.number(.min), .number(.max), .number(-1)]),
    TraceOperation(
      verb: 3, [.block(Handle(70_000, offset: -5)), .text("GFP_KERNEL|é"), .text("")]),
  ]
  private static let outcomes: [Outcome] = [
    .done, .none, .number(.min), .number(0), .number(300), .truth(true), .truth(false),
    .text("0-63|64-127"), .numbers([]), .numbers([0, -1, .max, .min]), .refused("not allocated"),
    .skipped,
  ]

  @Test(arguments: [1, 2, 3, 7, 1_000])
  func requestsComeBackFromChunks(of size: Int) throws {
    var writer = WireWriter()
    let requests: [WireRequest] = [
      .perform(Self.operations, gathering: true), .mark(0), .perform([], gathering: false),
      .mark(.max),
    ]
    for request in requests { writer.append(request) }
    var reader = WireReader()
    var received: [WireRequest] = []
    try feed(writer.bytes, size, to: &reader) { reader throws(WireError) in
      while let request = try reader.request() { received.append(request) }
    }
    #expect(received == requests)
    #expect(!reader.holdsPart)
  }

  @Test(arguments: [1, 2, 3, 7, 1_000])
  func answersComeBackFromChunks(of size: Int) throws {
    var writer = WireWriter()
    let answers = Self.outcomes.map(WireAnswer.outcome) + [.mark(12)]
    for answer in answers { writer.append(answer) }
    var reader = WireReader()
    var received: [WireAnswer] = []
    try feed(writer.bytes, size, to: &reader) { reader throws(WireError) in
      while let answer = try reader.answer() { received.append(answer) }
    }
    #expect(received == answers)
  }

  @Test(
    arguments: [
      ([0, 0, 0, 0], WireError.length(0)),
      ([1, 0, 0, 1], .length(0x100_0001)),
      ([1, 0, 0, 0, 10], .tag(10)),
      ([2, 0, 0, 0, 0, 0], .size),
      ([1, 0, 0, 0, 2], .size),
      ([3, 0, 0, 0, 5, 200, 65], .size),
      ([3, 0, 0, 0, 6, 100, 0], .size),
      ([12, 0, 0, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2, 0], .size),
    ] as [([UInt8], WireError)])
  func whatIsNoAnswerIsRefused(_ bytes: [UInt8], _ error: WireError) {
    var reader = WireReader()
    bytes.withUnsafeBytes { reader.append($0) }
    #expect(throws: error) { try reader.answer() }
  }

  private func feed(
    _ bytes: [UInt8], _ size: Int, to reader: inout WireReader,
    _ take: (inout WireReader) throws(WireError) -> Void
  ) throws {
    for start in stride(from: 0, to: bytes.count, by: size) {
      let chunk = Array(bytes[start..<min(start + size, bytes.count)])
      chunk.withUnsafeBytes { reader.append($0) }
      try take(&reader)
    }
  }
}
