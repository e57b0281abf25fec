import AllocationTrace
import Labs

/// What a report says about a lab's failed checks, behind the list of them.
///
/// Each cause is told once: a stop that fails many checks, a failure that follows from another one's, a reason why checks were not
/// finished. What nobody has begun is not told at all: the list says it.
struct FailureList {
  private let lab: LabResult
  private let report: TextReport

  init(_ lab: LabResult, of report: TextReport) {
    self.lab = lab
    self.report = report
  }

  private var style: Style { report.style }

  /// The failures in full, one line for each of the others, and what was not finished.
  var paragraphs: [String] {
    let failed = lab.checks.filter { $0.counterexample != nil && !$0.isUnbegun }
    var firsts: [Stop: CheckResult] = [:]
    var full: [CheckResult] = []
    var rest: [String] = []
    for result in failed {
      let stop = Stop(result)
      let first = stop.flatMap { firsts[$0] }
      let cause = lab.cause(of: result)
      if report.all || first == nil && cause == nil && full.count < TextReport.inFull {
        full.append(result)
        if let stop, first == nil { firsts[stop] = result }
      } else {
        rest.append("✘ \(result.check.title): \(reason(result, first, cause))")
      }
    }
    return full.map(text) + others(rest) + unfinished
  }

  private func text(_ result: CheckResult) -> String {
    FailureText(
      lab: lab.lab, result: result, counterexample: result.counterexample!,
      commands: report.commands, style: style
    ).text
  }

  /// Why a failure is not shown in full, or else what was found.
  private func reason(_ result: CheckResult, _ first: CheckResult?, _ cause: CheckResult?) -> String
  {
    if let cause { return "follows from `\(cause.check.id)`" }
    if let first { return "stopped as in “\(first.check.title)”" }
    return result.counterexample?.found.shownLine ?? ""
  }

  private func others(_ lines: [String]) -> [String] {
    guard !lines.isEmpty else { return [] }
    let head = lines.count == 1 ? "One more check" : "\(lines.count) more checks"
    let rows = lines.map { line in
      "  "
        + line.cut(toColumns: style.width - 2)
        .replacing("✘", with: style.bad("✘"), maxReplacements: 1)
    }
    let command = report.commands.grade(lab.lab, all: true)
    return [
      (["\(head) failed:"] + rows + ["See \(lines.count == 1 ? "it" : "them") in full: \(command)"])
        .joined(separator: "\n")
    ]
  }

  /// A paragraph for each reason, with the checks that it kept from being finished.
  private var unfinished: [String] {
    var reasons: [String] = []
    var titles: [String: [String]] = [:]
    for result in lab.checks {
      guard case .unfinished(let reason) = result.verdict else { continue }
      if titles[reason] == nil { reasons.append(reason) }
      titles[reason, default: []].append(result.check.title)
    }
    return reasons.map { reason in
      let checks = titles[reason]!
      let name = checks.count == 1 ? checks[0] : "\(checks.count) checks"
      let sentence =
        "◌ \(name): not finished, which is no wrong answer but earns nothing. \(reason.shown())"
      return Style.lines(sentence, columns: style.width).cut(to: ReportLimits.lines)
        .joined(separator: "\n")
    }
  }

  /// What a stop has in common with the same stop in another check.
  private struct Stop: Hashable {
    let words: String
    let method: String

    /// Nil when nothing stopped.
    init?(_ result: CheckResult) {
      guard let counterexample = result.counterexample,
        let words = counterexample.transcript.ending.stopInWords
      else { return nil }
      let place = counterexample.transcript.outcomes.count
      let operation = counterexample.operations.dropFirst(place).first
      self.words = words
      method = operation.map { "\($0.verb)" } ?? ""
    }
  }
}
