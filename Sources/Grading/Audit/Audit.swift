import AllocationTrace
import Foundation
import LabBench
import Labs

/// Proves that a lab's checks tell right from wrong, by grading submissions whose worth is known.
public struct Audit: Sendable {
  /// What became of one submission.
  public struct Finding: Sendable {
    public let subject: AuditCase
    public let result: LabResult
    /// Whether exhaustive search found no shorter counterexample; nil where it was not asked.
    public let isShortest: Bool?
    public let defects: [Defect]

    /// What the mutant's own check found.
    var caught: CheckResult? {
      subject.mutant.flatMap { mutant in
        result.checks.first { $0.check.id == mutant.caughtBy && $0.counterexample != nil }
      }
    }
  }

  /// What became of one lab.
  public struct LabFinding: Sendable {
    public let lab: Lab
    public let findings: [Finding]
    /// Defects of the lab as a whole.
    public let defects: [Defect]

    public var allDefects: [Defect] { defects + findings.flatMap(\.defects) }
  }

  public let grader: Grader
  /// Grades a folder of one lab's files in a process of its own and answers the JSON report; nil leaves that out.
  public var gradeAfresh: (@Sendable (_ folder: String, _ lab: Lab) throws -> String)?
  /// Audits one submission alone: `mutants/name`, or the name without its folder.
  public var only: String?

  /// Fewest mutants and wheats, and how many constant stubs, a lab is tried on.
  static let leastMutants = 25
  static let leastWheats = 5
  static let constants = 5
  /// Longer sequences are too many to search.
  static let deepestSearch = 7

  public init(grader: Grader) { self.grader = grader }

  /// Audits `labs`.
  ///
  /// - Throws: ``GradingError`` when there is nothing to audit with, or the grader fails.
  public func run(_ labs: [Lab]) throws(GradingError) -> [LabFinding] {
    var catalogues: [AuditCatalogue] = []
    for lab in labs { catalogues.append(try AuditCatalogue(lab, course: grader.course)) }
    let cases = try Self.choose(only, of: catalogues)
    var results = try judge(cases)
    try judgeSpeedWhereItCounts(cases, &results)
    let shortest = try confirmShortest(cases, results)
    let findings = cases.indices.map { index in
      Finding(
        subject: cases[index], result: results[index], isShortest: shortest[index],
        defects: defects(cases[index], results[index], isShortest: shortest[index]))
    }
    var reports: [LabFinding] = []
    for catalogue in catalogues {
      let own = findings.filter { $0.subject.lab.id == catalogue.lab.id }
      var defects = only == nil ? LabRules.defects(of: catalogue.lab, course: grader.course) : []
      defects += only == nil ? catalogue.defects + Self.together(catalogue, own) : []
      if only == nil {
        defects += try MutationRun.stale(catalogue.lab, course: grader.course)
        defects += try repeated(catalogue)
      }
      reports.append(LabFinding(lab: catalogue.lab, findings: own, defects: defects))
    }
    return reports
  }

  /// The submissions that meet `condition`; of them the one that is called `only`, if one is named.
  static func choose(
    _ only: String?, of catalogues: [AuditCatalogue],
    where condition: (AuditCase) -> Bool = { _ in true }
  ) throws(GradingError) -> [AuditCase] {
    let cases = catalogues.flatMap(\.cases).filter(condition)
    guard let only else { return cases }
    let chosen = cases.filter { $0.name == only || $0.name.hasSuffix("/\(only)") }
    guard !chosen.isEmpty else {
      throw .usage(
        catalogues.flatMap(\.defects).first { $0.place.contains("/\(only)") }
          .map { "\($0.place): \($0.message)" }
          ?? Names.unknown("submission", only, of: cases.map(\.name)))
    }
    return chosen
  }

