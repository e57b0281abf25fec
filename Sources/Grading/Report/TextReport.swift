import Labs

/// The report that a student reads on a terminal.
public struct TextReport: Sendable {
  public let result: CourseResult
  public let commands: Commands
  public let style: Style
  /// Whether every failure is shown in full, and what the passed checks tried.
  public let all: Bool
  /// All labs of the course, in its order, be they graded here or not.
  public let courseLabs: [Lab]
  /// What stands where.
  public let places: Places

  /// Tells a student where to look in the files.
  public struct Places: Sendable {
    /// Where a lab's work begins: `Exercises/BuddySystem/BuddySystem.swift:23`, or nil where no mark is left.
    public var firstTask: @Sendable (Lab) -> String?
    /// Where a file of a lab's submission lies, from the current folder.
    public var file: @Sendable (Lab, String) -> String

    public init(
      firstTask: @escaping @Sendable (Lab) -> String? = { _ in nil },
      file: @escaping @Sendable (Lab, String) -> String = { "Exercises/\($0.id)/\($1)" }
    ) {
      self.firstTask = firstTask
      self.file = file
    }
  }

  /// So many failures of a lab are shown in full unless all are asked for.
  static let inFull = 3
  /// Column at which points end.
  static let column = 72
  /// Column at which the footer's values stand.
  static let indent = 10

  public init(
    _ result: CourseResult, commands: Commands, style: Style = Style(), all: Bool = false,
    courseLabs: [Lab], places: Places = Places()
  ) {
    self.result = result
    self.commands = commands
    self.style = style
    self.all = all
    self.courseLabs = courseLabs
    self.places = places
  }

