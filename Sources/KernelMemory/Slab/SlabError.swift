/// A call that an object allocator refuses; nothing has changed.
///
/// Indirect, so that a call that may throw it returns one word and stays short.
public indirect enum SlabError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The cache cannot be made.
  case badCache(String, reason: String)
  /// There is no room for another cache.
  case tooManyCaches(limit: Int)
  /// The cache was destroyed before.
  case destroyedCache
  /// The cache has objects that were not freed; it stays.
  case liveObjects(cache: String, objects: Int)
  /// A cache with a constructor cannot hand out zeroed objects: they would not be constructed.
  case zeroedConstructedObject(cache: String)
  /// The machine has an object allocator already.
  case machineInUse
  /// A pointer that was not handed out, or not so, or not any more.
  case misuse(SlabReport)
  /// What the page allocator said.
  case pages(PageError)
  /// The operating system did not reserve address space for the allocator's tables.
  case machine(MachineError)

  public var description: String {
    switch self {
    case .badCache(let name, let reason): "the cache '\(name)' cannot be created: \(reason)"
    case .tooManyCaches(let limit):
      "there are \(limit) caches already, the most there can be; destroy one first"
    case .destroyedCache: "the cache was destroyed; its handle is of no use any more"
    case .liveObjects(let cache, let objects):
      "the cache '\(cache)' cannot be destroyed: \(objects) of its objects "
        + (objects == 1 ? "was" : "were") + " not freed"
    case .zeroedConstructedObject(let cache):
      "__GFP_ZERO with the cache '\(cache)', which has a constructor: "
        + "zeroing would undo what the constructor did"
    case .machineInUse:
      "the machine has an object allocator already; its processors' areas hold only one"
    case .misuse(let report): report.description
    case .pages(let error): error.description
    case .machine(let error): error.description
    }
  }
}
