extension SlabAllocator: MemoryUsageSource {
  /// Pages of caches, by whether shrinkers can empty them. Large blocks of `kmalloc` are in no figure of Linux's either.
  ///
  /// O(caches).
  public final var memoryUsage: MemoryUsage {
    var usage = MemoryUsage()
    lifecycle.lock()
    for cache in caches {
      cache.state.pointee.lock.lock()
      let pages = cache.state.pointee.pageCount
      cache.state.pointee.lock.unlock()
      if cache.flags.contains(.reclaimAccount) {
        usage.slabReclaimable += pages
      } else {
        usage.slabUnreclaimable += pages
      }
    }
    lifecycle.unlock()
    var shared = SlabStatistics()
    sharedCounts(&shared)
    usage.slabUnreclaimable += shared.mixedPages
    return usage
  }
}

extension Vmalloc: MemoryUsageSource {
  /// Pages that areas own. O(1).
  public var memoryUsage: MemoryUsage {
    var usage = MemoryUsage()
    usage.vmallocUsed = usedPages.load(ordering: .relaxed)
    return usage
  }
}
