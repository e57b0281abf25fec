import AllocationTrace
import Foundation
import Labs

/// The file in which a failed check's operations are kept for `grade replay`.
public enum ReplayFile {
  /// Where a lab's replays lie, from the root.
  public static func folder(of lab: Lab) -> String { "grading/results/\(lab.id)" }

  /// Where a check's replay lies, from the root.
  public static func path(of check: Check, of lab: Lab) -> String {
    "\(folder(of: lab))/\(check.id).trace"
  }

  /// Whether there is something to keep of a check: operations that made it fail.
  static func isWritten(for result: CheckResult) -> Bool {
    result.counterexample.map { !$0.operations.isEmpty } ?? false
  }

  /// The file that `name` means: a file that is there, or the replay kept for a check, called `merge` or `BuddySystem/merge`.
  ///
  /// - Returns: an absolute path.
  /// - Throws: ``GradingError/usage(_:)`` when there is neither.
  public static func find(
    _ name: String, from folder: String, course: Course, labs: [Lab]
  ) throws(GradingError) -> String {
    let path = absolute(name, from: folder)
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    if isThere, !isFolder.boolValue { return path }
    if isThere, labs.allSatisfy({ $0.check(name.lowercased()) == nil }) {
      throw .usage("\(name) is a folder. Name a trace in it, or a check.")
    }
    // What looks like a path is one.
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isInLab = labs.contains { $0.id.lowercased() == parts[0].lowercased() }
    guard !name.contains("."), parts.count == 1 || parts.count == 2 && isInLab else {
      throw .usage(
        "There is no file \(name). Replays are kept in grading/results when a check fails: \(Commands.grade)"
      )
    }
    let (lab, check) = try LessonText.find(check: name, in: labs)
    let kept = Self.path(of: check, of: lab)
    guard FileManager.default.fileExists(atPath: course.path(kept)) else {
      throw .usage(
        """
        No replay is kept for \(lab.id)/\(check.id): \(kept) does not exist.
        It is written when the check fails: \(Commands.grade) \(lab.id)/\(check.id)
        """)
    }
    return course.path(kept)
  }

  /// Replaces the replays of every lab that was judged by those of its failed checks.
  public static func write(_ result: CourseResult, course: Course) throws(GradingError) {
    for lab in result.labs where !lab.checks.isEmpty {
      for check in lab.checks {
        let path = course.path(path(of: check.check, of: lab.lab))
        if let counterexample = check.counterexample, isWritten(for: check) {
          try Files.write(
            text(counterexample, check: check.check, lab: lab.lab, seed: result.seed), to: path)
        } else {
          unlink(path)
        }
      }
    }
  }

  /// The file's text: the operations in the trace form, each with what was called and what came of it as a comment.
  static func text(
    _ counterexample: Counterexample, check: Check, lab: Lab, seed: UInt64
  ) -> String {
    let operations = counterexample.operations
    let outcomes = counterexample.transcript.outcomes
    // A long recording's comments would only be weight.
    let isShort = operations.count <= ReportLimits.notedOperations
    return TraceText.print(
      operations,
      header: TraceHeader(
        vocabulary: lab.vocabulary.name,
        fields: ["lab": lab.id, "check": check.id, "seed": "\(seed)"]),
      vocabulary: lab.vocabulary,
      note: { index in
        isShort && index < outcomes.count
          ? lab.narrate(operations, outcomes, index).shownLine : nil
      })
  }
}
