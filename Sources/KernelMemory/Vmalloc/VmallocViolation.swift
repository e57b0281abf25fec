/// A statement about ``Vmalloc``'s memory that must always hold, and does not.
public struct VmallocViolation: Error, Hashable, Sendable, CustomStringConvertible {
  /// The statement that is broken.
  public enum Rule: String, CaseIterable, Hashable, Sendable {
    /// Each tree is in ascending order, and parents and children know each other.
    case order
    /// Each node knows the largest size in its subtree.
    case augmentation
    /// No red node has a red child, and all ways down pass the same number of black nodes.
    case balance
    /// Free, busy, lazy and pooled stretches are the whole range, without overlap, and free neighbours are one.
    case coverage
    /// Counters say what is there.
    case counts
    /// Exactly the pages of areas are mapped, where they belong, and guard pages are not.
    case mapping
  }
  public let rule: Rule
  /// What was found, and what should have been.
  public let finding: String

  init(_ rule: Rule, _ finding: String) {
    self.rule = rule
    self.finding = finding
  }

  public var description: String { "\(rule.rawValue): \(finding)" }
}
