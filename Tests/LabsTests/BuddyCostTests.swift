import AllocationTrace
import LabBench
import Testing

@testable import Labs

/// How much the checks ask of a submission: a slow one is graded too.
@Suite struct BuddyCostTests {
  /// A machine is booted a few hundred times in all, not once for each of a hundred thousand plans.
  @Test(
    arguments: Lab.buddySystem.checks.filter { ![.performance, .exhaustive].contains($0.kind) }
      .map(\.id))
  func aRightAllocatorIsBootedSeldom(_ id: String) throws {
    enum NoSlip: Planted { static var slip: Slip { .none } }
    let check = try #require(Lab.buddySystem.check(id))
    let subject = CountingSubject(InProcessSubject(BuddySystemDriver<SetBuddy<NoSlip>>.self))
    _ = check.examine(
      Examination(subject: subject, seed: checkSeed(course: 1991, check: check.id)))
    #expect(subject.boots < 200)
    #expect(subject.operations < 200_000)
  }

  @Test func whatWasNotTriedForLackOfTimeIsNoWrongAnswer() throws {
    enum NoSlip: Planted { static var slip: Slip { .none } }
    for check in Lab.buddySystem.checks where check.kind != .performance {
      for limit in [0, 1, 7, 300] {
        let subject = CountingSubject(
          InProcessSubject(BuddySystemDriver<SetBuddy<NoSlip>>.self), limit: limit)
        let verdict = check.examine(
          Examination(subject: subject, seed: checkSeed(course: 1991, check: check.id)))
        if case .failed(let counterexample, _) = verdict {
          Issue.record("\(check.id), \(limit) operations: \(counterexample)")
        }
      }
    }
  }
}

/// Counts what another subject is asked, and says that time is up after so many operations.
final class CountingSubject: Subject {
  private let subject: any Subject
  private let limit: Int
  private(set) var boots = 0
  private(set) var operations = 0

  init(_ subject: any Subject, limit: Int = .max) {
    self.subject = subject
    self.limit = limit
  }

  func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
    traces.map { trace in
      boots += 1
      operations += trace.count
      guard operations > limit else { return subject.perform(trace) }
      let left = max(0, trace.count - (operations - limit))
      return Transcript(
        outcomes: left == 0 ? [] : subject.perform(Array(trace.prefix(left))).outcomes,
        ending: .outOfTime)
    }
  }
}
