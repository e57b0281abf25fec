import AllocationTrace
import Labs

extension Audit {
  /// What is wrong with one submission's result.
  func defects(_ subject: AuditCase, _ result: LabResult, isShortest: Bool?) -> [Defect] {
    let lab = subject.lab
    let folder = "grading/\(lab.id)/\(subject.name)"
    let place =
      switch subject.role {
      case .stub, .solution: "Solutions/\(lab.id)" + (subject.name == "stub" ? " (its stub)" : "")
      case .mutant: folder + ".mutant"
      default: folder
      }
    var defects: [Defect] = []
    func add(_ message: String) { defects.append(Defect(place: place, message: message)) }

    switch result.outcome {
    case .untouched, .refused: break
    case .notBuilt(let failure): add("it does not build: \(failure.text)")
    case .judged(let checks):
      switch subject.role {
      case .stub, .constant:
        for check in checks where check.earned > 0 {
          add("it earns \(check.earned) points in \(check.check.id), having done nothing")
        }
      case .solution, .wheat:
        for check in checks where check.earned < check.possible {
          add("it loses points in \(check.check.id): \(Self.summary(check))")
        }
      case .halfRight(let expects):
        let bounds = Score(tenths: expects.lowerBound * 10)...Score(tenths: expects.upperBound * 10)
        if !bounds.contains(result.score) {
          add(
            "it scores \(result.score), and \(expects.lowerBound) to \(expects.upperBound) were expected"
          )
        }
      case .mutant(let mutant):
        for message in Self.defects(mutant, result, isShortest: isShortest) { add(message) }
      }
    }
    return defects
  }

  private static func defects(
    _ mutant: Mutant, _ result: LabResult, isShortest: Bool?
  ) -> [String] {
    var messages: [String] = []
    let failed = result.checks.filter { $0.counterexample != nil }.map(\.check.id)
    if let caught = result.checks.first(where: { $0.check.id == mutant.caughtBy }),
      let counterexample = caught.counterexample
    {
      if let shortest = mutant.shortest {
        let steps = counterexample.steps.count
        if steps > shortest {
          messages.append(
            "its header says \(shortest) steps, but the counterexample has \(steps)")
        } else if steps < shortest {
          messages.append("its header says \(shortest) steps, but \(steps) are enough")
        }
      }
      if isShortest == false {
        messages.append(
          "its header says \(mutant.shortest ?? 0) steps, but a search found a shorter sequence")
      }
    } else {
      messages.append(
        "\(mutant.caughtBy) does not catch it; "
          + (failed.isEmpty ? "no check does" : "it fails \(failed.joined(separator: ", "))"))
    }
    // What was not run counts as lost, so the score is no less than this.
    if result.earned < mutant.minimumScore {
      messages.append(
        "it scores \(result.earned), less than \(mutant.minimumScore); it fails "
          + failed.joined(separator: ", "))
    }
    return messages
  }

  /// Defects that only all of a lab's submissions together show.
  static func together(_ catalogue: AuditCatalogue, _ findings: [Finding]) -> [Defect] {
    let lab = catalogue.lab
    var defects: [Defect] = []
    func add(_ place: String, _ message: String) {
      defects.append(Defect(place: place, message: message))
    }
    func count(_ prefix: String) -> Int {
      catalogue.cases.count { $0.name.hasPrefix(prefix + "/") }
    }
    let folder = "grading/\(lab.id)"
    if count("constants") != constants {
      add("\(folder)/constants", "\(count("constants")) constant stubs, not \(constants)")
    }
    if count("wheats") < leastWheats {
      add("\(folder)/wheats", "\(count("wheats")) wheats; at least \(leastWheats) are wanted")
    }
    if !catalogue.cases.contains(where: \.linksReference) {
      add(
        "\(folder)/wheats", "no wheat links KernelMemory: the reference is not held to the checks")
    }
    if count("halfright") == 0 { add("\(folder)/halfright", "no half-right submission") }
    if count("mutants") < leastMutants {
      add("\(folder)/mutants", "\(count("mutants")) mutants; at least \(leastMutants) are wanted")
    }

    defects += notJudged(lab, findings)

    let mutants = findings.filter { $0.subject.mutant != nil }
    let failing = Set(
      mutants.flatMap { $0.result.checks.filter { $0.counterexample != nil }.map(\.check.id) })
    for check in lab.checks where !failing.contains(check.id) {
      add("\(lab.id)/\(check.id)", "no mutant needs this check")
    }
    var first: [[Symptom]: String] = [:]
    for finding in mutants {
      // A check of speed shows no operations to compare, and where it stops depends on the machine.
      let shown = finding.result.checks.filter { $0.check.kind != .performance }
      let symptoms = shown.compactMap { result in
        result.counterexample.map {
          Symptom(
            check: result.check.id, operations: $0.operations, outcomes: $0.transcript.outcomes)
        }
      }
      guard !symptoms.isEmpty else { continue }
      if let other = first[symptoms] {
        add(
          "\(folder)/\(finding.subject.name).mutant",
          "fails the same checks with the same counterexamples as \(other)")
      } else {
        first[symptoms] = finding.subject.name
      }
    }
    return defects
  }

  /// A check that cannot be judged proves nothing; one defect for each check and reason.
  private static func notJudged(_ lab: Lab, _ findings: [Finding]) -> [Defect] {
    lab.checks.flatMap { check in
      var counts: [String: Int] = [:]
      for finding in findings {
        for result in finding.result.notJudged where result.check.id == check.id {
          if case .notJudged(let reason) = result.verdict { counts[reason, default: 0] += 1 }
        }
      }
      return counts.sorted { $0.key < $1.key }.map { reason, count in
        Defect(
          place: "\(lab.id)/\(check.id)",
          message: "not judged in \(count) of \(findings.count) submissions: \(reason)")
      }
    }
  }

  private struct Symptom: Hashable {
    let check: String
    let operations: [TraceOperation]
    let outcomes: [Outcome]
  }

  static func summary(_ check: CheckResult) -> String {
    guard let counterexample = check.counterexample else { return "no counterexample" }
    let found = counterexample.found.split(separator: "\n").first ?? ""
    return "expected \(counterexample.expected); found \(found) ("
      + counterexample.steps.prefix(8).joined(separator: "; ") + ")"
  }
}
