import Labs

/// Prints one failed check in the shape that every lab's failures have.
struct FailureText {
  let lab: Lab
  let result: CheckResult
  let counterexample: Counterexample
  let commands: Commands
  let style: Style

  /// Longer texts are cut, so that a failure fits on one screen.
  static let mostLines = 10
  /// Column at which the values stand.
  static let indent = 12

  var text: String {
    let check = result.check
    var lines = [header]
    lines += entry("Rule", Style.lines(check.rule, columns: columns))
    lines += entry("You did", steps)
    let expected = Style.lines(counterexample.expected.printable, columns: columns)
    let found = Style.lines(counterexample.found.printable, columns: columns)
    lines += entry("Expected", cut(expected)) + entry("Found", cut(found))
    if !result.printed.isEmpty {
      let printed = result.printed.text.trimmingEnd().split(separator: "\n").map(String.init)
      lines += entry("Printed", cut(printed.flatMap { Style.lines($0, columns: columns) }))
    }
    if !counterexample.picture.isEmpty {
      lines += entry("Memory", cut(counterexample.picture.map(\.printable), to: 2 * Self.mostLines))
    }
    lines += entry("Lesson", ["Exercises/\(lab.id)/README.md#\(check.lesson)"])
    let replay = commands.replay(check, of: lab)
    let hint = commands.hint(check, of: lab)
    if Self.indent + replay.count + 8 + "Hint  ".count + hint.count <= style.width {
      lines += entry("Replay", ["\(replay)        \(style.faint("Hint"))  \(hint)"])
    } else {
      lines += entry("Replay", [replay]) + entry("Hint", [hint])
    }
    return lines.joined(separator: "\n")
  }

  private var columns: Int { style.width - Self.indent }

  private var header: String {
    let check = result.check
    return Style.spread(
      "✘ \(check.title)", "\(result.earned) of \(check.points) points", column: 72
    ).replacing("✘", with: style.bad("✘"), maxReplacements: 1)
  }

  private var steps: [String] {
    var steps = counterexample.steps.map(\.printable)
    let most = 24
    if steps.count > most {
      let left = steps.count - most
      steps.replaceSubrange(8..<(8 + left), with: ["… \(left) more, all in the replay …"])
    }
    if steps.isEmpty { steps = ["nothing yet: it shows at once"] }
    return Style.joined(steps, separator: ";  ", columns: columns)
  }

  private func cut(_ lines: [String], to most: Int = mostLines) -> [String] {
    lines.count <= most
      ? lines : lines.prefix(most - 1) + ["… \(lines.count - most + 1) more lines"]
  }

  private func entry(_ label: String, _ values: [String]) -> [String] {
    values.enumerated().map { index, value in
      let name = index == 0 ? label : ""
      let gap = String(repeating: " ", count: Self.indent - 2 - name.count)
      return ("  " + (name.isEmpty ? "" : style.faint(name)) + gap + value).trimmingEnd()
    }
  }
}

/// The commands that a report tells its reader to type.
public struct Commands: Sendable {
  /// What follows every command that looks at the submission: ` --submission Solutions`, or nothing.
  public let suffix: String
  /// Where the root lies for somebody in the current folder: empty, or a path that ends in a slash.
  public let root: String
  /// The ids that more than one lab of the kit uses; commands qualify these.
  public let ambiguous: Set<String>

  public init(suffix: String = "", root: String = "", labs: [Lab] = Lab.all) {
    self.suffix = suffix
    self.root = root
    var seen: Set<String> = []
    ambiguous = Set(labs.flatMap(\.checks).map(\.id).filter { !seen.insert($0).inserted })
  }

  static let grade = "swift run grade"

  func replay(_ check: Check, of lab: Lab) -> String {
    "\(Self.grade) replay \(root)\(ReplayFile.path(of: check, of: lab))\(suffix)"
  }

  func hint(_ check: Check, of lab: Lab) -> String {
    "\(Self.grade) hint \(ambiguous.contains(check.id) ? "\(lab.id)/" : "")\(check.id)"
  }

  func all(_ lab: Lab) -> String { "\(Self.grade) \(lab.id) --all\(suffix)" }
}
