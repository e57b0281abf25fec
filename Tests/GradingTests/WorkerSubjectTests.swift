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
    #expect(transcripts[0].ending == .crashed("Fatal error: Index out of range"))
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
    ("return Int(UInt8(255) + UInt8(order + 1))", "stopped by a trap, often arithmetic overflow"),
    ("return 7 / order", "Fatal error: Division by zero"),
  ]) func aTrapSaysWhy(_ body: String, _ words: String) throws {
    let subject = try WorkerBench.subject(WorkerBench.submission(allocate: body))
    let transcript = subject.perform(trace(1))
    #expect(transcript == Transcript(outcomes: [.done], ending: .crashed(words)))
  }

  @Test func anEndlessOperationIsCutAndNamed() throws {
    let files = WorkerBench.submission(allocate: "while count == 6_000 {}; return count")
    var limits = WorkerLimits()
    limits.answerSeconds = 0.6
    let subject = WorkerSubject(try WorkerBench.build(files).get(), limits: limits)
    let transcripts = subject.perform([trace(4), trace(7_000), trace(4), trace(6_001)])
    #expect(transcripts[0] == Transcript(outcomes: answers(4)))
    #expect(transcripts[1].outcomes == answers(6_000))
    #expect(transcripts[1].ending == .timedOut(seconds: 0.6))
    #expect(transcripts[2] == Transcript(outcomes: answers(4)))
    #expect(transcripts[3].ending == .timedOut(seconds: 0.6))
    // Where two operations did not end, the third is given up sooner, in every subject of the program.
    #expect(subject.perform(trace(6_001)).ending == .timedOut(seconds: 0.6 / 3))
  }

  @Test func aSlowTraceThatAnswersIsNotEndless() throws {
    let body = "var sum = 0; for i in 0..<200_000 { sum &+= i }; return sum == 1 ? 0 : count"
    var limits = WorkerLimits()
    limits.answerSeconds = 0.3
    let subject = WorkerSubject(
      try WorkerBench.build(WorkerBench.submission(allocate: body)).get(), limits: limits)
    #expect(subject.perform(trace(200)) == Transcript(outcomes: answers(200)))
  }

  @Test func aProgramThatIsSlowInEveryTraceIsCutOnce() throws {
    let body = "var sum = 0; for i in 0..<10_000_000 { sum &+= i }; return sum == 1 ? 0 : count"
    var limits = WorkerLimits()
    limits.checkSeconds = 0.5
    let subject = WorkerSubject(
      try WorkerBench.build(WorkerBench.submission(allocate: body)).get(), limits: limits)
    let transcripts = subject.perform(Array(repeating: trace(2), count: 500))
    let cut = transcripts.firstIndex { $0.ending == WorkerProcess.tooSlow }
    let first = try #require(cut)
    #expect(transcripts[..<first].allSatisfy { $0 == Transcript(outcomes: answers(2)) })
    #expect(
      transcripts[(first + 1)...].allSatisfy {
        $0 == Transcript(outcomes: [], ending: WorkerProcess.tooSlow)
      })
    #expect(subject.perform(trace(1)).ending == WorkerProcess.tooSlow)
  }

  @Test func aCrashWhileAnInstanceIsReleasedCountsAsTheLastOperation() throws {
    let files = WorkerBench.submission(
      allocate: "guardian = Guardian(); return count",
      header: "final class Guardian { deinit { fatalError(\"released\") } }",
      members: "var guardian: Guardian?")
    let subject = try WorkerBench.subject(files)
    let transcripts = subject.perform([trace(1), [boot]])
    #expect(transcripts[0].outcomes == [.done])
    #expect(transcripts[0].ending == .crashed("Fatal error: released (BuddySystem.swift:2)"))
    #expect(transcripts[1] == Transcript(outcomes: [.done]))
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

  @Test func timingCountsTheWorkersWorkAlone() throws {
    let work = "var sum = 0; for i in 0..<order { sum &+= i ^ sum }; return sum == 1 ? 0 : count"
    let subject = try WorkerBench.subject(
      WorkerBench.submission(allocate: work), optimised: true)
    let idle = subject.time(trace(1))
    let busy = subject.time([boot, BuddySystemOperation.allocate(order: 200_000_000, zone: 0)])
    #expect(idle.transcript == Transcript(outcomes: answers(1)))
    #expect(busy.transcript == Transcript(outcomes: answers(1)))
    #expect(idle.seconds > 0)
    #expect(busy.seconds > 4 * idle.seconds)
  }

  @Test func manySubjectsWorkSideBySide() async throws {
    let image = try WorkerBench.build(WorkerBench.submission()).get()
    let expected = answers(500)
    let right = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 {
        group.addTask {
          let subject = WorkerSubject(image)
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
