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

  /// Replaces the replays of every lab that was judged by those of its failed checks.
  public static func write(_ result: CourseResult, course: Course) throws(GradingError) {
    for lab in result.labs where !lab.checks.isEmpty {
      for check in lab.checks {
        let path = course.path(path(of: check.check, of: lab.lab))
        if let counterexample = check.counterexample, !counterexample.operations.isEmpty {
          try Files.write(
            text(counterexample, check: check.check, lab: lab.lab, seed: result.seed), to: path)
        } else {
          unlink(path)
        }
      }
    }
  }

  /// The file's text: the operations in the trace form, each with what was asked and answered as a comment.
  static func text(
    _ counterexample: Counterexample, check: Check, lab: Lab, seed: UInt64
  ) -> String {
    let operations = counterexample.operations
    let outcomes = counterexample.transcript.outcomes
    // A long recording's comments would only be weight.
    let isShort = operations.count <= 10_000
    return TraceText.print(
      operations,
      header: TraceHeader(
        vocabulary: lab.vocabulary.name,
        fields: ["lab": lab.id, "check": check.id, "seed": "\(seed)"]),
      vocabulary: lab.vocabulary,
      note: { index in
        isShort && index < outcomes.count ? lab.narrate(operations, outcomes, index) : nil
      })
  }
}
