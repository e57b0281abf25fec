import Labs

/// Prints one failed check in the shape that every lab's failures have.
struct FailureText {
  let lab: Lab
  let result: CheckResult
  let counterexample: Counterexample
  let commands: Commands
  let style: Style
  /// Whether the points of the check are shown; those of a trace that is replayed have none.
  var showsPoints = true

  /// Column at which the values stand.
  static let indent = 12

  var text: String {
    let check = result.check
    var lines = [header]
    lines += entry("Rule", Style.lines(check.rule, columns: columns))
    lines += entry("You did", steps)
    lines += entry("Expected", value(counterexample.expected))
    lines += entry("Found", value(counterexample.found))
    lines += entry("Line", trapLine)
    lines += entry("Printed", printed)
    let picture = counterexample.picture.prefix(ReportLimits.pictureLines).flatMap {
      Style.lines($0.shown(ReportLimits.lineBytes), columns: columns)
    }
    lines += entry("Memory", picture.cut(to: ReportLimits.pictureLines))
    lines += entry("Lesson", [commands.lesson(lab, check.lesson)])
    let hint = commands.hint(check, of: lab)
    if let replay = commands.replay(result, of: lab) {
      let isShort =
        Self.indent + replay.columns + 8 + "Hint  ".count + hint.columns <= style.width
      lines +=
        isShort
        ? entry("Replay", ["\(replay)        \(style.faint("Hint"))  \(hint)"])
        : entry("Replay", [replay]) + entry("Hint", [hint])
    } else {
      lines += entry("Hint", [hint])
    }
    return lines.joined(separator: "\n")
  }

  private var columns: Int { style.width - Self.indent }

  private var header: String {
    let check = result.check
    let points = showsPoints ? "\(result.earned) of \(check.points) points" : ""
    return style.spread("✘ \(check.title)", points, column: 72).trimmingEnd()
      .replacing("✘", with: style.bad("✘"), maxReplacements: 1)
  }

  private func value(_ text: String) -> [String] {
    Style.lines(text.shown(), columns: columns).cut(to: ReportLimits.lines)
  }

  private var steps: [String] {
    var steps = counterexample.steps
    if steps.isEmpty {
      // Nothing was called yet: what was set up is all there is to see.
      let outcomes = counterexample.transcript.outcomes
      steps = counterexample.operations.indices.prefix(1).map {
        lab.narrate(counterexample.operations, outcomes, $0)
      }
    }
    let left = steps.count - ReportLimits.steps
    if left > 0 {
      let first = ReportLimits.firstSteps
      let rest = "… \(Amount.grouped(left)) more …"
      steps = steps.prefix(first) + [rest] + steps.suffix(ReportLimits.steps - first)
    }
    return Style.joined(
      steps.map { $0.shown(ReportLimits.lineBytes) }, separator: ";  ", columns: columns
    ).cut(to: ReportLimits.steps)
  }

  /// How to find the line of a trap that does not name it; what lies elsewhere than in Exercises has no tests to run.
  private var trapLine: [String] {
    guard case .crashed(let message) = counterexample.transcript.ending,
      !message.contains(".swift:"), commands.suffix.isEmpty
    else { return [] }
    return [commands.test(result.check, of: lab)]
  }

  /// The first and the last lines that were printed, how many there were, and where the others are.
  private var printed: [String] {
    let printed = result.printed
    guard !printed.isEmpty else { return [] }
    let most = ReportLimits.printedEnds
    var lines: [String]
    if printed.isOpenEnded {
      lines = Self.lines(of: printed.head, first: 2 * most)
      lines.append("… and so on, until the program was stopped")
    } else {
      if printed.lineCount > 2 * most {
        lines = Self.lines(of: printed.head, first: most)
        lines.append("… \(Amount.of(printed.lineCount - 2 * most, "line")) between …")
        lines += Self.lines(of: printed.tail.isEmpty ? printed.head : printed.tail, last: most)
      } else {
        lines = Self.lines(of: printed.text, first: 2 * most + 2)
      }
      var note = "your code printed \(Amount.of(printed.lineCount, "line"))"
      if let replay = commands.replay(result, of: lab) {
        note += "; \(replay) shows each under the step that printed it"
      }
      lines.append("(\(note))")
    }
    // A line that is too long is cut: the replay shows all of it.
    return lines.dropLast().map {
      $0.shown(ReportLimits.lineBytes).replacing("\t", with: "    ").cut(toColumns: columns)
    } + Style.lines(lines.last ?? "", columns: columns)
  }

  private static func lines(of text: String, first: Int = .max, last: Int = .max) -> [String] {
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.prefix(first).suffix(last).map { String($0) }
  }

  private func entry(_ label: String, _ values: [String]) -> [String] {
    style.entry(label, values, indent: Self.indent, margin: 2)
  }
}
