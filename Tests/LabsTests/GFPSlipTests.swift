import AllocationTrace
import LabBench
import LabKit
import Testing

@testable import Labs

/// Planted slips: each fails the check of its rule, with the words that a student reads.
@Suite struct GFPSlipTests {
  private func counterexample<Rules: GFPFlagRules>(
    _ rules: Rules.Type, _ check: String
  ) throws -> Counterexample {
    try #require(try GFPGrading.verdict(of: rules, in: check).counterexample)
  }

  @Test func sleepingTestedByEquality() throws {
    let found = try counterexample(EverythingSleeps.self, "sleeping")
    #expect(found.steps == ["maySleep(none) → true"])
    #expect(found.expected == "false: __GFP_DIRECT_RECLAIM is not among its bits")
    #expect(found.found == "true for none")
    #expect(found.operations == [GFPFlagsOperation.ask(.sleeps, 0)])
    #expect(found.transcript == Transcript(outcomes: [.truth(true)]))
  }

  @Test func startingIOTestedAgainstKernel() throws {
    let found = try counterexample(OnlyKernelStartsIO.self, "starting-io")
    #expect(found.steps == ["mayStartIO(__GFP_IO|__GFP_DIRECT_RECLAIM) → false"])
    #expect(found.expected == "true: it has both __GFP_IO and __GFP_DIRECT_RECLAIM")
    #expect(try GFPGrading.failures(of: OnlyKernelStartsIO.self) == ["starting-io"])
  }

  @Test func movableAlone() throws {
    let found = try counterexample(MovableReachesMovable.self, "zone-movable")
    #expect(
      found.steps == ["zones(for: __GFP_MOVABLE, on: x86-64-movable) → Movable, Normal, DMA32, DMA"]
    )
    #expect(found.expected == "not from Movable")
    #expect(
      found.found == "Movable, Normal, DMA32, DMA for __GFP_MOVABLE on x86-64-movable")
  }

  @Test func fallbackUpwards() throws {
    let found = try counterexample(FallsBackUpwards.self, "zone-fallback")
    #expect(
      found.steps == ["zones(for: none, on: x86-64-movable) → Normal, DMA32, DMA, Movable"])
    #expect(found.expected == "Normal, DMA32, DMA")
  }

  @Test func reserveForWhoeverCannotWait() throws {
    let found = try counterexample(NoWaitGetsTheReserve.self, "reserve-share")
    #expect(found.steps == ["watermark(for: none, min: 2) → 1"])
    #expect(found.expected == "2: without __GFP_HIGH the reserve is for others")
    #expect(found.found == "1 for none")
  }

  @Test func sleepingUnderASpinlock() throws {
    let found = try counterexample(SleepsUnderASpinlock.self, "situation-sleep")
    #expect(
      found.steps == [
        "flags(for: holding a spinlock, kernel data, cannot do without) → GFP_KERNEL (0xcc0)"
      ])
    #expect(found.expected == "flags that may not sleep")
    #expect(found.found == "may sleep: GFP_KERNEL (0xcc0)")
  }

  @Test func numberDropped() throws {
    let found = try counterexample(DropsTheNumber.self, "print-leftover")
    #expect(found.steps == ["text(of: 0x200) → \"none\""])
    #expect(found.expected == "0x200 at the end, once: no name has these bits")
    #expect(
      try GFPGrading.failures(of: DropsTheNumber.self) == ["print-leftover", "round-trip"])
  }

  @Test func emptyPartsSkipped() throws {
    let found = try counterexample(SkipsEmptyParts.self, "parse-malformed")
    #expect(found.steps == ["parse(\"\") → none (0x0)"])
    #expect(found.expected == "refused: the text is malformed")
    #expect(try GFPGrading.failures(of: SkipsEmptyParts.self) == ["parse-malformed"])
  }

  @Test func numbersBesideNamesRefused() throws {
    let found = try counterexample(RefusesMixedParts.self, "round-trip")
    #expect(
      found.steps == [
        "text(of: 0x201) → \"GFP_DMA|0x200\"",
        "parse(\"GFP_DMA|0x200\") → refused (no flag is called GFP_DMA|0x200)",
      ])
    #expect(found.expected == "0x201 again")
    let failures = try GFPGrading.failures(of: RefusesMixedParts.self)
    #expect(failures == ["parse-numbers", "round-trip"])
  }

  @Test(arguments: ["sleeping", "zone-movable", "situation-sleep", "parse-malformed", "round-trip"])
  func aReplayOfTheCounterexampleAnswersTheSame(check: String) throws {
    let subject = InProcessSubject(GFPFlagsDriver<EmptyAnswers>.self)
    let found = try #require(
      try GFPGrading.verdict(of: EmptyAnswers.self, in: check).counterexample)
    #expect(subject.perform(found.operations) == found.transcript)
    let narrated = found.operations.indices.map {
      Lab.gfpFlags.narrate(found.operations, found.transcript.outcomes, $0)
    }
    #expect(narrated == found.steps)
  }

  @Test func fewestStepsAgreesWithTheCounterexample() throws {
    for check in Lab.gfpFlags.checks {
      let wrong = InProcessSubject(GFPFlagsDriver<EmptyAnswers>.self)
      let right = InProcessSubject(GFPFlagsDriver<CorrectGFPRules>.self)
      let fewest = try #require(check.fewestSteps)
      #expect(fewest(wrong, 7) == (check.id == "round-trip" ? 2 : 1), "\(check.id)")
      #expect(fewest(right, 7) == nil, "\(check.id)")
    }
  }
}

