import AllocationTrace
import LabBench
import LabKit
import Testing

@testable import Labs

/// Answers of any size and time that runs out: checks and words come to an end.
@Suite struct GFPBoundTests {
  @Test func everyOutcomeOfEveryVerbHasWords() {
    let operations: [TraceOperation] =
      GFPFlagsVerb.allCases.flatMap { verb in
        [
          [], [.text("0xffffffff")], [.text("")], [.number(.min)],
          [.text("0x\u{ff11}"), .text("x")],
          [.text("0x1"), .number(.max)], [.block(Handle(0))],
          [.text("a"), .text("b"), .text("c"), .text("d")],
          [.text(String(repeating: "x", count: 100_000))],
        ].map { TraceOperation(verb: verb.rawValue, $0) }
      } + [TraceOperation(verb: 255)]
    let million = String(repeating: "\u{ff11}", count: 1_000_000)
    let outcomes: [Outcome] = [
      .done, .none, .number(.max), .number(.min), .truth(true), .text(million), .refused(million),
      .numbers(Array(repeating: .max, count: 1_000_000)), .numbers([]), .skipped,
    ]
    for operation in operations {
      for outcome in outcomes {
        let words = GFPWords.step(operation, outcome)
        #expect(!words.isEmpty && words.utf8.count < 5000)
      }
      #expect(!Lab.gfpFlags.narrate([operation], [], 0).isEmpty)
    }
  }

  @Test func aTextOfAMillionBytesIsNotSentBack() throws {
    final class Talks: Subject {
      private let long = Outcome.text(String(repeating: "x", count: 1_000_000))

      func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
        traces.map { trace in
          let most = trace.map {
            $0.arguments.reduce(0) {
              if case .text(let text) = $1 { $0 + text.utf8.count } else { $0 }
            }
          }
          #expect(most.allSatisfy { $0 < 200_000 })
          return Transcript(outcomes: trace.map { _ in long })
        }
      }
    }
    let found = try #require(try GFPGrading.verdict(of: Talks(), in: "round-trip").counterexample)
    #expect(found.steps.count == 1)
    #expect(found.found == "a text of 1,000,000 bytes")
  }

  /// A worker's answer has a bound; a right submission that quotes what it refuses keeps it.
  @Test func noRightAnswerIsLong() {
    for text in GFPTexts.names + GFPTexts.numbers + GFPTexts.malformed {
      var driver = GFPFlagsDriver<CorrectGFPRules>()
      if case .refused(let reason) = driver.perform(GFPFlagsOperation.parse(text)) {
        #expect(reason.utf8.count < 1000)
      }
    }
    #expect(GFPModel.names.map(\.name).joined(separator: "|").utf8.count < 1000)
  }

  @Test func timeThatRunsOutIsNoFinding() throws {
    final class Late: Subject {
      var isOutOfTime: Bool { true }
      func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
        traces.map { _ in Transcript(outcomes: [], ending: .outOfTime) }
      }
    }
    for check in Lab.gfpFlags.checks {
      guard case .unfinished(let reason) = try GFPGrading.verdict(of: Late(), in: check.id) else {
        Issue.record("\(check.id) is finished")
        continue
      }
      #expect(reason == GFPWords.tooSlow)
    }
  }

  @Test func whatWasFoundBeforeTimeRanOutIsShown() throws {
    final class OnceWrong: Subject {
      private(set) var isOutOfTime = false
      func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
        if isOutOfTime { return traces.map { _ in Transcript(outcomes: [], ending: .outOfTime) } }
        isOutOfTime = true
        return traces.map { Transcript(outcomes: $0.map { _ in .truth(true) }) }
      }
    }
    let found = try #require(try GFPGrading.verdict(of: OnceWrong(), in: "sleeping").counterexample)
    #expect(found.steps == ["maySleep(none) → true"])
    #expect(found.transcript == Transcript(outcomes: [.truth(true)]))
  }
}
