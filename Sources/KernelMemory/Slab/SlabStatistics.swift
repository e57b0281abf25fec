/// What a cache holds at one moment.
public struct CacheStatistics: Hashable, Sendable {
  /// Objects handed out and not given back.
  public var objects = 0
  /// Slots in all slabs.
  public var totalObjects = 0
  public var slabs = 0
  public var pages = 0
  /// Objects handed out so far.
  public var allocations = 0
  /// Objects given back so far.
  public var frees = 0
  /// Bytes of the objects handed out, as their users see them.
  public var objectBytes = 0
  /// Bytes of their slots.
  public var slotBytes = 0

  static func += (sum: inout CacheStatistics, other: CacheStatistics) {
    sum.objects += other.objects
    sum.totalObjects += other.totalObjects
    sum.slabs += other.slabs
    sum.pages += other.pages
    sum.allocations += other.allocations
    sum.frees += other.frees
    sum.objectBytes += other.objectBytes
    sum.slotBytes += other.slotBytes
  }
}

/// What an object allocator holds at one moment.
public struct SlabStatistics: Hashable, Sendable {
  /// The sum over all caches.
  public var caches = CacheStatistics()
  /// Blocks that `kmalloc` took from the page allocator.
  public var largeBlocks = 0
  /// Their pages.
  public var largePages = 0
  /// Pages that hold objects of any cache (SLOB).
  public var mixedPages = 0
  /// Bytes in use on them, with what precedes objects.
  public var mixedBytes = 0
  /// Objects of `kmalloc` that are in no cache (SLOB).
  public var otherObjects = 0

  /// Pages held in all.
  public var pages: Int { caches.pages + largePages + mixedPages }
  /// Objects and blocks handed out and not given back.
  public var objects: Int { caches.objects + otherObjects + largeBlocks }
  /// Bytes handed out: what slots, blocks and headers take.
  public var bytesAllocated: Int { caches.slotBytes + mixedBytes + largePages * pageSize }
}

extension ObjectCache {
  /// Counts of this moment. O(CPUs).
  public var statistics: CacheStatistics { allocator.statistics(of: self) }
}

extension SlabAllocator {
  /// Counts of this moment over all caches. O(caches × CPUs).
  public final var statistics: SlabStatistics {
    var sum = SlabStatistics()
    lifecycle.lock()
    for cache in caches { sum.caches += cache.statistics }
    lifecycle.unlock()
    sum.largeBlocks = largeBlocks.load(ordering: .relaxed)
    sum.largePages = largePages.load(ordering: .relaxed)
    sharedCounts(&sum)
    return sum
  }

  final func statistics(of cache: ObjectCache) -> CacheStatistics {
    let state = cache.state
    var sum = CacheStatistics()
    for cpu in machine.cpus {
      cpu.state.pointee.guarded.asStranger {
        let line = cpu.objects(state.pointee.id).pointee
        sum.allocations += line.allocations
        sum.frees += line.frees
      }
    }
    state.pointee.lock.lock()
    sum.totalObjects = state.pointee.objectCount
    sum.slabs = state.pointee.slabCount
    sum.pages = state.pointee.pageCount
    state.pointee.lock.unlock()
    sum.objects = sum.allocations - sum.frees
    sum.objectBytes = sum.objects * cache.objectSize
    sum.slotBytes = sum.objects * cache.size
    return sum
  }
}
