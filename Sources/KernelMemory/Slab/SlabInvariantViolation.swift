/// A statement about an object allocator's memory that must always hold, and does not.
public struct SlabInvariantViolation: Error, Hashable, Sendable, CustomStringConvertible {
  /// The statement that is broken.
  public enum Rule: String, CaseIterable, Hashable, Sendable {
    /// Every page of a slab is allocated and known as the cache's.
    case pages
    /// Free lists lead through free objects of their slab, each once.
    case freeList
    /// Lists of slabs lead through slabs of their cache that say they are there, and back.
    case lists
    /// Counters say what is there.
    case counts
    /// An object is in one place at a time.
    case objects
  }
  public let rule: Rule
  public let cache: String
  /// What was found, and what should have been.
  public let finding: String

  init(_ rule: Rule, _ cache: ObjectCache, _ finding: String) {
    self.init(rule, cache.name, finding)
  }

  init(_ rule: Rule, _ cache: String, _ finding: String) {
    self.rule = rule
    self.cache = cache
    self.finding = finding
  }

  public var description: String { "cache \(cache), \(rule.rawValue): \(finding)" }
}

extension SlabAllocator {
  /// Checks all of the allocator's memory: slabs, lists, counters, and that no object is lost or held twice.
  ///
  /// No thread may use the allocator meanwhile. O(objects).
  /// - Throws: ``SlabInvariantViolation``, the first one found.
  public final func checkInvariants() throws(SlabInvariantViolation) {
    for cache in caches { try check(cache) }
    try checkAll()
  }
}
