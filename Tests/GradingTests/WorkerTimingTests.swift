import AllocationTrace
import LabBench
import Testing

@testable import Grading

/// A trace cut into phases is performed on one instance, and nothing that the program does goes untimed.
@Suite struct WorkerTimingTests {
  private let boot = BuddySystemOperation.boot(layout: "0-15")
  /// The longer the higher the order.
  private static let work =
    "var sum = zone; for i in 0..<order { sum = sum &* 31 ^ i }; return sum == 1 ? 0 : count"

  private func subject(
    allocate body: String = work, header: String = "", members: String = ""
  ) throws -> WorkerSubject {
    try WorkerBench.subject(
      WorkerBench.submission(allocate: body, header: header, members: members), optimised: true)
  }

  private func allocate(_ order: Int) -> TraceOperation {
    BuddySystemOperation.allocate(order: order, zone: 0)
  }

  @Test func phasesAreOneTrace() throws {
    let subject = try subject()
    // The free names what an earlier phase returned; it is refused, not skipped.
    let phases = [
      [boot], [allocate(0), allocate(0)], [BuddySystemOperation.free(1, order: 0)], [allocate(0)],
    ]
    let timing = subject.time(phases) { _, _ in true }
    #expect(timing.transcript == subject.perform(phases.flatMap(\.self)))
    #expect(timing.transcript.outcomes.count == 5)
    #expect(timing.transcript.outcomes.last == .number(2))
    #expect(timing.seconds.count == 4)
    #expect(timing.seconds.allSatisfy { $0 >= 0 })
  }

  @Test func longPhasesAreOneTraceToo() throws {
    let many = Array(repeating: allocate(0), count: 20_000)
    let timing = try subject().time([[boot], many, many]) { _, _ in true }
    #expect(timing.transcript.outcomes.last == .number(39_999))
    #expect(timing.seconds.count == 3)
  }

  @Test func workCountsInThePhaseInWhichItIsDone() throws {
    let timing = try subject().time(
      [[boot], [allocate(0)], [allocate(200_000_000)], [allocate(0)]]
    ) { _, _ in true }
    let seconds = timing.seconds
    try #require(seconds.count == 4)
    #expect(seconds[2] > 4 * seconds[1])
    #expect(seconds[2] > 4 * seconds[3])
  }

  @Test func whatRunsBeforeTheFirstCallCounts() throws {
    let constructor = """
      nonisolated(unsafe) var ahead = 1
      @section(".init_array") @used let constructor: @convention(c) () -> Void = {
        for i in 0..<200_000_000 { ahead = ahead &* 31 ^ i }
      }
      """
    let idle = try subject().time([[boot], [allocate(0)]]) { _, _ in true }
    let busy = try subject(header: constructor).time([[boot], [allocate(0)]]) { _, _ in true }
    #expect(busy.transcript == idle.transcript)
    #expect(busy.seconds[0] > 4 * idle.seconds[0])
  }

  @Test func workThatIsPutOffCountsLater() throws {
    // The first call only notes what there is to do; the second does it.
    let later = """
      let todo = noted
      noted = order
      var sum = zone; for i in 0..<todo { sum = sum &* 31 ^ i }
      return sum == 1 ? 0 : count
      """
    let timing = try subject(allocate: later, members: "var noted = 0").time(
      [[boot], [allocate(200_000_000)], [allocate(0)]]) { _, _ in true }
    #expect(timing.seconds[2] > 4 * timing.seconds[1])
  }

  @Test func aRaceThatIsLostIsNotRunToItsEnd() throws {
    let subject = try subject()
    var told: [Int] = []
    let timing = subject.time([[boot], [allocate(0)], [allocate(0)]]) { phase, _ in
      told.append(phase)
      return phase < 1
    }
    #expect(told == [0, 1])
    #expect(timing.seconds.count == 2)
    #expect(timing.transcript == Transcript(outcomes: [.done, .number(0)]))
    // The next trace has a process of its own.
    #expect(subject.perform([boot, allocate(0)]).outcomes == [.done, .number(0)])
  }

  @Test func aStopInALaterPhaseIsToldAtItsOperation() throws {
    let timing = try subject(allocate: "precondition(order < 3); return count").time(
      [[boot, allocate(0)], [allocate(1), allocate(7)], [allocate(0)]]) { _, _ in true }
    #expect(timing.transcript.outcomes == [.done, .number(0), .number(1)])
    guard case .crashed = timing.transcript.ending else {
      Issue.record("\(timing.transcript)")
      return
    }
    #expect(timing.seconds.count == 1)
  }
}
