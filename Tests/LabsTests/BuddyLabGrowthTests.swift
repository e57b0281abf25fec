import AllocationTrace
import LabBench
import LabKit
import Synchronization
import Testing

@testable import Labs

/// The plans of the checks of speed, and what the checks make of times.
@Suite struct BuddyLabGrowthTests {
  private enum None: Planted { static let slip = Slip.none }
  private enum Trusting: Planted { static let slip = Slip.trustsCaller }

  private static let plans = [
    GrowthPlan.singleFrames(12, seed: 7), GrowthPlan.largeBlocks(12, seed: 7),
  ]

  /// Every call is what its phase says it is, for an allocator that serves the lowest block first.
  @Test(arguments: plans.indices) func plansDoWhatTheySay(_ index: Int) throws {
    let plan = Self.plans[index]
    let phases = plan.operations
    let transcript = InProcessSubject(BuddySystemDriver<SetBuddy<None>>.self).perform(
      phases.flatMap(\.self))
    #expect(Race.fault(phases.flatMap(\.self), transcript) == nil)
    var outcomes = transcript.outcomes.dropFirst()[...]
    for (phase, operations) in zip(plan.phases, phases.dropFirst()) {
      let own = outcomes.prefix(operations.count)
      outcomes = outcomes.dropFirst(operations.count)
      #expect(own.count == phase.count)
      #expect(!own.contains(.skipped), "\(phase.call)")
      let refused = own.count { if case .refused = $0 { true } else { false } }
      let isBad = [
        "wrong order", "inside a block", "in a hole", "does not exist", "free already",
      ].contains { phase.call.contains($0) }
      #expect(refused == (isBad ? own.count : 0), "\(phase.call)")
      let asksForNothing =
        phase.call.contains("nothing is free") || phase.call.contains("more than")
      let unanswered = own.count { $0 == .none }
      #expect(unanswered == (asksForNothing ? 1_024 : 0), "\(phase.call)")
    }
    #expect(outcomes.isEmpty)
  }

  @Test func plansHaveAsManyCallsOnLargeMachines() {
    let counts = { (plan: PhasedPlan) in plan.phases.map { [$0.call: $0.count] } }
    let small = counts(GrowthPlan.singleFrames(12, seed: 7))
    let large = counts(GrowthPlan.singleFrames(16, seed: 7))
    #expect(small.count == large.count)
    // Only what prepares the machine grows with it.
    #expect(zip(small, large).count { $0 != $1 } == 2)
  }

  // MARK: Verdicts

  /// A correct subject whose calls take as long as a test says.
  private final class Clocked: TimedSubject {
    private let inner: InProcessSubject<BuddySystemDriver<SetBuddy<None>>> = .init(
      BuddySystemDriver<SetBuddy<None>>.self)
    private let cost: (_ layout: String, _ call: String) -> Double
    private let plans: [PhasedPlan]
    private static let known = Mutex<[String: Transcript]>([:])

    init(_ plans: [PhasedPlan], _ cost: @escaping (String, String) -> Double) {
      self.plans = plans
      self.cost = cost
    }

    func perform(_ traces: [[TraceOperation]]) -> [Transcript] { inner.perform(traces) }

    func time(
      _ phases: [[TraceOperation]], goesOn: (Int, Double) -> Bool
    ) -> Timing {
      let layout = phases[0][0].bootLayout!
      // What is performed for its answers alone is not timed, and so not performed here.
      guard let plan = plans.first(where: { $0.plan.layout == layout }) else {
        return Timing(transcript: Transcript(outcomes: []), seconds: [])
      }
      var seconds = [0.001]
      for phase in plan.phases {
        seconds.append(Double(phase.count) * cost(layout, phase.call))
      }
      let trace = phases.flatMap(\.self)
      let transcript = Self.known.withLock { known in
        known[layout]
          ?? {
            let made = inner.perform(trace)
            known[layout] = made
            return made
          }()
      }
      return Timing(transcript: transcript, seconds: seconds)
    }
  }

  private static let seed: UInt64 = 7
  private static let growthPlans =
    plans + [GrowthPlan.singleFrames(16, seed: seed), GrowthPlan.largeBlocks(21, seed: seed)]