/// Subjects that stop: what a worker reports of a trap or an endless loop.
@Suite struct GFPStopTests {
  /// Answers rightly until a mask holds direct reclaim, then ends as told.
  private final class Stops: Subject {
    let ending: Transcript.Ending
    private(set) var traces = 0

    init(_ ending: Transcript.Ending) { self.ending = ending }

    func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
      traces.map { trace in
        self.traces += 1
        var session = Session<GFPFlagsDriver<CorrectGFPRules>>()
        var outcomes: [Outcome] = []
        for operation in trace {
          if case .text(let hex)? = operation.arguments.first, let mask = GFPHex.mask(hex),
            mask & 0x400 != 0
          {
            return Transcript(outcomes: outcomes, ending: ending)
          }
          outcomes.append(session.perform(operation))
        }
        return Transcript(outcomes: outcomes)
      }
    }
  }

  @Test func aTrapNamesTheQuestion() throws {
    let subject = Stops(.crashed("Index out of range"))
    let found = try #require(
      try GFPGrading.verdict(of: subject, in: "groups").counterexample)
    #expect(found.steps == ["zoneModifiers(of: __GFP_DIRECT_RECLAIM)"])
    #expect(found.expected == "an answer")
    #expect(found.found == "the program stopped: Index out of range")
    #expect(found.operations.count == 1)
  }

  @Test func anEndlessLoopIsWaitedForOnce() throws {
    let subject = Stops(.timedOut(seconds: 2))
    let found = try #require(
      try GFPGrading.verdict(of: subject, in: "sleeping").counterexample)
    #expect(found.steps == ["maySleep(__GFP_DIRECT_RECLAIM)"])
    #expect(found.found == "the call does not return in time: an endless loop, or very slow work?")
    #expect(subject.traces == 1)
  }

  @Test func aTrapInARoundTrip() throws {
    let subject = Stops(.crashed("Fatal error"))
    let found = try #require(
      try GFPGrading.verdict(of: subject, in: "round-trip").counterexample)
    #expect(found.steps == ["text(of: 0x400)"])
    #expect(found.found == "the program stopped: Fatal error")
  }

  @Test func theDriverRefusesWhatIsNoQuestion() {
    var driver = GFPFlagsDriver<CorrectGFPRules>()
    func answer(_ verb: GFPFlagsVerb, _ arguments: Argument...) -> Outcome {
      driver.perform(TraceOperation(verb: verb.rawValue, arguments))
    }
    #expect(answer(.value, .text("GFP_X")) == .refused("no type is called GFP_X"))
    #expect(
      answer(.sleeps, .text("3264"))
        == .refused("3264 is not a mask: write 0x and hexadecimal digits"))
    #expect(
      answer(.zones, .text("0x0"), .text("pdp-11")) == .refused("no machine is called pdp-11"))
    #expect(answer(.sleeps) == .refused("verb 4 does not take these arguments"))
    #expect(
      answer(.flags, .text("asleep"), .text("ordinary"), .text("kernel"), .text("no"))
        == .refused("no such situation"))
    #expect(
      driver.perform(TraceOperation(verb: 200))
        == .refused("verb 200 does not take these arguments")
    )
  }
}
