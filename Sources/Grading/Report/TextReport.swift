import Labs

/// The report that a student reads on a terminal.
public struct TextReport: Sendable {
  public let result: CourseResult
  public let commands: Commands
  public let style: Style
  /// Whether every failure is shown in full, and what the passed checks tried.
  public let all: Bool
  /// Where a lab's work begins: `Exercises/BuddySystem/BuddySystem.swift:23`, or nil where no mark is left.
  public let firstTask: @Sendable (Lab) -> String?

  /// So many failures of a lab are shown in full unless all are asked for.
  static let inFull = 3
  static let column = 72

  public init(
    _ result: CourseResult, commands: Commands, style: Style = Style(), all: Bool = false,
    firstTask: @escaping @Sendable (Lab) -> String? = { _ in nil }
  ) {
    self.result = result
    self.commands = commands
    self.style = style
    self.all = all
    self.firstTask = firstTask
  }

  /// The whole report; ends with a line end.
  public var text: String {
    let untouched = result.labs.allSatisfy {
      if case .untouched = $0.outcome { true } else { false }
    }
    var parts = untouched ? [welcome] : []
    parts += result.labs.map(section)
    parts.append(footer)
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// What became of the one check of `result`, for `grade replay`.
  public static func verdict(of result: LabResult, commands: Commands, style: Style) -> String {
    switch result.outcome {
    case .untouched: return ""
    case .refused(let message): return message + "\n"
    case .notBuilt(let failure): return failure.text + "\n"
    case .judged(let checks):
      return checks.map { check in
        switch check.verdict {
        case .passed: return "\(style.good("✔")) \(check.check.title): the check passes.\n"
        case .unfinished(let reason): return "◌ \(check.check.title): not finished: \(reason)\n"
        case .notJudged(let reason): return "– \(check.check.title): not judged: \(reason)\n"
        case .failed(let counterexample, _):
          return FailureText(
            lab: result.lab, result: check, counterexample: counterexample, commands: commands,
            style: style
          ).text + "\n"
        }
      }.joined()
    }
  }

  private var welcome: String {
    Style.lines(
      "Welcome! Nothing is solved yet, and this is where everybody starts. Each lab below names the page to read "
        + "and the file to open; after every small step, grade again.", columns: style.width
    ).joined(separator: "\n")
  }

  private func section(_ lab: LabResult) -> String {
    let header = style.bold(
      Style.spread(
        "\(lab.lab.id): \(lab.lab.title)", "\(lab.score) of 100 points", column: Self.column))
    switch lab.outcome {
    case .untouched: return header + "\n" + firstSteps(lab.lab)
    case .refused(let message):
      return header + "\n"
        + Style.lines(message.printable, columns: style.width - 2).map { "  \($0)" }
        .joined(separator: "\n")
    case .notBuilt(let failure):
      let lines = failure.text.printable.split(separator: "\n", omittingEmptySubsequences: false)
      return header + "\n"
        + lines.flatMap { Style.lines(String($0), columns: style.width - 2) }
        .map { "  \($0)".trimmingEnd() }.joined(separator: "\n")
    case .judged(let checks):
      let list = checks.map(line).joined(separator: "\n")
      return ([header + "\n" + list] + failures(lab)).joined(separator: "\n\n")
    }
  }

  private func firstSteps(_ lab: Lab) -> String {
    var lines = [
      "  The files are still as they were handed out. To begin:",
      "  1. Read  Exercises/\(lab.id)/README.md",
      "  2. Edit  \(firstTask(lab) ?? "Exercises/\(lab.id)")",
      "  3. Run   \(Commands.grade) \(lab.id)",
    ]
    if let check = lab.checks.first {
      lines.append(
        "  The first check to turn green: \(check.title) (\(commands.hint(check, of: lab)))")
    }
    return lines.joined(separator: "\n")
  }

  private func line(_ result: CheckResult) -> String {
    let check = result.check
    let mark: String
    var text: String
    switch result.verdict {
    case .passed(let note):
      mark = style.good("✔")
      text = Style.spread(
        "    \(check.title)", "\(result.earned) of \(check.points)", column: Self.column)
      if all, !note.isEmpty { text += "\n" + note.indented(6, style) }
    case .failed:
      mark = style.bad("✘")
      text = Style.spread(
        "    \(check.title)", "\(result.earned) of \(check.points)", column: Self.column)
    case .unfinished(let reason):
      mark = "◌"
      text = Style.spread(
        "    \(check.title)", "\(result.earned) of \(check.points)", column: Self.column)
      text += "\n" + reason.indented(6, style)
    case .notJudged(let reason):
      mark = "–"
      text = Style.spread("    \(check.title)", "not judged", column: Self.column)
      text += "\n" + reason.indented(6, style)
    }
    return "  \(mark) " + text.dropFirst(4)
  }

  private func failures(_ lab: LabResult) -> [String] {
    let failed = lab.checks.compactMap { result in
      result.counterexample.map { Failure(result: result, counterexample: $0) }
    }
    // One stop fails many checks at the same step; shown in full once, it leaves room for others.
    var firsts: [String: Failure] = [:]
    var full: [Failure] = []
    var rest: [String] = []
    for failure in failed {
      let title = failure.result.check.title
      let first = failure.stop.flatMap { firsts[$0] }
      if all || first == nil && full.count < Self.inFull {
        full.append(failure)
        if let stop = failure.stop, first == nil { firsts[stop] = failure }
      } else if let first {
        rest.append("✘ \(title): stopped as in “\(first.result.check.title)”")
      } else {
        let found = failure.counterexample.found.split(separator: "\n").first ?? ""
        rest.append("✘ \(title): \(found.printable)")
      }
    }
    var parts = full.map { failure in
      FailureText(
        lab: lab.lab, result: failure.result, counterexample: failure.counterexample,
        commands: commands, style: style
      ).text
    }
    if !rest.isEmpty {
      var lines = ["\(rest.count == 1 ? "One more check" : "\(rest.count) more checks") failed:"]
      let most = style.width - 2
      for line in rest {
        let cut = line.count > most ? line.prefix(most - 1) + "…" : line[...]
        lines.append("  " + cut.replacing("✘", with: style.bad("✘"), maxReplacements: 1))
      }
      lines.append("See them in full with \(commands.all(lab.lab))")
      parts.append(lines.joined(separator: "\n"))
    }
    return parts
  }

  /// A failed check.
  private struct Failure {
    let result: CheckResult
    let counterexample: Counterexample

    /// What a stop has in common with the same stop in another check; nil when nothing stopped.
    var stop: String? {
      switch counterexample.transcript.ending {
      case .complete: nil
      case .crashed(let text), .garbled(let text): text
      case .outOfTime: "out of time"
      case .timedOut: "time"
      }
    }
  }

  private var footer: String {
    var lines: [String] = []
    if result.labs.count > 1 {
      let parts = result.labs.map { "\($0.lab.id) \($0.score) × \($0.weight)" }
      lines.append(
        style.bold("Total     \(result.total) of 100 points")
          + "   (\(parts.joined(separator: ", ")))")
    } else {
      lines.append(style.bold("Total     \(result.total) of 100 points"))
    }
    lines.append("Seed      \(result.seed)")
    if let confinement = result.confinement {
      var confined =
        confinement.inForce.isEmpty ? "not at all" : confinement.inForce.joined(separator: ", ")
      if !confinement.missing.isEmpty {
        confined += "; this machine lacks: \(confinement.missing.joined(separator: ", "))"
      }
      let wrapped = Style.lines(confined, columns: style.width - 10)
      lines += wrapped.enumerated().map { ($0 == 0 ? "Confined  " : "          ") + $1 }
    }
    let replays = result.labs.filter { $0.checks.contains { $0.counterexample != nil } }
    if !replays.isEmpty {
      let folders = replays.map { "\(commands.root)\(ReplayFile.folder(of: $0.lab))" }
      lines.append("Replays   \(folders.joined(separator: ", "))")
    }
    for lab in result.labs where !lab.notJudged.isEmpty {
      let points = lab.notJudged.reduce(0) { $0 + $1.check.points }
      lines += Style.lines(
        "Note      \(points) points of \(lab.lab.id) could not be judged here; its score counts the other "
          + "\(100 - points).", columns: style.width)
    }
    return lines.joined(separator: "\n")
  }
}

extension BuildFailure {
  /// Title and message together.
  public var text: String { message.isEmpty ? title : "\(title)\n\(message)" }
}

extension String {
  /// The text's lines behind `columns` spaces, faint.
  fileprivate func indented(_ columns: Int, _ style: Style) -> String {
    Style.lines(self, columns: style.width - columns)
      .map { String(repeating: " ", count: columns) + style.faint($0) }.joined(separator: "\n")
  }
}
