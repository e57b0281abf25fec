import Labs

/// What an audit found, for people and for programs.
public struct AuditReport: Sendable {
  public let labs: [Audit.LabFinding]
  public let style: Style

  public init(_ labs: [Audit.LabFinding], style: Style = Style()) {
    self.labs = labs
    self.style = style
  }

  public var defects: [Defect] { labs.flatMap(\.allDefects) }

  /// The tables, the defects and the summary.
  public var text: String {
    var parts = labs.map(table)
    if !defects.isEmpty {
      let lines = defects.flatMap { defect in
        Style.lines("✘ \(defect.place): \(defect.message)", columns: style.width - 4)
          .enumerated().map { ($0 == 0 ? "  " : "    ") + $1 }
      }
      parts.append(([style.bold("Defects")] + lines).joined(separator: "\n"))
    }
    parts.append(labs.map(summary).joined(separator: "\n"))
    return parts.joined(separator: "\n\n") + "\n"
  }

  private func table(_ lab: Audit.LabFinding) -> String {
    let width = lab.findings.map(\.subject.name.count).max() ?? 0
    let points = lab.lab.checks.reduce(0) { $0 + $1.points }
    var lines = [
      style.bold("\(lab.lab.id): \(lab.lab.checks.count) checks, \(points) points"),
      row("  submission", "score", "caught by (steps)", width: width),
    ]
    for finding in lab.findings {
      let mark = finding.defects.isEmpty ? style.good("✔") : style.bad("✘")
      let text = row("  " + finding.subject.name, score(finding), note(finding), width: width)
      lines.append("\(mark) " + text.dropFirst(2))
    }
    if lab.findings.contains(where: { $0.result.checks.count < $0.subject.lab.checks.count }) {
      lines += Style.lines(
        "≥ of a mutant: its checks of speed were not run, for they would decide nothing; their points are not counted.",
        columns: style.width - 2
      ).map { "  \($0)" }
    }
    return lines.joined(separator: "\n")
  }

  private func row(_ name: String, _ score: String, _ note: String, width: Int) -> String {
    (name + String(repeating: " ", count: max(2, width + 4 - name.count))
      + String(repeating: " ", count: max(0, 6 - score.count)) + score + "  " + note).trimmingEnd()
  }

  private func score(_ finding: Audit.Finding) -> String {
    let result = finding.result
    guard !result.checks.isEmpty else { return "-" }
    return result.checks.count < result.lab.checks.count
      ? "≥\(result.earned)" : "\(result.score)"
  }

  private func note(_ finding: Audit.Finding) -> String {
    switch finding.subject.role {
    case .halfRight(let expects): return "expected \(expects.lowerBound) to \(expects.upperBound)"
    case .mutant(let mutant):
      guard let caught = finding.caught else { return "not caught by \(mutant.caughtBy)" }
      guard mutant.shortest != nil else { return mutant.caughtBy }
      let steps = caught.counterexample?.steps.count ?? 0
      return "\(mutant.caughtBy) (\(steps)\(finding.isShortest == true ? ", the fewest" : ""))"
    default: return ""
    }
  }

  private func summary(_ lab: Audit.LabFinding) -> String {
    let mutants = lab.findings.filter { $0.subject.mutant != nil }
    let caught = mutants.count { $0.caught != nil }
    let confirmed = mutants.count { $0.isShortest == true }
    let correct = lab.findings.filter {
      switch $0.subject.role {
      case .solution, .wheat: true
      default: false
      }
    }
    let full = correct.count { $0.result.score.tenths == 1000 }
    let defects = lab.allDefects.count
    var parts: [String] = []
    if !mutants.isEmpty {
      parts.append(
        "\(caught) of \(mutants.count) mutants caught by the check they name, \(confirmed) confirmed shortest"
      )
    }
    if !correct.isEmpty {
      parts.append("\(full) of \(correct.count) correct submissions at 100")
    }
    parts.append(defects == 0 ? "no defects" : defects == 1 ? "1 defect" : "\(defects) defects")
    return "\(lab.lab.id): \(parts.joined(separator: "; "))"
  }

  /// The document for `--json`: sorted keys, nothing measured.
  public var json: String { JSONText.encode(Document(version: 1, labs: labs.map(LabForm.init))) }

  private struct Document: Encodable {
    let version: Int
    let labs: [LabForm]
  }

  private struct LabForm: Encodable {
    let id: String
    let submissions: [SubmissionForm]
    let defects: [DefectForm]

    init(_ lab: Audit.LabFinding) {
      id = lab.lab.id
      submissions = lab.findings.map(SubmissionForm.init)
      defects = lab.allDefects.map { DefectForm(place: $0.place, message: $0.message) }
    }
  }

  private struct DefectForm: Encodable {
    let place: String
    let message: String
  }

  private struct SubmissionForm: Encodable {
    let name: String
    let earned: Int
    let possible: Int
    let failed: [String]
    let caughtBy: String?
    let steps: Int?
    let isShortest: Bool?

    init(_ finding: Audit.Finding) {
      name = finding.subject.name
      earned = finding.result.earned
      possible = finding.result.checks.reduce(0) { $0 + $1.possible }
      failed = finding.result.checks.filter { $0.counterexample != nil }.map(\.check.id)
      caughtBy = finding.caught?.check.id
      steps = finding.caught?.counterexample?.steps.count
      isShortest = finding.isShortest
    }
  }
}
