import AllocationTrace
import LabBench
import LabKit
import Testing

@testable import Labs

/// What is shown is the smallest of its kind, wherever the failure was found.
@Suite struct GFPSmallestTests {
  private func counterexample(
    _ check: String, answer: @escaping (Outcome) -> Outcome,
    where isWrong: @escaping (TraceOperation) -> Bool
  ) throws -> Counterexample {
    let subject = GFPEdgeTests.Wrong(answer: answer, where: isWrong)
    return try #require(try GFPGrading.verdict(of: subject, in: check).counterexample)
  }

  private func mask(_ operation: TraceOperation) -> UInt32 {
    guard case .text(let hex)? = operation.arguments.first else { return 0 }
    return GFPHex.mask(hex) ?? 0
  }

  @Test func aWatermarkThatOnlyTwoBitsAndASizeShow() throws {
    let found = try counterexample("reserve-share", answer: { _ in .number(-1) }) { operation in
      guard case .number(let min)? = operation.arguments.last else { return false }
      return mask(operation) & 0x500 == 0x500 && min >= 8
    }
    #expect(found.steps == ["watermark(for: __GFP_ZERO|__GFP_DIRECT_RECLAIM, min: 8) → -1"])
  }

  @Test func fourBitsThatNoListHolds() throws {
    let found = try counterexample("starting-io", answer: { _ in .truth(true) }) { operation in
      mask(operation) & 0x8040_1010 == 0x8040_1010
    }
    #expect(found.operations == [GFPFlagsOperation.ask(.startsIO, 0x8040_1010)])
  }

  @Test func familiarMasksComeFirstAmongEqualsOnly() throws {
    let pair = try counterexample("entering-fs", answer: { _ in .truth(true) }) { operation in
      mask(operation).nonzeroBitCount >= 2 && mask(operation) & 0x480 != 0x480
    }
    #expect(pair.steps == ["mayEnterFileSystem(GFP_ATOMIC) → true"])
    let single = try counterexample("entering-fs", answer: { _ in .truth(true) }) { operation in
      mask(operation) & 0xc20 != 0 && mask(operation) & 0x480 != 0x480
    }
    #expect(single.steps == ["mayEnterFileSystem(__GFP_HIGH) → true"])
  }

  @Test func theSmallestMachineAndMask() throws {
    let found = try counterexample("zone-choice", answer: { _ in .numbers([0]) }) { operation in
      mask(operation) & 0x100 != 0 && mask(operation).nonzeroBitCount > 3
        && operation.verb == GFPFlagsVerb.zones.rawValue && mask(operation) & 0x7 == 0
    }
    #expect(found.operations.count == 1)
    #expect(mask(found.operations[0]).nonzeroBitCount == 4)
    #expect(found.operations[0].arguments.last == .text("x86-64"))
  }

  @Test func aTextIsCutToWhatMatters() throws {
    let found = try counterexample("parse-malformed", answer: { _ in .number(0) }) { operation in
      guard case .text(let text)? = operation.arguments.first else { return false }
      return text.utf8.count > 200 && text.contains("X")
    }
    guard case .text(let text)? = found.operations[0].arguments.first else {
      Issue.record("no text")
      return
    }
    #expect(text.utf8.count == 201)
  }

  @Test func aPairThatDoesNotComeBack() throws {
    let found = try counterexample("round-trip", answer: { _ in .text("none") }) { operation in
      operation.verb == GFPFlagsVerb.print.rawValue && mask(operation) & 0x0300_0110 == 0x0300_0110
    }
    #expect(
      found.steps == ["text(of: 0x3000110) → \"none\"", "parse(\"none\") → none (0x0)"])
  }

  @Test func everyCandidateIsSmaller() {
    let calls: [GFPCall] = [
      .mask(.sleeps, 0xffff_ffff), .mask(.print, 0x8000_0000), .zones(0xcc3, .x86_32Movable),
      .watermark(0x500, min: 177_750_212), .parse("GFP_KERNEL|0x1||none"), .parse(""),
      .flags(GFPSituation.all[119]), .flags(GFPSituation.all[0]), .type("GFP_TRANSHUGE"),
    ]
    for call in calls {
      let smaller = call.smaller
      #expect(smaller.allSatisfy { $0.size < call.size })
      #expect(smaller.map(\.size) == smaller.map(\.size).sorted())
      #expect(smaller.allSatisfy { $0.operation.verb == call.operation.verb })
    }
    #expect(GFPCall.parse("").smaller.isEmpty)
  }

  @Test func callsHaveDifferentSizesOnceEach() {
    let texts = ["e\u{301}", "\u{e9}", "a", "b", "a"].map { GFPCall.parse($0) }
    #expect(GFPCall.sorted(texts).count == 4)
  }
}

