import AllocationTrace
import Foundation
import LabBench
import Testing

@testable import Grading

let boot = BuddySystemOperation.boot(layout: "0-63")
let allocate = BuddySystemOperation.allocate(order: 0, zone: 0)

/// A subject behind a pipe answers as one in this process would, and says where and why it stopped.
@Suite struct WorkerSubjectTests {
  /// Boots and asks `count` times.
  private func trace(_ count: Int) -> [TraceOperation] {
    [boot] + Array(repeating: allocate, count: count)
  }

  private func answers(_ count: Int) -> [Outcome] { [.done] + (0..<count).map { .number($0) } }

  @Test func everyTraceMeetsAFreshInstance() throws {
    let subject = try WorkerBench.subject(WorkerBench.submission())
    let transcripts = subject.perform([trace(2), [], trace(1)])
    #expect(
      transcripts == [
        Transcript(outcomes: answers(2)), Transcript(outcomes: []),
        Transcript(outcomes: answers(1)),
      ])
    #expect(subject.failure == nil)
  }

  @Test func handlesAreResolvedInTheWorker() throws {
    let subject = try WorkerBench.subject(
      WorkerBench.submission(allocate: "return order + 40"))
    let outcomes = subject.perform([
      boot, BuddySystemOperation.allocate(order: 2, zone: 0),
      BuddySystemOperation.free(1, offset: 1, order: 0),
      BuddySystemOperation.free(0, order: 0),
    ]).outcomes
    #expect(outcomes[1] == .number(42))
    guard case .refused(let text) = outcomes[2] else { return #expect(Bool(false)) }
    #expect(text.contains("43"))
    #expect(outcomes[3] == .skipped)
  }

  @Test(arguments: [10, 3_000, 60_000])
  func aCrashNamesItsOperation(_ length: Int) throws {
    let files = WorkerBench.submission(
      allocate: "let free = [Int](repeating: 0, count: \(length)); return free[count] + count")
    let subject = try WorkerBench.subject(files)
    let transcripts = subject.perform([trace(length + 5), trace(3)])
    #expect(transcripts[0].outcomes == answers(length))
    #expect(
      transcripts[0].ending == .crashed("Fatal error: Index out of range (BuddySystem.swift:9)"))
    #expect(transcripts[1] == Transcript(outcomes: answers(3)))
  }

  @Test(arguments: [
    ("fatalError(\"no block\")", "Fatal error: no block (BuddySystem.swift:9)"),
    (
      "let none: Int? = order == 0 ? nil : 1; return none!",
      "Fatal error: Unexpectedly found nil while unwrapping an Optional value (BuddySystem.swift:9)"
    ),
    (
      "precondition(order > 0, \"order \\(order)\"); return 1",
      "Precondition failed: order 0 (BuddySystem.swift:9)"
    ),
    (
      "return Int(UInt8(255) + UInt8(order + 1))",
      "stopped by a trap: arithmetic overflow, a failed conversion, an index out of range, or nil (BuddySystem.swift:9)"
    ),
    ("return 7 / order", "Fatal error: Division by zero (BuddySystem.swift:9)"),
  ]) func aTrapSaysWhy(_ body: String, _ words: String) throws {
    let subject = try WorkerBench.subject(WorkerBench.submission(allocate: body))
    let transcript = subject.perform(trace(1))
    #expect(transcript == Transcript(outcomes: [.done], ending: .crashed(words)))
  }

  /// A subject of such a submission, with less patience than students get.
  private func subject(
    allocate body: String, header: String = "", members: String = "",
    _ change: (inout WorkerLimits) -> Void = { _ in }
  ) throws -> WorkerSubject {
    var limits = WorkerLimits()
    limits.patience = WorkerLimits.Patience(processor: 0.5, idle: 0.5)
    change(&limits)
    let files = WorkerBench.submission(allocate: body, header: header, members: members)
    return WorkerSubject(
      try WorkerBench.build(files).get(), rules: WorkerBench.rules, limits: limits)
  }

  @Test func anEndlessOperationIsCutAndNamed() throws {
    let subject = try subject(allocate: "while count == 6_000 {}; return count")
    let transcripts = subject.perform([trace(4), trace(7_000), trace(4)])
    #expect(transcripts[0] == Transcript(outcomes: answers(4)))
    #expect(transcripts[1].outcomes == answers(6_000))
    #expect(transcripts[1].ending == .timedOut(seconds: 0.5, while: .computing))
    #expect(transcripts[2] == Transcript(outcomes: answers(4)))
    #expect(!subject.isOutOfTime)
  }

  @Test func afterOneEndlessOperationLessIsWaited() throws {
    let subject = try subject(allocate: "while count == 1 {}; return count") {
      $0.patienceAfterEndless.processor = 0.2
      $0.mostEndless = 3
    }
    #expect(subject.perform(trace(2)).ending == .timedOut(seconds: 0.5))
    #expect(subject.perform(trace(2)).ending == .timedOut(seconds: 0.2))
    // Another check of the same program knows of it, too.
    let other = WorkerSubject(subject.image, rules: subject.rules, limits: subject.limits)
    #expect(other.perform(trace(2)).ending == .timedOut(seconds: 0.2))
    #expect(subject.perform(trace(2)).ending == .timedOut(seconds: 0.2))
    // Three are enough: the counterexample is as short as it will be.
    #expect(subject.isOutOfTime)
    #expect(subject.perform(trace(1)) == Transcript(outcomes: [], ending: .outOfTime))
    #expect(
      subject.outOfTimeReason
        == "your calls take so long that time ran out before everything was tried")
  }

  @Test func whatSleepsIsNotCalledALoop() throws {
    let subject = try subject(
      allocate: "return Int(pause(order == 0 ? 0 : 3_600))",
      header: "@_silgen_name(\"sleep\") func pause(_ seconds: UInt32) -> UInt32")
    let transcript = subject.perform([
      boot, allocate, BuddySystemOperation.allocate(order: 1), allocate,
    ])
    #expect(
      transcript
        == Transcript(
          outcomes: [.done, .number(0)], ending: .timedOut(seconds: 0.5, while: .waiting)))
    #expect(
      transcript.ending.stopInWords == "the call does not return: it sleeps, or waits for something"
    )
  }

  @Test func whatPrintsWithoutEndIsNotCalledALoop() throws {
    let subject = try subject(allocate: "while true { print(\"searching …\") }")
    let transcript = subject.perform(trace(1))
    #expect(transcript.outcomes == [.done])
    #expect(transcript.ending == .timedOut(seconds: 0.5, while: .printing))
    #expect(transcript.ending.stopInWords == "the call does not return: it prints without end")
    #expect(subject.printed.isOpenEnded)
    #expect(subject.printed.head.hasPrefix("searching …\nsearching …\n"))
    #expect(subject.printed.text.hasSuffix("\n… (and so on, until the program was stopped)\n"))
  }

  @Test func manyShortNapsUseUpTheTimeOfACheck() throws {
    let subject = try subject(
      allocate: "return Int(pause(150_000)) + count",
      header: "@_silgen_name(\"usleep\") func pause(_ microseconds: UInt32) -> Int32"
    ) { $0.check.idle = 1 }
    let transcript = subject.perform(trace(60))
    #expect(transcript.ending == .outOfTime)
    #expect((1..<60).contains(transcript.outcomes.count))
    #expect(
      subject.outOfTimeReason == "your calls sleep, or wait for something, until time runs out")
  }

  @Test func printingMuchInEachCallEndsTheCheck() throws {
    let subject = try subject(
      allocate: "for line in 0..<50_000 { print(\"line\", line) }; return count")
    #expect(subject.perform(trace(60)).ending == .outOfTime)
    #expect(
      subject.outOfTimeReason
        == "your calls print so much that this check was ended: take out some of the print calls")
  }

  @Test func aSlowTraceThatAnswersIsNotEndless() throws {
    let body = "var sum = 0; for i in 0..<200_000 { sum &+= i }; return sum == 1 ? 0 : count"
    #expect(
      try subject(allocate: body) { $0.patience.processor = 0.3 }.perform(trace(200))
        == Transcript(outcomes: answers(200)))
  }

  @Test func slowCallsInManyTracesAreNeitherEndlessNorWrong() throws {
    let body = "var sum = 0; for i in 0..<3_000_000 { sum &+= i }; return sum == 1 ? 0 : count"
    let subject = try subject(allocate: body) {
      $0.gatheringPatience.processor = 0.1
      $0.check.processor = 3
    }
    // Enough that their answers would be gathered.
    let traces =
      Array(repeating: trace(2), count: 20) + [[boot] + Array(repeating: allocate, count: 5_000)]
    let transcripts = subject.perform(traces)
    let cut = try #require(transcripts.firstIndex { $0.ending == .outOfTime })
    #expect(cut > 0)
    #expect(transcripts[..<cut].allSatisfy { $0 == Transcript(outcomes: answers(2)) })
    #expect(
      transcripts[cut].outcomes == Array(answers(5_000).prefix(transcripts[cut].outcomes.count)))
    #expect(
      transcripts[(cut + 1)...].allSatisfy { $0 == Transcript(outcomes: [], ending: .outOfTime) })
    #expect(subject.isOutOfTime)
  }

  @Test func shrinkingHasATimeOfItsOwn() throws {
    let body = "var sum = 0; for i in 0..<10_000_000 { sum &+= i }; return sum == 1 ? 0 : count"
    let subject = try subject(allocate: body) { $0.shrinking.processor = 0.3 }
    #expect(subject.perform(trace(2)) == Transcript(outcomes: answers(2)))
    subject.beginShrinking()
    for _ in 0..<200 where !subject.isOutOfTime { _ = subject.perform(trace(1)) }
    #expect(subject.isOutOfTime)
  }

  @Test func aCrashWhileAnInstanceIsReleasedBlamesNoCall() throws {
    let files = WorkerBench.submission(
      allocate: "guardian = Guardian(); return count",
      header: "final class Guardian { deinit { fatalError(\"released\") } }",
      members: "var guardian: Guardian?")
    let subject = try WorkerBench.subject(files)
    let transcripts = subject.perform([trace(1), [boot]])
    #expect(transcripts[0].outcomes == answers(1))
    #expect(
      transcripts[0].ending
        == .crashed(
          "after the last call, when all was released: Fatal error: released (BuddySystem.swift:2)")
    )
    #expect(transcripts[1] == Transcript(outcomes: [.done]))
  }

  @Test func whatRunsBeforeTheFirstCallIsNamed() throws {
    let subject = try subject(
      allocate: "return count",
      header: """
        @section(".init_array") @used
        let constructor: @convention(c) () -> Void = { while true {} }
        """)
    #expect(
      subject.perform(trace(1))
        == Transcript(
          outcomes: [],
          ending: .crashed("what runs before the first call does not come to an end")))
  }

  @Test func randomNumbersAndAddressesAreTheSameInEveryProcess() throws {
    let files = WorkerBench.submission(
      allocate: """
        objects.append(Thing())
        var list = Array(0..<50)
        list.shuffle()
        let address = ObjectIdentifier(objects.last!).hashValue
        let order = Set(objects.map(ObjectIdentifier.init)).reduce(0) { $0 &* 31 &+ $1.hashValue }
        return (Int.random(in: 0..<1 << 30) &+ list[7] &+ address &+ order) & 0xFFFF_FFFF
        """, header: "final class Thing {}", members: "var objects: [Thing] = []")
    let runs = try (0..<3).map { _ in
      try WorkerBench.subject(files).perform([trace(5), trace(5)])
    }
    #expect(Set(runs).count == 1)
    // Not one number for all.
    #expect(Set(runs[0][0].outcomes).count == 6)
  }

  @Test func randomNumbersStartAnewInEachTrace() throws {
    let subject = try WorkerBench.subject(
      WorkerBench.submission(allocate: "return Int.random(in: 0..<1 << 30)"))
    let transcripts = subject.perform([trace(3), trace(5), [], trace(3)])
    #expect(transcripts[0] == transcripts[3])
    #expect(transcripts[1].outcomes.prefix(4) == transcripts[0].outcomes[...])
  }

  @Test func whatIsPrintedIsKnownForEachStep() throws {
    let subject = try subject(
      allocate: """
        print("call \\(count)")
        print("no newline", terminator: "")
        precondition(count < 2, "enough")
        return count
        """)
    let run = subject.performStepByStep(trace(4))
    #expect(run.transcript.outcomes == answers(2))
    #expect(
      run.printed.map(\.text) == [
        "", "call 0\nno newline", "call 1\nno newline", "call 2\n",
      ])
    #expect(subject.printed.text == "call 0\nno newlinecall 1\nno newlinecall 2\n")
  }

  @Test func setsAreInTheSameOrderInEveryProcess() throws {
    let files = WorkerBench.submission(
      allocate: "return Set(0..<1_000).reduce(0) { ($0 &* 31 &+ $1) & 0xFFFF_FFFF }")
    let orders = try (0..<3).map { _ in
      try WorkerBench.subject(files).perform(trace(1)).outcomes
    }
    #expect(Set(orders).count == 1)
  }

  @Test func whatIsPrintedIsKeptUpToACap() throws {
    let files = WorkerBench.submission(
      allocate: "print(\"take \\(order)\\u{7}\"); return count")
    let subject = try WorkerBench.subject(files)
    _ = subject.perform(trace(2))
    #expect(subject.printed.text == "take 0\u{FFFD}\ntake 0\u{FFFD}\n")
    _ = subject.perform(trace(4_000))
    #expect(subject.printed.head.hasPrefix("take 0\u{FFFD}\n"))
    #expect(subject.printed.lineCount == 4_000)
    #expect(subject.printed.byteCount == 32_000)
    _ = subject.perform([boot])
    #expect(subject.printed.isEmpty)
  }

  @Test func manySubjectsWorkSideBySide() async throws {
    let image = try WorkerBench.build(WorkerBench.submission()).get()
    let expected = answers(500)
    let right = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 {
        group.addTask {
          let subject = WorkerSubject(image, rules: WorkerBench.rules)
          return (0..<20).allSatisfy { _ in subject.perform(trace(500)).outcomes == expected }
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(right == 16)
  }

  @Test func theWorkersEnvironmentHoldsNothingElse() throws {
    let header = """
      @_silgen_name("getenv")
      func variable(_ name: UnsafePointer<CChar>) -> UnsafePointer<CChar>?
      """
    let body = """
      let names = ["PATH", "HOME", "SWIFT_DETERMINISTIC_HASHING", "SWIFT_BACKTRACE"]
      return names.reduce(0) { $0 * 2 + (variable($1) == nil ? 0 : 1) }
      """
    let subject = try WorkerBench.subject(
      WorkerBench.submission(allocate: body, header: header))
    #expect(subject.perform(trace(1)).outcomes == [.done, .number(0b0011)])
  }
}
