import Labs

/// What `grade list` and `grade hint` print.
public enum LessonText {
  /// Every lab with its checks, their kinds and points.
  public static func list(_ labs: [Lab], weight: (Lab) -> Int, style: Style = Style()) -> String {
    labs.map { lab in
      let width = lab.checks.map(\.id.count).max() ?? 0
      let weight = weight(lab)
      let rows = lab.checks.map { check in
        let id = check.id + String(repeating: " ", count: width - check.id.count)
        let kind = check.kind.rawValue
        let points = "\(check.points)"
        return "  " + id + "  " + kind + String(repeating: " ", count: 11 - kind.count)
          + String(repeating: " ", count: max(0, 4 - points.count)) + points + "  " + check.title
      }
      let header = "\(lab.id): \(lab.title) (weight \(weight))"
      return ([style.bold(header)] + rows).joined(separator: "\n")
    }.joined(separator: "\n\n") + "\n"
  }

  /// One hint, after an invitation to try first.
  public static func hint(
    _ check: Check, of lab: Lab, level: Int, commands: Commands, style: Style = Style()
  ) -> String {
    let name = commands.hint(check, of: lab)
    let invitation =
      switch level {
      case 1:
        "Try first: read the rule, and draw what your code does with the failing steps on paper."
      case 2: "Try first: does the first hint, with the failing steps before you, settle it?"
      default:
        "Try first: this is nearly the code. Sleep over it, or explain your own code to somebody."
      }
    var lines = [style.bold("\(check.title) (\(lab.id)/\(check.id))")]
    lines += ["", "Rule"] + Style.lines(check.rule, columns: style.width - 2).map { "  \($0)" }
    lines += [""] + Style.lines(invitation, columns: style.width)
    lines += ["", "Hint \(level) of \(check.hints.count)"]
    let hint = check.hints[level - 1]
    lines += Style.lines(hint, columns: style.width - 2).map { "  \($0)" }
    lines += ["", "Lesson   \(commands.lesson(lab, check.lesson))"]
    if level < check.hints.count { lines.append("More     \(name) \(level + 1)") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The check that `name` means: an id, or `Lab/id` where several labs have it.
  ///
  /// - Throws: ``GradingError/usage(_:)`` with the nearest id and the choices.
  public static func find(
    check name: String, in labs: [Lab]
  ) throws(GradingError) -> (lab: Lab, check: Check) {
    let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2 {
      let lab = try find(lab: String(parts[0]), in: labs)
      guard let check = lab.check(parts[1].lowercased()) else {
        throw .usage(
          Names.unknown(
            "check", String(parts[1]), of: lab.checks.map(\.id), place: " in \(lab.id)"))
      }
      return (lab, check)
    }
    let found = labs.compactMap { lab in lab.check(name.lowercased()).map { (lab, $0) } }
    if found.count > 1 {
      let names = found.map { "\($0.0.id)/\($0.1.id)" }
      throw .usage(
        "Several labs have a check “\(name)”. Say which: \(names.joined(separator: ", "))")
    }
    guard let found = found.first else {
      throw .usage(Names.unknown("check", name, of: checkNames(labs)))
    }
    return found
  }

  /// The names that `hint` and `replay` take for the checks of `labs`: ids, with the lab before those that several labs have.
  static func checkNames(_ labs: [Lab]) -> [String] {
    let ambiguous = ambiguousIDs(of: labs)
    return labs.flatMap { lab in
      lab.checks.map { ambiguous.contains($0.id) ? "\(lab.id)/\($0.id)" : $0.id }
    }
  }

  /// The ids that more than one of `labs` uses.
  static func ambiguousIDs(of labs: [Lab]) -> Set<String> {
    var seen: Set<String> = []
    return Set(labs.flatMap(\.checks).map(\.id).filter { !seen.insert($0).inserted })
  }

  /// The lab called `name`, without regard to case.
  ///
  /// - Throws: ``GradingError/usage(_:)`` with the nearest lab and the choices.
  public static func find(lab name: String, in labs: [Lab]) throws(GradingError) -> Lab {
    guard let lab = labs.first(where: { $0.id.lowercased() == name.lowercased() }) else {
      throw .usage(Names.unknown("lab", name, of: labs.map(\.id)))
    }
    return lab
  }
}
