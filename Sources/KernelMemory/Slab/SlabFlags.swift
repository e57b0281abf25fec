/// How a cache lays out, places and checks its objects.
///
/// The bits are this package's own. Source: `SLAB_*` in `include/linux/slab.h`.
@frozen
public struct SlabFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  // MARK: Checks; each makes every operation take the slow path

  /// `SLAB_CONSISTENCY_CHECKS`: each free looks for double frees and wrong addresses in the whole slab.
  public static let consistencyChecks = SlabFlags(rawValue: 1 << 0)
  /// `SLAB_RED_ZONE`: known bytes around each object, looked at on allocation and free.
  public static let redZone = SlabFlags(rawValue: 1 << 1)
  /// `SLAB_POISON`: free objects are filled with known bytes, looked at on the next allocation.
  public static let poison = SlabFlags(rawValue: 1 << 2)
  /// `SLAB_STORE_USER`: who allocated and who freed each object.
  public static let storeUser = SlabFlags(rawValue: 1 << 3)

  // MARK: Placement

  /// `SLAB_HWCACHE_ALIGN`: objects start at cache lines, or at parts of one when several fit in.
  public static let hwcacheAlign = SlabFlags(rawValue: 1 << 4)
  /// `SLAB_CACHE_DMA`: slabs from the DMA zone.
  public static let cacheDMA = SlabFlags(rawValue: 1 << 5)
  /// `SLAB_CACHE_DMA32`: slabs below 4 GiB.
  public static let cacheDMA32 = SlabFlags(rawValue: 1 << 6)
  /// `SLAB_RECLAIM_ACCOUNT`: a shrinker can empty the cache; its pages are grouped as reclaimable.
  public static let reclaimAccount = SlabFlags(rawValue: 1 << 7)
  /// `SLAB_ACCOUNT`: objects are charged to the task's memory control group.
  public static let account = SlabFlags(rawValue: 1 << 8)

  // MARK: Behaviour

  /// `SLAB_TYPESAFE_BY_RCU`: a freed object stays one of its type; what it holds is not overwritten.
  public static let typesafeByRCU = SlabFlags(rawValue: 1 << 9)
  /// `SLAB_PANIC`: the kernel cannot go on without the cache. Creation throws all the same.
  public static let panic = SlabFlags(rawValue: 1 << 10)
  /// `SLAB_NO_MERGE`: the cache shares no slabs with another.
  public static let noMerge = SlabFlags(rawValue: 1 << 11)
  /// `SLAB_NOLEAKTRACE`: not looked at by leak reports.
  public static let noLeakTrace = SlabFlags(rawValue: 1 << 12)
  /// `SLAB_KMALLOC`: one of the caches behind `kmalloc`.
  static let kmalloc = SlabFlags(rawValue: 1 << 13)

  /// What `slub_debug=FZPU` switches on.
  public static let debug: SlabFlags = [.consistencyChecks, .redZone, .poison, .storeUser]

  /// Flags with which a cache cannot be merged (`SLAB_NEVER_MERGE`).
  static let neverMerge: SlabFlags = [
    .redZone, .poison, .storeUser, .typesafeByRCU, .noMerge, .noLeakTrace,
  ]
  /// Flags that merged caches have in common (`SLAB_MERGE_SAME`).
  static let mergeSame: SlabFlags = [.reclaimAccount, .cacheDMA, .cacheDMA32, .account]

  var hasChecks: Bool { !isDisjoint(with: .debug) }
}
