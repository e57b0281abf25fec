import Labs
import Synchronization

/// Counts what became of a lab's checks, for the last line that its suite prints.
///
/// A skipped check looks like a passed one in the line that Swift Testing ends with.
enum Tally {
  enum Kind: CaseIterable {
    case passed, failed, unfinished, notJudged

    init(_ verdict: Verdict) {
      switch verdict {
      case .passed: self = .passed
      case .failed: self = .failed
      case .unfinished: self = .unfinished
      case .notJudged: self = .notJudged
      }
    }
  }

  /// Of each lab, the ids of the checks that ended so, in their order.
  private static let counted = Mutex<[String: [Kind: [String]]]>([:])

  /// Notes what became of one check; after the last of the lab's suite, prints the lab's line.
  static func count(_ check: Check, of lab: Lab, as kind: Kind) {
    let line = counted.withLock { counted -> String? in
      counted[lab.id, default: [:]][kind, default: []].append(check.id)
      let ended = counted[lab.id, default: [:]]
      let total = ended.values.reduce(0) { $0 + $1.count }
      return total == StudentDoor.cases(of: lab).count ? text(ended, lab) : nil
    }
    if let line { print("\n\(line)\n") }
  }

  /// For example `BuddySystem: 20 checks passed, 1 failed, 2 not judged here (speed, growth): swift run grade BuddySystem`.
  static func text(_ counted: [Kind: [String]], _ lab: Lab) -> String {
    var parts = ["\(counted[.passed, default: []].count) checks passed"]
    if let ids = counted[.failed] { parts.append("\(ids.count) failed") }
    if let ids = counted[.unfinished] {
      parts.append("\(ids.count) not finished in time (\(ids.joined(separator: ", ")))")
    }
    var line = "\(lab.id): " + parts.joined(separator: ", ")
    if let ids = counted[.notJudged] {
      line += ", \(ids.count) not judged here (\(ids.joined(separator: ", ")))"
      line += ": swift run grade \(lab.id) judges all"
    }
    return line
  }
}
