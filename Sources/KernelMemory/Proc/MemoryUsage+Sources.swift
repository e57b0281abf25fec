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

extension UserMemory: MemoryUsageSource {
  /// Pages of processes, their page tables, and swap. O(regions + swap slots).
  ///
  /// All of a process's pages count as active: the hand that looks for pages to swap out goes round without lists.
  public var memoryUsage: MemoryUsage {
    var usage = MemoryUsage()
    locked {
      usage.anonymous = anonymousPages
      usage.activeAnonymous = anonymousPages
      usage.swapTotal = swap.pointee.slots
      usage.swapFree = swap.pointee.slots - swap.pointee.used
      usage.swapCached = (0..<swap.pointee.slots).count { swap.pointee.cached[$0] != 0 }
      for space in spaces {
        usage.pageTables += space.pageTablePages
        usage.committed += space.committedPages
      }
    }
    return usage
  }
}