  /// The whole report; ends with a line end.
  public var text: String {
    var parts = isFirstDay ? [welcome] : []
    parts += result.labs.map(section)
    parts.append(footer)
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// Whether no lab of the course has been touched, as far as this report can tell.
  private var isFirstDay: Bool {
    result.labs.count == courseLabs.count && result.labs.allSatisfy(\.isUntouched)
  }

  private var welcome: String {
    Style.lines(
      "Welcome! Nothing is solved yet, and this is where everybody starts. Each lab below names the page to read "
        + "and the file to open; after every small step, grade again.", columns: style.width
    ).joined(separator: "\n")
  }

  // MARK: A lab

  private func section(_ lab: LabResult) -> String {
    let points =
      lab.isPartial
      ? "\(lab.earned) of \(lab.possible) points" : "\(lab.score) of 100 points"
    let header = style.bold(
      style.spread("\(lab.lab.id): \(lab.lab.title)", points, column: Self.column))
    switch lab.outcome {
    case .untouched: return header + "\n" + firstSteps(lab.lab)
    case .refused(let message): return header + "\n" + indented(message)
    case .notBuilt(let failure): return header + "\n" + indented(failure.text)
    case .judged(let checks):
      let list = checks.map(line).joined(separator: "\n")
      var parts = [header + "\n" + list] + FailureList(lab, of: self).paragraphs
      if lab.isDone { parts.append(praise(lab.lab)) }
      return parts.joined(separator: "\n\n")
    }
  }

  private func indented(_ message: String) -> String {
    Style.lines(message.shown(), columns: style.width - 2).map { "  \($0)".trimmingEnd() }
      .cut(to: ReportLimits.messageLines).joined(separator: "\n")
  }

  private func firstSteps(_ lab: Lab) -> String {
    var lines = [
      "  The files are still as they were handed out. To begin:",
      "  1. Read  \(commands.lesson(lab))",
      "  2. Edit  \(places.firstTask(lab) ?? places.file(lab, lab.id + ".swift"))",
      "  3. Run   \(commands.grade(lab))",
    ]
    if let check = lab.checks.first {
      let words = "The first check to turn green: \(check.title) (\(commands.hint(check, of: lab)))"
      lines += Style.lines(words, columns: style.width - 2).map { "  \($0)" }
    }
    return lines.joined(separator: "\n")
  }

  private func praise(_ lab: Lab) -> String {
    let words =
      "Well done: every check of \(lab.id) passes. What goes further: "
      + commands.lesson(lab, Commands.goingFurther)
    return Style.lines(words, columns: style.width).joined(separator: "\n")
  }

  /// A check in the list: its mark, its title and its points.
  private func line(_ result: CheckResult) -> String {
    let check = result.check
    let points = "\(result.earned) of \(check.points)"
    switch result.verdict {
    case .passed(let note):
      let line = line(style.good("✔"), check.title, points)
      return all && !note.isEmpty ? line + "\n" + faint(note) : line
    case .failed where result.isUnbegun:
      return line("○", check.title, points) + unbegun(result.notBegun)
    case .failed: return line(style.bad("✘"), check.title, points)
    case .unfinished: return line("◌", check.title, points) + aside(["not finished"])
    case .notJudged(let reason):
      return line("–", check.title, "not judged") + "\n" + faint(reason)
    }
  }

  private func line(_ mark: String, _ title: String, _ right: String) -> String {
    // The mark may carry colours, which take no room.
    "  \(mark) " + style.spread("    " + title, right, column: Self.column).dropFirst(4)
  }

  /// The methods that are to be begun, as far as there is room for their names behind the points.
  private func unbegun(_ methods: [UnbegunMethod]) -> String {
    let names = methods.map(\.name)
    let short = names.map { String($0.prefix { $0 != "(" }) }
    return aside([names, short].map { "not begun: " + $0.joined(separator: ", ") } + ["not begun"])
  }

  /// The first of some wordings that fits behind the points; nothing where none does.
  private func aside(_ wordings: [String]) -> String {
    let room = style.width - Self.column - 3
    return wordings.first { $0.columns <= room }.map { "   " + style.faint($0) } ?? ""
  }

  private func faint(_ text: String) -> String {
    Style.lines(text.shown(), columns: style.width - 6).cut(to: ReportLimits.lines)
      .map { "      " + style.faint($0) }.joined(separator: "\n")
  }

  // MARK: The footer

  private var footer: String {
    var lines = total
    lines += entry("Seed", "\(result.seed)")
    if let confinement = result.confinement {
      var confined =
        confinement.inForce.isEmpty ? "not at all" : confinement.inForce.joined(separator: ", ")
      if !confinement.missing.isEmpty {
        confined += "; this machine lacks: \(confinement.missing.joined(separator: ", "))"
      }
      lines += entry("Confined", confined)
    }
    let replays =
      commands.hasReplays
      ? result.labs.filter { $0.checks.contains(where: ReplayFile.isWritten) } : []
    if !replays.isEmpty {
      let folders = replays.map { "\(commands.root)\(ReplayFile.folder(of: $0.lab))" }
      lines += entry("Replays", folders.joined(separator: ", "))
    }
    for lab in result.labs { lines += note(lab) }
    lines += style.entry("Next", next, indent: Self.indent)
    return lines.joined(separator: "\n")
  }

  private var total: [String] {
    var lines = [style.bold("Total     \(result.total) of 100 points")]
    if result.labs.count > 1 {
      let parts = result.labs.map { "\($0.lab.id) \($0.score) × \($0.weight)" }
      let sum = "(\(parts.joined(separator: ", ")))"
      if "Total     100 of 100 points   ".count + sum.columns <= style.width {
        lines[0] += "   \(sum)"
      } else {
        lines += entry("", sum)
      }
    }
    for lab in result.labs where lab.isPartial {
      let checks = lab.checks.count == 1 ? "the check" : "the \(lab.checks.count) checks"
      lines += entry(
        "",
        "(\(lab.earned) of \(lab.possible) in \(checks) of \(lab.lab.id) that \(lab.checks.count == 1 ? "was" : "were") "
          + "named; the others were not run)")
    }
    return lines
  }

  /// What a score leaves out.
  private func note(_ lab: LabResult) -> [String] {
    let left = lab.notJudged.reduce(0) { $0 + $1.check.points }
    guard left > 0 else { return [] }
    let counts =
      lab.possible == 0
      ? "and no others were run" : "its score counts the other \(lab.possible)"
    return entry(
      "Note", "\(left) points of \(lab.lab.id) could not be judged here; \(counts).")
  }

  func entry(_ label: String, _ text: String) -> [String] {
    style.entry(
      label, Style.lines(text, columns: style.width - Self.indent), indent: Self.indent)
  }
}

extension LabResult {
  /// Whether the files are still as they were handed out.
  var isUntouched: Bool {
    if case .untouched = outcome { true } else { false }
  }
}

extension BuildFailure {
  /// Title and message together.
  public var text: String { message.isEmpty ? title : "\(title)\n\(message)" }
}
