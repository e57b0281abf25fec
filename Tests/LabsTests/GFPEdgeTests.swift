import AllocationTrace
import LabBench
import LabKit
import Testing

@testable import Labs

/// Subjects that are wrong at one edge alone: in the company of one bit, for one mask, on one machine, for one text.
@Suite struct GFPEdgeTests {
  /// Answers rightly but where it is told to answer something else.
  final class Wrong: Subject {
    let isWrong: (TraceOperation) -> Bool
    let answer: (Outcome) -> Outcome

    init(answer: @escaping (Outcome) -> Outcome, where isWrong: @escaping (TraceOperation) -> Bool)
    {
      self.isWrong = isWrong
      self.answer = answer
    }

    func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
      InProcessSubject(GFPFlagsDriver<CorrectGFPRules>.self).perform(traces).enumerated().map {
        place, transcript in
        Transcript(
          outcomes: zip(traces[place], transcript.outcomes).map { operation, outcome in
            isWrong(operation) ? answer(outcome) : outcome
          })
      }
    }
  }

  /// Answers rightly, and notes what it is asked.
  private final class Notes: Subject {
    private(set) var asked: Set<TraceOperation> = []

    func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
      for trace in traces { asked.formUnion(trace) }
      return InProcessSubject(GFPFlagsDriver<CorrectGFPRules>.self).perform(traces)
    }
  }

  /// What each check asks.
  private static let asked: [String: Set<TraceOperation>] = {
    var result: [String: Set<TraceOperation>] = [:]
    for check in Lab.gfpFlags.checks {
      let subject = Notes()
      _ = try? GFPGrading.verdict(of: subject, in: check.id)
      result[check.id] = subject.asked
    }
    return result
  }()

  private func isAsked(_ operation: TraceOperation, _ checks: String...) -> Bool {
    checks.allSatisfy { Self.asked[$0]?.contains(operation) == true }
  }

  /// What each question about a mask alone is judged by.
  private static let checks: [(verb: GFPFlagsVerb, check: String)] = [
    (.zoneModifiers, "groups"), (.actionModifiers, "groups"), (.baseType, "base-type"),
    (.sleeps, "sleeping"), (.startsIO, "starting-io"), (.entersFileSystem, "entering-fs"),
    (.print, "print-names"), (.print, "print-leftover"),
  ]

  @Test(arguments: 0..<32)
  func aBitAloneBesideAnotherAndInATypeOrOutOfIt(bit: Int) {
    let beside = (0..<32).map { 1 << bit | 1 << $0 as UInt32 }
    for mask in beside + GFPMasks.types.map({ $0 ^ 1 << bit }) + [~(1 << bit)] {
      for (verb, check) in Self.checks where mask != 0 || check != "print-names" {
        #expect(isAsked(GFPFlagsOperation.ask(verb, mask), check), "\(check): \(GFPHex.text(mask))")
      }
      let reserves = mask & 0xa0000 == 0 ? "reserve-share" : "reserve-memalloc"
      #expect(isAsked(GFPFlagsOperation.watermark(for: mask, min: 8), reserves))
    }
    for mask in [1 << bit] + GFPMasks.types.map({ $0 ^ 1 << bit }) {
      for machine in GFPMachine.all {
        #expect(isAsked(GFPFlagsOperation.zones(for: mask, on: machine), "zone-refusal"))
      }
    }
  }

  @Test(arguments: [
    0, 1, 2, 3, 4, 5, 7, 8, 32_767, 32_768, 65_535, 65_536, 16_777_217, 1 << 30 - 1, 1 << 30,
  ])
  func aWatermark(min: Int) {
    for mask in 0..<16 as Range<UInt32> {
      let bits = GFPMasks.subsets(of: [
        GFPModel.high, GFPModel.direct, GFPModel.memAlloc, GFPModel.noMemAlloc,
      ])[Int(mask)]
      let check = bits & 0xa0000 == 0 ? "reserve-share" : "reserve-memalloc"
      #expect(isAsked(GFPFlagsOperation.watermark(for: bits, min: min), check))
    }
  }

  @Test(arguments: GFPMachine.all)
  func aZoneMaskWithAnyOtherBitOnAnyMachine(machine: GFPMachine) {
    for mask in 0..<16 as Range<UInt32> {
      for bit in 4..<32 {
        #expect(
          isAsked(GFPFlagsOperation.zones(for: mask | 1 << bit, on: machine), "zone-refusal"))
        guard GFPModel.zoneTable[Int(mask)] != nil else { continue }
        #expect(
          isAsked(GFPFlagsOperation.zones(for: mask | 1 << bit, on: machine), "zone-fallback"))
      }
    }
  }

  @Test func aSituation() {
    for situation in GFPSituation.all {
      #expect(
        isAsked(
          GFPFlagsOperation.flags(for: situation), "situation-sleep", "situation-recursion",
          "situation-reserve", "situation-zone"))
    }
  }

  @Test func aText() {
    for count in 1...100 {
      let text = (0..<count).map { GFPModel.names[$0 % 35].name }.joined(separator: "|")
      #expect(isAsked(GFPFlagsOperation.parse(text), "parse-names"), "\(count) parts")
    }
    for count in 1...8 {
      let text = "0x" + String(repeating: "1", count: count)
      #expect(isAsked(GFPFlagsOperation.parse(text), "parse-numbers"), "\(text)")
    }
    for bit in 0..<32 {
      #expect(isAsked(GFPFlagsOperation.parse(GFPHex.text(1 << bit)), "parse-numbers"))
    }
  }

  /// The list that is wrong is right elsewhere: the lower zone first, on a machine with a Movable zone.
  @Test func aZonePassedOverOnAMachineWithAMovableZone() throws {
    let subject = Wrong(answer: { _ in .numbers([1, 0]) }) { operation in
      operation == GFPFlagsOperation.zones(for: 2, on: .x86_64Movable)
    }
    let found = try #require(
      try GFPGrading.verdict(of: subject, in: "zone-choice").counterexample)
    #expect(found.steps == ["zones(for: __GFP_HIGHMEM, on: x86-64-movable) → DMA32, DMA"])
    #expect(found.expected == "Normal first")
  }

  @Test(arguments: [
    ("parse-numbers", "0x\u{ff11}"), ("parse-numbers", "0xd\u{301}"),
    ("parse-numbers", "0x\u{661}"),
    ("parse-numbers", "0x1\0"), ("parse-numbers", "0x000000001"),
    ("parse-malformed", "GFP_KERNEL\0"),
    ("parse-malformed", "GFP_KERNEL\u{a0}"), ("parse-malformed", "GFP_KERNEL\r"),
    ("parse-malformed", "GFP_KERNEL\r\n"), ("parse-malformed", "\u{ff27}FP_DMA"),
    ("parse-malformed", "GFP_KERNEL\u{301}"), ("parse-malformed", "none|0x0"),
    ("parse-malformed", "GFP_KERNEL\u{ff5c}__GFP_ZERO"),
  ])
  func aForeignText(check: String, text: String) throws {
    let subject = Wrong(answer: { _ in .number(0) }) { operation in
      guard operation.verb == GFPFlagsVerb.parse.rawValue,
        case .text(let asked)? = operation.arguments.first
      else { return false }
      return asked.utf8.elementsEqual(text.utf8)
    }
    let found = try GFPGrading.verdict(of: subject, in: check).counterexample
    #expect(found?.expected == "refused: the text is malformed", "\(GFPWords.quoted(text))")
  }

  @Test func nothingAsksForTheSignOfKelvin() {
    let texts = GFPTexts.names + GFPTexts.numbers + GFPTexts.malformed
    #expect(!texts.contains { $0.unicodeScalars.contains("\u{212a}") })
    for seed in 1...20 as ClosedRange<UInt64> {
      let drawn = GFPCall.drawn(seed) { [.parse(try GFPTexts.drawNearlyWellFormed($0))] }
      for case .parse(let text) in drawn { #expect(!text.unicodeScalars.contains("\u{212a}")) }
    }
  }
}
