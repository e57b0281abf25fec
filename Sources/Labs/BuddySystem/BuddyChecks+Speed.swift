import LabBench

extension BuddyChecks {
  /// A mix of calls may take so many times the plain buddy system's time, for so many points.
  private static let speedSteps: [(ratio: Double, points: Int)] = [(3, 5), (10, 3), (30, 1)]
  /// The start of the program and the boot of a small machine may take so many times the plain buddy system's time: enough
  /// for tables that are large out of carelessness, not for an afternoon's work done ahead.
  private static let mostStart = 300.0

  /// Few frames, so that what a call costs shows, and not what it searches: that is judged by growth alone.
  static func examineSpeed(_ examination: Examination) -> Verdict {
    guard let subject = examination.optimised, let baseline = examination.baseline else {
      return notHere
    }
    let steps = Workload(seed: examination.seed, misuse: 0.02, tide: 600).plan(
      on: "1-158,256-383", steps: 20_000)
    var plan = PhasedPlan(layout: steps.layout)
    plan.add("requests and frees", steps.moves)
    let laps: Race.Laps
    switch Race(subject: subject, plain: baseline).run(plan, rounds: 5) {
    case .wrong(let finding): return wrong(steps, finding, examination)
    case .outOfTime: return outOfTime
    case .ran(let found): laps = found
    }
    let start = laps.ratio(0)
    examination.noteMeasurement(
      MeasuredQuantity(quantity: "start, few frames", value: start, steps: [mostStart]))
    guard laps.own.count > 1, start <= mostStart else {
      return .failed(
        tooSlow(
          "the start of the program, and boot on 286 frames", on: plan,
          expected: "at most 300 times the plain buddy system's time",
          found: "\(tenths(start)) times"))
    }
    let ratio = laps.ratio(1)
    examination.noteMeasurement(
      MeasuredQuantity(quantity: "speed", value: ratio, steps: speedSteps.map(\.ratio)))
    let earned = speedSteps.first { ratio <= $0.ratio }?.points ?? 0
    let note = "\(tenths(ratio)) times the plain buddy system's time"
    guard earned < speedSteps[0].points else { return .passed(note: note) }
    return .failed(
      tooSlow(
        "\(Words.grouped(steps.moves.count)) requests and frees on 286 frames", on: plan,
        expected: "at most 3 times the plain buddy system's time",
        found:
          "\(tenths(ratio)) times: \(microseconds(laps.cost(1, of: plan).seconds)) each"),
      earned: earned)
  }
}