  private func judge(_ cases: [AuditCase]) throws(GradingError) -> [LabResult] {
    let outcomes = try grader.judge(cases.map { assignment($0, checks: $0.checks) })
    return zip(cases, outcomes).map { LabResult(lab: $0.lab, weight: 1, outcome: $1) }
  }

  private func assignment(_ subject: AuditCase, checks: [Check]) -> Grader.Assignment {
    var assignment = Grader.Assignment(lab: subject.lab, sources: subject.sources)
    assignment.checks = checks
    assignment.linksReference = subject.linksReference
    return assignment
  }

  /// Runs the checks of speed of mutants whose other points alone do not reach their minimum.
  private func judgeSpeedWhereItCounts(
    _ cases: [AuditCase], _ results: inout [LabResult]
  ) throws(GradingError) {
    let late = cases.indices.filter { index in
      guard let mutant = cases[index].mutant, !results[index].checks.isEmpty else { return false }
      return results[index].earned < mutant.minimumScore
        && cases[index].checks.count < cases[index].lab.checks.count
    }
    let outcomes = try grader.judge(
      late.map { index in
        assignment(cases[index], checks: cases[index].lab.checks.filter { $0.kind == .performance })
      })
    for (index, outcome) in zip(late, outcomes) {
      guard case .judged(let speed) = outcome else { continue }
      let lab = cases[index].lab
      let all = results[index].checks + speed
      let ordered = lab.checks.compactMap { check in all.first { $0.check.id == check.id } }
      results[index] = LabResult(lab: lab, weight: 1, outcome: .judged(ordered))
    }
  }

  /// Searches every shorter sequence, where a mutant's header states a small minimum.
  private func confirmShortest(
    _ cases: [AuditCase], _ results: [LabResult]
  ) throws(GradingError) -> [Bool?] {
    let searches = cases.indices.filter { index in
      guard let mutant = cases[index].mutant, let steps = mutant.shortest else { return false }
      return (2...Self.deepestSearch).contains(steps) && !results[index].checks.isEmpty
        && cases[index].lab.check(mutant.caughtBy)?.fewestSteps != nil
    }
    let workshop = grader.workshop
    let found = grader.crew.map(searches.count) { position -> Result<Int?, any Error> in
      let subject = cases[searches[position]]
      let mutant = subject.mutant!
      return Result {
        let build = try workshop.build(
          subject.sources, for: subject.lab, as: BuildKind(linksReference: subject.linksReference))
        return subject.lab.check(mutant.caughtBy)!.fewestSteps!(
          build.start(), mutant.shortest! - 1)
      }
    }
    var answers = [Bool?](repeating: nil, count: cases.count)
    for (index, result) in zip(searches, found) {
      do {
        answers[index] = try result.get() == nil
      } catch {
        throw error as? GradingError ?? .failure("\(error)")
      }
    }
    return answers
  }

  /// Grades twice, in two processes, what keeps its state in a `Set`: its order must not reach a report.
  private func repeated(_ catalogue: AuditCatalogue) throws(GradingError) -> [Defect] {
    guard let gradeAfresh else { return [] }
    let lab = catalogue.lab
    let unordered = catalogue.cases.filter { subject in
      if case .wheat = subject.role {
        return subject.sources.contains { $0.text.contains("Set<") }
      }
      return false
    }
    guard let wheat = unordered.first else {
      return [Defect(place: lab.id, message: "no wheat keeps its state in a Set")]
    }
    let half = catalogue.cases.first { if case .halfRight = $0.role { true } else { false } }
    var defects: [Defect] = []
    for subject in [wheat, half].compactMap(\.self) {
      let folder = "grading/\(lab.id)/\(subject.name)"
      do {
        guard try gradeAfresh(folder, lab) == gradeAfresh(folder, lab) else {
          defects.append(Defect(place: folder, message: "two runs gave different reports"))
          continue
        }
      } catch {
        throw error as? GradingError ?? .failure("\(error)")
      }
    }
    return defects
  }
}
