import AllocationTrace
import Testing

@testable import Grading

/// The verbs of the BuddySystem lab by index: boot, allocate, free, freeBlocks.
private let boot = TraceOperation(verb: 0, [.text("0-63")])
private let allocate = TraceOperation(verb: 1, [.number(0), .number(0)])

@Suite struct WorkerSubjectTests {
  @Test func answersComeBack() throws {
    let subject = try WorkerBench.subject(WorkerBench.submission())

    let transcripts = subject.perform([[boot, allocate, allocate], [boot, allocate]])
    #expect(subject.failure == nil)
    #expect(
      transcripts == [
        Transcript(outcomes: [.done, .number(0), .number(1)]),
        Transcript(outcomes: [.done, .number(0)]),
      ])
  }
}
