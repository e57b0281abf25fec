import LabBench

extension BuddyChecks {
  /// Machines of one shape, small and large.
  private struct Course {
    let plan: @Sendable (_ n: Int, _ seed: UInt64) -> PhasedPlan
    /// Numbers of frames, as powers of two.
    let small: Int
    let large: Int
  }

  /// Lists of single frames grow long with little preparation; large blocks need next to none, so that memory can be so large
  /// that even a search through bits, 64 at a time, shows.
  private static let courses = [
    Course(plan: { GrowthPlan.singleFrames($0, seed: $1) }, small: 12, large: 16),
    Course(plan: { GrowthPlan.largeBlocks($0, seed: $1) }, small: 12, large: 21),
  ]

  /// A call may cost so many times more on the large machine than on the small one.
  ///
  /// Caches and page tables make everybody's calls dearer on the large one, so each is compared with the plain buddy system on
  /// the same machine first. Measured: correct designs of all kinds 1.0 to 2.6, the quickest searches from 9.
  private static let mostGrowth = 5.0
  /// A call that takes more than so many times the plain buddy system's time on the small machine counts as if it took so
  /// many: slowness there must not hide growth, and five times more is slow enough to fail by itself.
  private static let mostSlowness = 6.0
  /// The start of the program and the boot of the largest machine may take so many times the plain buddy system's time.
  private static let mostStart = 30.0

  static func examineGrowth(_ examination: Examination) -> Verdict {
    guard let subject = examination.optimised, let baseline = examination.baseline else {
      return notHere
    }
    let race = Race(subject: subject, plain: baseline)
    var worst = Growth()
    var start = (own: 0.0, plain: 0.0)
    for course in courses {
      let small = course.plan(course.small, examination.seed)
      let large = course.plan(course.large, examination.seed)
      var laps: [Race.Laps] = []
      for (plan, rounds) in [(small, 5), (large, 3)] {
        switch race.run(plan, rounds: rounds) {
        case .wrong(let finding): return wrong(plan.plan, finding, examination)
        case .outOfTime: return outOfTime
        case .ran(let found): laps.append(found)
        }
      }
      start.own = max(start.own, laps[0].own[0], laps[1].own[0])
      start.plain = max(start.plain, laps[0].plain[0], laps[1].plain[0])
      for phase in 1..<max(1, min(laps[0].own.count, laps[1].own.count)) {
        let growth = Growth(
          exponents: (course.small, course.large), call: large.phases[phase - 1].call,
          small: laps[0].cost(phase, of: small), large: laps[1].cost(phase, of: large))
        if growth.factor > worst.factor { worst = growth }
      }
      // What is beyond all doubt need not be looked for on still larger machines.
      if worst.factor > 2 * mostGrowth { break }
    }
    examination.noteMeasurement(
      MeasuredQuantity(
        quantity: "growth", value: worst.factor, steps: [mostGrowth], detail: worst.call))
    if worst.factor > mostGrowth {
      return .failed(
        tooSlow(
          worst.call, on: courses[0].plan(courses[0].small, examination.seed),
          expected: "no call costs more than 5 times as much on a large machine as on a small one",
          found: worst.words))
    }
    let startRatio = start.own / max(start.plain, 1e-9)
    examination.noteMeasurement(
      MeasuredQuantity(quantity: "start, many frames", value: startRatio, steps: [mostStart]))
    guard startRatio <= mostStart else {
      return .failed(
        tooSlow(
          "the start of the program, and boot",
          on: courses[0].plan(courses[0].small, examination.seed),
          expected: "at most 30 times the plain buddy system's time on 2^21 frames",
          found: "\(tenths(startRatio)) times"))
    }
    // What is fast must be right on so much memory, too: a place in a list kept in 16 bits shows nowhere else.
    let long = GrowthPlan.longestList(seed: examination.seed)
    let timing = subject.time(long.operations) { _, _ in true }
    if timing.transcript.ending == .outOfTime { return outOfTime }
    if let finding = Race.fault(long.operations.flatMap(\.self), timing.transcript) {
      return wrong(long.plan, finding, examination)
    }
    return .passed(
      note:
        "\(tenths(worst.factor)) times the cost on 2^\(worst.exponents.large) frames at most: \(worst.call)"
    )
  }

  /// How the cost of one kind of call grows.
  private struct Growth {
    var exponents = (small: 0, large: 0)
    var call = ""
    var small = Race.Cost()
    var large = Race.Cost()

    /// A call that is faster than the plain buddy system's on the small machine is not held to that, and one that is slower
    /// there than on the large one has no advantage of it.
    var factor: Double {
      max(small.ratio, large.ratio) / min(max(small.ratio, 1), mostSlowness)
    }

    var words: String {
      let memory = Words.grouped(1 << (exponents.large - exponents.small))
      let costs =
        "\(microseconds(small.seconds)) on 2^\(exponents.small) frames, \(microseconds(large.seconds)) on 2^\(exponents.large)"
      guard small.ratio > mostSlowness else {
        return "\(call): \(tenths(factor)) times the cost on \(memory) times the memory (\(costs))"
      }
      return
        "\(call): \(tenths(small.ratio)) times the plain buddy system's time on the small machine already, and \(tenths(large.ratio)) times on \(memory) times the memory (\(costs))"
    }
  }
}
