/// Figures of memory that others than the page allocator know, in pages unless named otherwise.
///
/// Several sources add up. The names are those of the lines in `/proc/meminfo`.
public struct MemoryUsage: Hashable, Sendable {
  /// Pages of block devices in the page cache (`Buffers`).
  public var buffers = 0
  /// Pages of files in the page cache, shared memory included (`Cached`).
  public var cached = 0
  /// Pages that are in memory and in swap (`SwapCached`).
  public var swapCached = 0
  public var activeAnonymous = 0
  public var inactiveAnonymous = 0
  public var activeFile = 0
  public var inactiveFile = 0
  public var unevictable = 0
  public var locked = 0
  /// Room on swap devices (`SwapTotal`).
  public var swapTotal = 0
  public var swapFree = 0
  public var dirty = 0
  public var writeback = 0
  /// Pages of processes that no file backs (`AnonPages`).
  public var anonymous = 0
  /// Pages of files that processes have mapped (`Mapped`).
  public var mapped = 0
  /// Shared memory and tmpfs (`Shmem`).
  public var shared = 0
  /// Pages of object caches whose objects shrinkers give back (`SReclaimable`).
  public var slabReclaimable = 0
  /// Pages of the other object caches (`SUnreclaim`).
  public var slabUnreclaimable = 0
  /// Reclaimable memory of the kernel outside object caches; part of `KReclaimable`.
  public var otherReclaimable = 0
  public var kernelStacks = 0
  public var pageTables = 0
  /// Pages promised to processes (`Committed_AS`).
  public var committed = 0
  /// Pages mapped by vmalloc (`VmallocUsed`).
  public var vmallocUsed = 0
  /// Pages of per-CPU data, possible CPUs multiplied (`Percpu`).
  public var perCPU = 0

  public init() {}

  private static let members: [WritableKeyPath<MemoryUsage, Int> & Sendable] = [
    \.buffers, \.cached, \.swapCached, \.activeAnonymous, \.inactiveAnonymous, \.activeFile,
    \.inactiveFile, \.unevictable, \.locked, \.swapTotal, \.swapFree, \.dirty, \.writeback,
    \.anonymous, \.mapped, \.shared, \.slabReclaimable, \.slabUnreclaimable, \.otherReclaimable,
    \.kernelStacks, \.pageTables, \.committed, \.vmallocUsed, \.perCPU,
  ]

  /// The sum, member by member.
  public static func + (a: MemoryUsage, b: MemoryUsage) -> MemoryUsage {
    var sum = a
    for member in members { sum[keyPath: member] += b[keyPath: member] }
    return sum
  }
}

/// An allocator or a process that knows figures of ``MemoryUsage``.
///
/// Asked from whichever thread reads `meminfo` or runs out of memory; must not allocate from the machine.
public protocol MemoryUsageSource: AnyObject, Sendable {
  var memoryUsage: MemoryUsage { get }
}

/// The sources of one machine; none is kept alive by it.
final class MemoryUsageSources: Sendable {
  private struct Weak {
    weak var source: (any MemoryUsageSource)?
  }
  private let sources = Locked<[Weak]>([])

  func add(_ source: any MemoryUsageSource) {
    sources.withLock { sources in
      sources.removeAll { $0.source == nil || $0.source === source }
      sources.append(Weak(source: source))
    }
  }

  func remove(_ source: any MemoryUsageSource) {
    sources.withLock { $0.removeAll { $0.source == nil || $0.source === source } }
  }

  var total: MemoryUsage {
    let living = sources.withLock { $0.compactMap(\.source) }
    return living.reduce(MemoryUsage()) { $0 + $1.memoryUsage }
  }
}

extension Machine {
  /// Adds a source of figures for ``meminfo`` and the out-of-memory killer; it is not kept alive.
  public func add(usageOf source: any MemoryUsageSource) { usageSources.add(source) }

  /// Asks a source no more.
  public func remove(usageOf source: any MemoryUsageSource) { usageSources.remove(source) }

  /// What all sources say together.
  public var memoryUsage: MemoryUsage { usageSources.total }
}