  private func growth(_ own: @escaping (_ isLarge: Bool, _ call: String) -> Double) -> Verdict {
    let small = Self.plans.map(\.plan.layout)
    let subject = Clocked(Self.growthPlans) { own(!small.contains($0), $1) }
    let plain = Clocked(Self.growthPlans) { _, _ in 1e-6 }
    return BuddyChecks.performance[0].examine(
      Examination(subject: subject, optimised: subject, baseline: plain, seed: Self.seed))
  }

  private func failure(_ verdict: Verdict) -> [String] {
    guard case .failed(let counterexample, earned: 0) = verdict else { return ["\(verdict)"] }
    return counterexample.steps + [counterexample.expected, counterexample.found]
  }

  @Test func theSlowCallIsNamed() {
    let slow = "a free of a block whose buddy is in the middle of a long list"
    let verdict = growth { isLarge, call in isLarge && call == slow ? 38e-6 : 1e-6 }
    #expect(
      failure(verdict) == [
        slow, "no call costs more than 5 times as much on a large machine as on a small one",
        "\(slow): 38.0 times the cost on 16 times the memory (1.00 µs on 2^12 frames, 38.00 µs on 2^16)",
      ])
  }

  @Test func slownessOnTheSmallMachineHidesNothing() {
    let slow = "a free of a block whose buddy is in the middle of a long list"
    let verdict = growth { isLarge, call in call == slow ? (isLarge ? 60e-6 : 30e-6) : 1e-6 }
    #expect(
      failure(verdict).last
        == "\(slow): 30.0 times the plain buddy system's time on the small machine already, and 60.0 times on 16 times the memory (30.00 µs on 2^12 frames, 60.00 µs on 2^16)"
    )
  }

  @Test func whatIsEvenlySlowerDoesNotGrow() {
    guard case .passed = growth({ isLarge, _ in isLarge ? 5e-6 : 4e-6 }) else {
      Issue.record("a correct design four times slower is not wrong")
      return
    }
  }

  @Test func withoutAClockNothingIsJudged() {
    for check in BuddyChecks.performance {
      let subject = InProcessSubject(BuddySystemDriver<SetBuddy<None>>.self)
      guard case .notJudged = check.examine(Examination(subject: subject, seed: 1)) else {
        Issue.record("\(check.id) was judged without a clock")
        continue
      }
    }
  }

  /// Times nothing, and is wrong or out of time.
  private final class Silent<P: Planted>: TimedSubject {
    private let inner = InProcessSubject(BuddySystemDriver<SetBuddy<P>>.self)
    private let isLate: Bool

    init(_ slips: P.Type, isLate: Bool = false) { self.isLate = isLate }

    func perform(_ traces: [[TraceOperation]]) -> [Transcript] { inner.perform(traces) }

    func time(_ phases: [[TraceOperation]], goesOn: (Int, Double) -> Bool) -> Timing {
      guard !isLate else {
        return Timing(transcript: Transcript(outcomes: [], ending: .outOfTime), seconds: [])
      }
      return Timing(
        transcript: perform(phases.flatMap(\.self)), seconds: phases.map { _ in 1e-3 })
    }
  }

  @Test func aWrongAnswerIsShownSmall() {
    let subject = Silent(Trusting.self)
    let verdict = BuddyChecks.performance[1].examine(
      Examination(
        subject: subject, optimised: subject, baseline: Silent(None.self), seed: Self.seed))
    guard case .failed(let counterexample, earned: 0) = verdict else {
      Issue.record("\(verdict)")
      return
    }
    #expect(counterexample.steps.count <= 3)
  }

  @Test func outOfTimeIsNoWrongAnswer() {
    for check in BuddyChecks.performance {
      let subject = Silent(None.self, isLate: true)
      let verdict = check.examine(
        Examination(
          subject: subject, optimised: subject, baseline: Silent(None.self), seed: Self.seed))
      guard case .unfinished(let reason) = verdict else {
        Issue.record("\(check.id): \(verdict)")
        continue
      }
      #expect(
        reason
          == "your calls take so long that time ran out before all of them were timed")
    }
  }
}
