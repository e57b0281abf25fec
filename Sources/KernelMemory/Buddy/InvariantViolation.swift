/// A statement about the allocator's memory that must always hold, and does not.
public struct InvariantViolation: Error, Hashable, Sendable, CustomStringConvertible {
  /// The statement that is broken.
  public enum Rule: String, CaseIterable, Hashable, Sendable {
    /// A block of order n starts at a multiple of 2^n and lies within its zone.
    case alignment
    /// Every frame belongs to exactly one block.
    case overlap
    /// Two free buddies of the same order do not exist beside each other.
    case merging
    /// A list leads through blocks of its own kind and order, and back.
    case links
    /// A free block is on the list of its pageblock's migrate type.
    case grouping
    /// Counters say what is there.
    case counts
    /// Free in buddy lists, on per-CPU lists and allocated add up to the managed pages.
    case accounting
    /// CPUs look at the watermarks of a zone that is short of memory.
    case pressure
  }
  public let rule: Rule
  /// The zone that it was found in.
  public let zone: ZoneKind
  /// What was found, and what should have been.
  public let finding: String

  init(_ rule: Rule, in zone: Zone, _ finding: String) {
    self.rule = rule
    self.zone = zone.kind
    self.finding = finding
  }

  public var description: String { "zone \(zone), \(rule.rawValue): \(finding)" }
}

/// Where a zone's pages are at one moment.
public struct ZonePages: Hashable, Sendable {
  /// In the buddy lists.
  public var free = 0
  /// On per-CPU lists.
  public var perCPU = 0
  /// Handed out.
  public var allocated = 0
  /// Given to the allocator at boot: the sum of the others.
  public var managed = 0
}
