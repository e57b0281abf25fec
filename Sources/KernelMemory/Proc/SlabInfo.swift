extension SlabAllocator {
  /// The text of `/proc/slabinfo`, newest cache first.
  ///
  /// Objects that a CPU's slab, its chain or its array keeps free count as active, as in Linux; only those on the lists
  /// of partial slabs do not. Source: `cache_show` in `mm/slab_common.c`, `get_slabinfo` in `mm/slub.c`.
  /// - Complexity: O(caches + partial slabs).
  public final var slabinfo: String {
    var text = "slabinfo - version: 2.1\n"
    text +=
      "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> "
      + ": tunables <limit> <batchcount> <sharedfactor> "
      + ": slabdata <active_slabs> <num_slabs> <sharedavail>\n"
    lifecycle.lock()
    for cache in caches.reversed() { text += line(slabInfo(of: cache)) }
    lifecycle.unlock()
    return text
  }

  private func line(_ info: SlabInfo) -> String {
    "\(left(info.name, width: 17)) \(right(info.activeObjects, width: 6)) "
      + "\(right(info.objects, width: 6)) \(right(info.size, width: 6)) "
      + "\(right(info.objectsPerSlab, width: 4)) \(right(1 << info.order, width: 4)) "
      + ": tunables \(right(info.limit, width: 4)) \(right(info.batch, width: 4)) "
      + "\(right(info.sharedFactor, width: 4)) "
      + ": slabdata \(right(info.activeSlabs, width: 6)) \(right(info.slabs, width: 6)) "
      + "\(right(info.sharedObjects, width: 6))\n"
  }
}

/// One line of `/proc/slabinfo` (`struct slabinfo`).
public struct SlabInfo: Hashable, Sendable {
  public var name: String
  /// Objects that are not known to be free.
  public var activeObjects = 0
  public var objects = 0
  /// Bytes of a slot.
  public var size: Int
  public var objectsPerSlab: Int
  public var order: Int
  public var activeSlabs = 0
  public var slabs = 0
  /// What a CPU's array holds and moves at a time, and the shared array's size (SLAB; 0 in SLUB).
  public var limit = 0
  public var batch = 0
  public var sharedFactor = 0
  /// Objects in shared arrays (SLAB).
  public var sharedObjects = 0
}
