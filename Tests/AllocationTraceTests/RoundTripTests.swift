import AllocationTrace
import Testing

/// SplitMix64, so that a failure comes back with its seed.
struct Randomness: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A random operation of `vocabulary`, of every shape that its parameters allow.
func randomOperation(of vocabulary: Vocabulary, using random: inout Randomness) -> TraceOperation {
  let verb = vocabulary.verbs.indices.randomElement(using: &random)!
  return TraceOperation(
    verb: UInt8(verb),
    vocabulary.verbs[verb].parameters.map { parameter in
      let number = [0, 1, 9, 10, -1, .max, .min, Int(truncatingIfNeeded: random.next())]
        .randomElement(using: &random)!
      switch parameter.kind {
      case .number: return .number(number)
      case .block where Bool.random(using: &random): return .number(number)
      case .block: return .block(Handle(Int.random(in: 0...99, using: &random), offset: number))
      case .text:
        let letters: [Character] = [
          "a", "Z", "|", "_", " ", "\"", "\\", "/", "#", "=", ":", "\n", "\r\n", "\0", "é", "🧠",
        ]
        let count = Int.random(in: 0...8, using: &random)
        return .text(String((0..<count).map { _ in letters.randomElement(using: &random)! }))
      }
    })
}

@Suite struct RoundTripTests {
  @Test(arguments: [shapes, KernelRecording.vocabulary])
  func whatIsPrintedReadsBack(vocabulary: Vocabulary) throws {
    for seed in 0..<200 as Range<UInt64> {
      var random = Randomness(state: seed)
      let operations = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        randomOperation(of: vocabulary, using: &random)
      }
      let header = TraceHeader(vocabulary: vocabulary.name, fields: ["seed": "\(seed)"])
      let text = TraceText.print(operations, header: header, vocabulary: vocabulary)
      let trace = try TraceText.parse(text) { $0 == vocabulary.name ? vocabulary : nil }
      #expect(trace.operations == operations, "seed \(seed)")
      #expect(trace.header == header)
      #expect(
        TraceText.print(trace.operations, header: trace.header, vocabulary: vocabulary) == text)
    }
  }

  @Test(arguments: [1, 2, 7, 64])
  func piecesReadLikeTheWhole(size: Int) throws {
    var random = Randomness(state: 1991)
    let operations = (0..<100).map { _ in randomOperation(of: shapes, using: &random) }
    let bytes = Array(TraceText.print(operations, vocabulary: shapes).utf8)
    var reader = TraceTextReader(vocabulary: lookUp)
    var read: [TraceOperation] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      try reader.read(Array(bytes[start..<min(start + size, bytes.count)])) { read.append($0) }
    }
    _ = try reader.finish { read.append($0) }
    #expect(read == operations)
  }

  @Test func anyBytesAreSurvived() {
    var random = Randomness(state: 3)
    let good = Array(shaped("allocate order=0 zone=0\nfree #0 order=0\nmachine \"a\\x20\"\n").utf8)
    for _ in 0..<2_000 {
      var bytes = good
      for _ in 0...Int.random(in: 0...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      guard let trace = try? TraceText.parse(bytes, vocabulary: lookUp) else { continue }
      #expect(trace.operations.count <= 3)
    }
  }
}
