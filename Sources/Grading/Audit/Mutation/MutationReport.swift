import Labs

/// What a run over mutations found, for people and for programs.
public struct MutationReport: Sendable {
  public let findings: [MutationRun.Finding]
  public let style: Style

  public init(_ findings: [MutationRun.Finding], style: Style = Style()) {
    self.findings = findings
    self.style = style
  }

  public var isClean: Bool { findings.allSatisfy(\.isClean) }

  /// Survivors with their change, the table of what was caught, and the summary.
  public var text: String { findings.map(text).joined(separator: "\n\n") + "\n" }

  private func text(_ finding: MutationRun.Finding) -> String {
    var parts: [String] = []
    if !finding.unlisted.isEmpty {
      parts.append(
        style.bold("\(finding.lab.id): mutations that pass every check") + "\n"
          + finding.unlisted.map(survivor).joined(separator: "\n"))
    }
    let listed = "grading/\(finding.lab.id)/equivalent"
    var defects = finding.caughtThoughListed.map {
      "  ✘ \($0.mutation.identity.base)/\($0.mutation.identity.file):\($0.mutation.line): \(listed) "
        + "says it is no fault, but \($0.check) fails"
    }
    defects += finding.stale.map { "  ✘ \(listed):\($0.line): no mutation is like this any more" }
    if !defects.isEmpty { parts.append(defects.joined(separator: "\n")) }
    parts.append(table(finding))
    parts.append(summary(finding))
    return parts.joined(separator: "\n\n")
  }

  /// In the form of `equivalent`, so that an entry can be made of it by adding the reason.
  private func survivor(_ mutation: Mutation) -> String {
    let identity = mutation.identity
    return """

      # \(identity.base)/\(identity.file):\(mutation.line)
      base: \(identity.base)
      in: \(identity.file) \(identity.place)
      rule: \(identity.rule.rawValue)
      \(mutation.difference.joined(separator: "\n"))
      """
  }

  private func table(_ finding: MutationRun.Finding) -> String {
    let counts = Self.caught(finding)
    let width = finding.lab.checks.map(\.id.count).max() ?? 0
    let rows = finding.lab.checks.map { check in
      let count = "\(counts[check.id] ?? 0)"
      return "  " + check.id
        + String(repeating: " ", count: width + 8 - check.id.count - count.count)
        + count
    }
    return ([style.bold("Caught first by")] + rows).joined(separator: "\n")
  }

  private func summary(_ finding: MutationRun.Finding) -> String {
    let caught = Self.caught(finding).values.reduce(0, +)
    let refused = finding.fates.count { $0 == .notCompiled }
    let survivors = finding.survivors.count
    let unfinished = finding.unfinished.values.reduce(0, +)
    let late = unfinished == 0 ? "" : "in \(unfinished) time ran out, "
    return "\(finding.lab.id), seed \(finding.seed): \(finding.mutations.count) of "
      + "\(finding.possible) mutations; \(refused) do not compile, \(caught) are caught, \(late)"
      + "\(survivors) pass every check, of which \(survivors - finding.unlisted.count) are listed as no fault"
  }

  private static func caught(_ finding: MutationRun.Finding) -> [String: Int] {
    var counts: [String: Int] = [:]
    for fate in finding.fates {
      if case .caught(let check) = fate { counts[check, default: 0] += 1 }
    }
    return counts
  }

  /// The document for `--json`: sorted keys, nothing measured.
  public var json: String {
    JSONText.encode(MutationDocument(version: 1, labs: findings.map(Self.form)))
  }

  private static func form(_ finding: MutationRun.Finding) -> MutationDocument.Lab {
    MutationDocument.Lab(
      id: finding.lab.id, seed: finding.seed, possible: finding.possible,
      tried: finding.mutations.count, notCompiled: finding.fates.count { $0 == .notCompiled },
      caughtBy: caught(finding), unfinished: finding.unfinished,
      survivors: finding.survivors.map {
        MutationDocument.Survivor($0, reason: finding.equivalents.reason(for: $0))
      })
  }
}
