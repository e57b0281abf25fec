import Labs

/// The commands and paths that a report tells its reader to use.
public struct Commands: Sendable {
  /// What follows every command that looks at the submission: ` --submission Solutions`, or nothing.
  public let suffix: String
  /// Where the root lies for somebody in the current folder: empty, or a path that ends in a slash.
  public let root: String
  /// Whether the failed checks' operations were kept in files, so that they can be replayed.
  public let hasReplays: Bool
  /// The ids that more than one lab of the kit uses; commands qualify these.
  public let ambiguous: Set<String>

  public init(
    suffix: String = "", root: String = "", hasReplays: Bool = true, labs: [Lab] = Lab.all
  ) {
    self.suffix = suffix
    self.root = root
    self.hasReplays = hasReplays
    ambiguous = LessonText.ambiguousIDs(of: labs)
  }

  static let grade = "swift run grade"

  /// Nil where there is no file to replay.
  func replay(_ result: CheckResult, of lab: Lab) -> String? {
    guard hasReplays, ReplayFile.isWritten(for: result) else { return nil }
    return "\(Self.grade) replay \(name(of: result.check, lab))\(suffix)"
  }

  func hint(_ check: Check, of lab: Lab) -> String {
    "\(Self.grade) hint \(name(of: check, lab))"
  }

  func grade(_ lab: Lab, _ check: Check? = nil, all: Bool = false) -> String {
    "\(Self.grade) \(lab.id)\(check.map { "/\($0.id)" } ?? "")\(all ? " --all" : "")\(suffix)"
  }

  /// Runs one check in the student's own process, where a stop tells its line.
  func test(_ check: Check, of lab: Lab) -> String {
    "LAB=\(lab.id) CHECK=\(check.id) swift test --filter \(lab.id)"
  }

  private func name(of check: Check, _ lab: Lab) -> String {
    ambiguous.contains(check.id) ? "\(lab.id)/\(check.id)" : check.id
  }

  /// The lesson of a lab, at the section `anchor`.
  func lesson(_ lab: Lab, _ anchor: String? = nil) -> String {
    "\(root)Exercises/\(lab.id)/README.md" + (anchor.map { "#\($0)" } ?? "")
  }

  /// The section of every lesson that says what goes further; its heading is `6. Going further`.
  static let goingFurther = "6-going-further"
}
