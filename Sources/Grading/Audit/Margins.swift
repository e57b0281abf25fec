import Labs

/// Measures again and again what points depend on, and how far it lies from the steps at which points are lost.
///
/// A correct submission, or one that is slow on purpose, that lies near a step would get other points on another day.
public struct Margins: Sendable {
  /// Nothing may lie nearer to a step than by this factor.
  public static let least = 1.5

  /// One quantity of one submission.
  public struct Row: Sendable {
    public let submission: String
    public let quantity: String
    /// Ascending.
    public let values: [Double]
    public let steps: [Double]
    /// What the largest value was measured on.
    public let detail: String

    /// By which factor the value that lies nearest to a step is away from it.
    public var margin: Double {
      values.flatMap { value in steps.map { max(value / $0, $0 / max(value, 1e-9)) } }.min()
        ?? .infinity
    }

    public var isWide: Bool { margin >= Margins.least }
  }

  public let grader: Grader
  public var runs = 20
  /// Measures one submission alone.
  public var only: String?

  public init(grader: Grader) { self.grader = grader }

  /// Measures the correct and the slow submissions of `lab`, each once in every run.
  ///
  /// - Throws: ``GradingError`` when there is nothing to measure, or the grader fails.
  public func run(_ lab: Lab) throws(GradingError) -> [Row] {
    let checks = lab.checks.filter { $0.kind == .performance }
    guard !checks.isEmpty else { return [] }
    let cases = try Audit.choose(
      only, of: [try AuditCatalogue(lab, course: grader.course)], where: Self.isMeasured)
    let assignments = cases.map { subject in
      var assignment = Grader.Assignment(lab: lab, sources: subject.sources)
      assignment.checks = checks
      assignment.linksReference = subject.linksReference
      return assignment
    }
    var found: [[MeasuredQuantity]] = cases.map { _ in [] }
    for _ in 0..<runs {
      for (index, outcome) in try grader.judge(assignments).enumerated() {
        guard case .judged(let results) = outcome else { continue }
        found[index] += results.flatMap(\.measurements)
      }
    }
    return zip(cases, found).flatMap { Self.rows($0.name, $1) }
  }

  /// Whether it is right, or wrong in nothing but its speed; other mutants' answers are found wrong before they are timed.
  private static func isMeasured(_ subject: AuditCase) -> Bool {
    switch subject.role {
    case .solution, .wheat, .halfRight: true
    case .mutant(let mutant): subject.lab.check(mutant.caughtBy)?.kind == .performance
    case .stub, .constant: false
    }
  }

  static func rows(_ submission: String, _ measurements: [MeasuredQuantity]) -> [Row] {
    var quantities: [String] = []
    for measurement in measurements where !quantities.contains(measurement.quantity) {
      quantities.append(measurement.quantity)
    }
    return quantities.map { quantity in
      let sorted = measurements.filter { $0.quantity == quantity }.sorted { $0.value < $1.value }
      return Row(
        submission: submission, quantity: quantity, values: sorted.map(\.value),
        steps: sorted[0].steps, detail: sorted[sorted.count - 1].detail)
    }
  }

  /// The rows as a table, and how many of them are too near to a step.
  public static func text(_ rows: [Row], of lab: Lab, style: Style = Style()) -> String {
    guard !rows.isEmpty else { return "\(lab.id): nothing is measured\n" }
    let width = max("submission".count, rows.map(\.submission.count).max() ?? 0)
    let quantityWidth = max("quantity".count, rows.map(\.quantity.count).max() ?? 0)
    func line(_ cells: [String], _ rest: String) -> String {
      var line = cells[0].padded(width) + "  " + cells[1].padded(quantityWidth)
      for cell in cells[2...] {
        line += String(repeating: " ", count: max(1, 10 - cell.count)) + cell
      }
      return rest.isEmpty ? line : line + "  " + rest
    }
    var lines = [
      style.bold("\(lab.id): \(rows.map(\.values.count).max() ?? 0) runs"),
      "  " + line(["submission", "quantity", "least", "median", "most", "margin"], "steps"),
    ]
    for row in rows {
      let values = [row.values[0], row.values[row.values.count / 2], row.values.last!, row.margin]
      let steps = row.steps.map { hundredths($0) }.joined(separator: ", ")
      let mark = row.isWide ? style.good("✔") : style.bad("✘")
      lines.append(
        "\(mark) "
          + line(
            [row.submission, row.quantity] + values.map(hundredths),
            row.detail.isEmpty ? steps : "\(steps): \(row.detail)"))
    }
    let narrow = rows.count { !$0.isWide }
    lines.append(
      narrow == 0
        ? "None lies within a factor of \(hundredths(least)) of a step."
        : "\(narrow) of \(rows.count) within a factor of \(hundredths(least)) of a step.")
    return lines.joined(separator: "\n") + "\n"
  }

  /// `2.5`, `12.34`.
  private static func hundredths(_ number: Double) -> String {
    guard number.isFinite else { return "-" }
    let hundredths = Int((number * 100).rounded())
    let rest = hundredths % 100
    if rest.isMultiple(of: 10) {
      return rest == 0 ? "\(hundredths / 100)" : "\(hundredths / 100).\(rest / 10)"
    }
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
