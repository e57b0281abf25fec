import AllocationTrace
import Foundation
import LabBench
import Labs
import Testing

/// Runs a lab's checks over the code in `Exercises`, within this process, so that breakpoints in it work.
///
/// A lab's own file is a few lines: the import of its module, and a suite that hands its type to ``examine(_:on:)``.
///
/// - A lab whose files are still the stub's is skipped; once a file is edited, its checks are judged.
/// - Checks of speed are not: code that a debugger can step through is not optimised. They are shown as skipped, and
///   the last line says so.
/// - `CHECK=merge LAB=BuddySystem swift test` runs one check; `CHECK=BuddySystem/merge` names its lab too.
/// - When the code stops the program, or never answers, the check and its operations are printed first.
enum StudentDoor {
  /// One case of a lab's suite.
  enum Case: Sendable, CustomTestStringConvertible {
    case check(Check, Lab)
    /// What was asked for by `CHECK` is the id of no check.
    case unknown(String)

    var testDescription: String {
      switch self {
      case .check(let check, _): "\(check.id): \(check.title)"
      case .unknown(let id): "CHECK=\(id)"
      }
    }
  }

  /// The folder that holds the package.
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The checks of `lab` to run: all, or the one that the environment selects.
  static func cases(
    of lab: Lab, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> [Case] {
    guard let wanted = environment["CHECK"], !wanted.isEmpty else {
      return lab.checks.map { .check($0, lab) }
    }
    let parts = wanted.split(separator: "/", maxSplits: 1).map(String.init)
    let (name, id) = parts.count == 2 ? (parts[0], parts[1]) : (lab.id, wanted)
    if name.lowercased() == lab.id.lowercased(), let check = lab.check(id) {
      return [.check(check, lab)]
    }
    let isKnown = Lab.all.contains { other in
      (parts.count == 1 || name.lowercased() == other.id.lowercased()) && other.check(id) != nil
    }
    return isKnown ? [] : [.unknown(wanted)]
  }

  /// Whether the suite of `lab` has anything to judge: files that were edited, or a check that does not exist.
  static func hasWork(_ lab: Lab) -> Bool {
    if case .unknown? = cases(of: lab).first { return true }
    return files(in: "Exercises/\(lab.id)") != files(in: "grading/\(lab.id)/stub")
  }

  /// Why the suite of `lab` is skipped.
  static func reason(_ lab: Lab) -> Comment {
    "Exercises/\(lab.id) is still the stub: once you edit it, its checks run here"
  }

  /// The Swift files of a folder, by name.
  private static func files(in folder: String) -> [String: Data] {
    let folder = root.appending(path: folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return Dictionary(
      uniqueKeysWithValues: names.filter { $0.hasSuffix(".swift") }.map {
        let data = FileManager.default.contents(atPath: folder.appending(path: $0).path) ?? Data()
        // What an editor on Windows does to a file is no work on the lab.
        let text = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        return ($0, Data(text.filter { $0 != UInt8(ascii: "\r") }))
      })
  }

  /// Judges one check; a broken rule becomes a failure in the shape that `grade` prints.
  static func examine<D: Driver>(_ item: Case, on driver: D.Type) throws {
    switch item {
    case .unknown(let id):
      let ids = Lab.all.flatMap { lab in lab.checks.map { "\(lab.id)/\($0.id)" } }
      Issue.record("CHECK=\(id) names no check. There are:\n\(ids.joined(separator: "\n"))")
    case .check(let check, let lab):
      let subject = InProcessSubject(driver)
      LastWords.watch(subject, check, lab)
      defer { LastWords.stopWatching() }
      let examination = Examination(
        subject: subject, seed: checkSeed(course: courseSeed, check: check.id),
        recording: { name in
          FileManager.default.contents(
            atPath: root.appending(path: "grading/traces/\(name).trace").path
          ).map { [UInt8]($0) }
        })
      let verdict = check.examine(examination)
      Tally.count(check, of: lab, as: Tally.Kind(verdict))
      switch verdict {
      case .passed: break
      case .notJudged(let reason): try Test.cancel("\(check.id) is not judged here: \(reason)")
      case .unfinished(let reason): try Test.cancel("\(check.id) is not finished: \(reason)")
      case .failed(let counterexample, let earned):
        Attachment.record(
          TraceText.print(counterexample.operations, vocabulary: lab.vocabulary),
          named: "\(check.id).trace")
        Issue.record(
          Comment(rawValue: text(counterexample, of: check, in: lab, earned: earned)))
      }
    }
  }

  /// The seed of the course, so that a check fails here with what it fails with under `grade`.
  private static let courseSeed: UInt64 = {
    struct Course: Decodable { let seed: UInt64 }
    let data = FileManager.default.contents(
      atPath: root.appending(path: "grading/course.json").path)
    return data.flatMap { try? JSONDecoder().decode(Course.self, from: $0).seed } ?? 1991
  }()

  /// A failure as a student reads it.
  static func text(
    _ counterexample: Counterexample, of check: Check, in lab: Lab, earned: Int = 0
  ) -> String {
    var steps = counterexample.steps
    if steps.count > 24 { steps.replaceSubrange(8..<steps.count - 12, with: ["…"]) }
    var lines = ["\(check.title): \(earned) of \(check.points) points"]
    lines.append("  Rule      \(check.rule)")
    lines.append(
      "  You did   "
        + (steps.isEmpty ? "nothing yet: it shows at once" : steps.joined(separator: ";  ")))
    lines.append("  Expected  \(counterexample.expected)")
    lines.append("  Found     \(counterexample.found)")
    for (index, line) in counterexample.picture.enumerated() {
      lines.append((index == 0 ? "  Memory    " : "            ") + line)
    }
    lines.append("  Lesson    Exercises/\(lab.id)/README.md#\(check.lesson)")
    lines.append("  Again     \(command(check, lab))")
    lines.append("  Hint      swift run grade hint \(name(check, lab))")
    return lines.joined(separator: "\n")
  }

  /// The command that runs one check.
  static func command(_ check: Check, _ lab: Lab) -> String {
    "CHECK=\(check.id) LAB=\(lab.id) swift test"
  }

  /// How `grade` calls a check: by its id, and with its lab where several labs have that id.
  private static func name(_ check: Check, _ lab: Lab) -> String {
    let isShared = Lab.all.count { $0.check(check.id) != nil } > 1
    return isShared ? "\(lab.id)/\(check.id)" : check.id
  }
}