/// Subjects that remember what they were asked.
@Suite struct GFPMemoryTests {
  private func counterexample<Rules: GFPFlagRules>(
    _ rules: Rules.Type, _ check: String
  ) throws -> Counterexample {
    try #require(try GFPGrading.verdict(of: rules, in: check).counterexample)
  }

  @Test func aCounterIsShownByTheSameQuestion() throws {
    let found = try counterexample(GrowsTired.self, "sleeping")
    #expect(
      found.steps == [
        "maySleep(GFP_KERNEL|__GFP_NOWARN), 1000 times",
        "maySleep(GFP_KERNEL|__GFP_NOWARN) → false",
      ])
    #expect(
      found.expected == "true, as on a fresh instance: an answer depends on the arguments alone")
    #expect(found.operations.count == 1001)
  }

  @Test func theLastAnswerKeptForHalfOfTheArguments() throws {
    let found = try counterexample(KeepsTheZones.self, "zone-choice")
    #expect(
      found.steps == [
        "zones(for: none, on: x86-64) → Normal, DMA32, DMA",
        "zones(for: none, on: x86-64-512M) → Normal, DMA32, DMA",
      ])
    #expect(found.found == "Normal, DMA32, DMA for none on x86-64-512M")
  }

  @Test func oneMemoryForTwoQuestions() throws {
    let found = try counterexample(KeepsWhatWasAsked.self, "starting-io")
    #expect(
      found.steps == [
        "maySleep(__GFP_DIRECT_RECLAIM) → true", "mayStartIO(__GFP_DIRECT_RECLAIM) → true",
      ])
    #expect(try GFPGrading.failures(of: KeepsWhatWasAsked.self) == ["starting-io"])
  }

  @Test func aSecondTimeIsWrong() throws {
    let found = try counterexample(RefusesTheSecondTime.self, "parse-names")
    #expect(found.steps.count == 2)
    #expect(found.operations.first == found.operations.last)
  }
}

/// Wrong types explain themselves in the checks of other methods.
@Suite struct GFPConsequenceTests {
  @Test func whatFollowsFromAWrongType() throws {
    let failures = try GFPGrading.failures(of: ForgetsHardwall.self)
    #expect(
      failures
        == [
          "types", "base-type", "print-names", "parse-names", "parse-numbers", "recordings",
        ].filter { failures.contains($0) })
    for check in failures {
      let found = try GFPGrading.verdict(of: ForgetsHardwall.self, in: check).counterexample
      #expect(found?.followsFrom == (check == "types" ? nil : "types"), "\(check)")
    }
  }

  @Test func situationsFollowToo() throws {
    let found = try GFPGrading.verdict(of: KernelWithoutKswapd.self, in: "situation-sleep")
    #expect(found.counterexample?.followsFrom == "types")
  }

  @Test func whatIsWrongBesideThatStandsForItself() throws {
    let found = try #require(
      try GFPGrading.verdict(of: ForgetsHardwallAndOrder.self, in: "print-names").counterexample)
    #expect(found.followsFrom == nil)
    #expect(found.steps == ["text(of: 0x3) → \"__GFP_HIGHMEM|GFP_DMA\""])
  }

  @Test func aTrapInTheTypesIsToldOnce() throws {
    let subject = StopsAtTypes()
    for check in ["types", "base-type", "parse-names", "round-trip"] {
      let found = try #require(try GFPGrading.verdict(of: subject, in: check).counterexample)
      #expect(found.found == "the program stopped: Fatal error: no")
      #expect(found.followsFrom == (check == "types" ? nil : "types"))
    }
  }

  @Test func rightTypesExplainNothing() throws {
    #expect(GFPOwnTypes(InProcessSubject(GFPFlagsDriver<CorrectGFPRules>.self)) == nil)
    #expect(GFPOwnTypes(InProcessSubject(GFPFlagsDriver<EmptyAnswers>.self)) == nil)
  }

  /// Stops whenever a type is looked up, be it by `mask(of:)` or inside another method.
  private final class StopsAtTypes: Subject {
    func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
      traces.map { trace in
        trace.isEmpty
          ? Transcript(outcomes: [])
          : Transcript(outcomes: [], ending: .crashed("Fatal error: no"))
      }
    }
  }
}
