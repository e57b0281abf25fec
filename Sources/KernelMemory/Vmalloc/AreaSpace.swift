/// Kernel addresses as stretches that are free, busy, or wait for a flush of the TLB, in raw memory.
///
/// All but ``lock`` changes under ``lock`` only. Source: `free_vmap_area_root` and `struct vmap_node` in `mm/vmalloc.c`.
struct AreaSpaceState: ~Copyable {
  private let first = FirstByte()
  let lock = SpinLock()
  /// Everything that areas may be cut from.
  let whole: Range<UInt64>
  var pool: AreaPool
  var free: AreaTree
  var busy: AreaTree
  /// `nr_vmap_nodes`: with more than 1, each CPU's freed addresses come back to it.
  let nodeCount: Int
  /// For each vmap node a list of lazy stretches, then ``poolSizes`` pools by size in pages.
  let lists: UnsafeMutablePointer<AreaList>
  /// What the addresses used to be that were purged last; a ring.
  let history: UnsafeMutablePointer<AreaNode>
  var historyCount = 0
  let lazyMax: Int
  var lazyPages = 0
  var pooledPages = 0
  var statistics = AreaStatistics()

  /// `MAX_VA_SIZE_PAGES`: pools are for stretches of 1 to this many pages.
  static let poolSizes = 256
  static let listsPerNode = poolSizes + 1
  static let historyLength = 64

  init(whole: Range<UInt64>, nodes: Int, lazyMax: Int, capacity: Int) throws(MachineError) {
    self.whole = whole
    pool = try AreaPool(capacity: capacity)
    free = AreaTree(pool.nodes)
    busy = AreaTree(pool.nodes)
    nodeCount = nodes
    self.lazyMax = lazyMax
    lists = .allocate(capacity: nodes * Self.listsPerNode)
    lists.initialize(repeating: AreaList(), count: nodes * Self.listsPerNode)
    history = .allocate(capacity: Self.historyLength)
    history.initialize(repeating: AreaNode(), count: Self.historyLength)
    let all = pool.take(whole.lowerBound, whole.upperBound)
    pool.nodes[Int(all)].state = .free
    free.insert(all)
  }

  deinit {
    lists.deallocate()
    history.deallocate()
  }
}

/// What happened to addresses so far.
public struct AreaStatistics: Hashable, Sendable {
  /// Areas made.
  public internal(set) var allocations = 0
  /// Areas freed.
  public internal(set) var frees = 0
  /// Requests that a CPU's pool of freed addresses answered.
  public internal(set) var fromPools = 0
  /// Times that lazily freed addresses were purged, and something was there.
  public internal(set) var purges = 0
  /// Stretches purged.
  public internal(set) var purgedAreas = 0
  /// Flushes of the TLB: one for each purge, however many areas.
  public internal(set) var tlbFlushes = 0
  /// Requests for which no hole was found, even after a purge.
  public internal(set) var addressFailures = 0
}

// Every function needs the lock.
extension AreaSpaceState {
  var nodes: UnsafeMutablePointer<AreaNode> { pool.nodes }

  /// The vmap node of an address: 64 KiB in turn (`addr_to_node_id`).
  func vmapNode(of address: UInt64) -> Int { Int(address >> 16 % UInt64(nodeCount)) }

  private func lazyList(_ node: Int) -> UnsafeMutablePointer<AreaList> {
    lists + node * Self.listsPerNode
  }
  private func sizePool(_ node: Int, size: UInt64) -> UnsafeMutablePointer<AreaList>? {
    let pages = Int(size) / pageSize
    return (1...Self.poolSizes).contains(pages) ? lists + node * Self.listsPerNode + pages : nil
  }

  /// Takes `size` bytes of addresses (`alloc_vmap_area`); 0 when there is no hole, or no node.
  ///
  /// - Parameter vmapNode: the pools to look in first, or nil.
  mutating func allocate(
    size: UInt64, align: UInt64, range: Range<UInt64>, vmapNode: Int?
  ) -> UInt32 {
    if let vmapNode, let index = fromPool(vmapNode, size: size, align: align, range: range) {
      return makeBusy(index, pool: vmapNode)
    }
    var index = cut(size: size, align: align, range: range)
    if index == 0 {
      _ = purge(full: true)
      index = cut(size: size, align: align, range: range)
    }
    guard index != 0 else {
      statistics.addressFailures += 1
      return 0
    }
    return makeBusy(index, pool: vmapNode)
  }

  private mutating func makeBusy(_ index: UInt32, pool: Int?) -> UInt32 {
    let node = nodes[Int(index)]
    (nodes + Int(index)).initialize(to: AreaNode(start: node.start, end: node.end))
    nodes[Int(index)].state = .busy
    nodes[Int(index)].pool = Int16(pool ?? -1)
    busy.insert(index)
    statistics.allocations += 1
    return index
  }

  /// The first of the pool of this size, if it is aligned; else that one goes to the back (`node_pool_del_va`).
  private mutating func fromPool(
    _ vmapNode: Int, size: UInt64, align: UInt64, range: Range<UInt64>
  ) -> UInt32? {
    guard let list = sizePool(vmapNode, size: size) else { return nil }
    let index = list.pointee.takeFirst(nodes)
    guard index != 0 else { return nil }
    let node = nodes[Int(index)]
    guard node.start & (align - 1) == 0, range.lowerBound <= node.start,
      node.end <= range.upperBound
    else {
      list.pointee.append(index, nodes)
      return nil
    }
    pooledPages -= Int(size) / pageSize
    statistics.fromPools += 1
    return index
  }

  /// Cuts a stretch out of the free tree (`__alloc_vmap_area`, `va_clip`); 0 when there is none.
  private mutating func cut(size: UInt64, align: UInt64, range: Range<UInt64>) -> UInt32 {
    let exact = UInt64(range.upperBound - range.lowerBound) == size
    let hole = free.lowestFit(
      size: size, align: align, from: range.lowerBound,
      padded: align > UInt64(pageSize) && !exact)
    guard hole != 0 else { return 0 }
    let (low, high) = (nodes[Int(hole)].start, nodes[Int(hole)].end)
    guard let start = roundedUp(max(low, range.lowerBound), to: align),
      start + size <= range.upperBound
    else { return 0 }
    let end = start + size
    if start == low, end == high {
      free.remove(hole)
      return hole
    }
    let index = pool.take(start, end)
    guard index != 0 else { return 0 }
    if start == low {
      nodes[Int(hole)].start = end
      free.updateUpwards(from: hole)
    } else if end == high {
      nodes[Int(hole)].end = start
      free.updateUpwards(from: hole)
    } else {
      let left = pool.take(low, start)
      guard left != 0 else {
        pool.giveBack(index)
        return 0
      }
      nodes[Int(left)].state = .free
      nodes[Int(hole)].start = end
      free.updateUpwards(from: hole)
      free.insert(left)
    }
    return index
  }

  /// Puts a stretch into the free tree, and together with its neighbours (`merge_or_add_vmap_area_augment`).
  mutating func merge(_ index: UInt32) {
    let (start, end) = (nodes[Int(index)].start, nodes[Int(index)].end)
    let below = free.atOrBelow(start)
    let above = below == 0 ? free.first : free.next(below)
    let joinsBelow = below != 0 && nodes[Int(below)].end == start
    let joinsAbove = above != 0 && nodes[Int(above)].start == end
    switch (joinsBelow, joinsAbove) {
    case (true, true):
      nodes[Int(below)].end = nodes[Int(above)].end
      free.remove(above)
      pool.giveBack(above)
      free.updateUpwards(from: below)
      pool.giveBack(index)
    case (true, false):
      nodes[Int(below)].end = end
      free.updateUpwards(from: below)
      pool.giveBack(index)
    case (false, true):
      nodes[Int(above)].start = start
      free.updateUpwards(from: above)
      pool.giveBack(index)
    case (false, false):
      nodes[Int(index)].state = .free
      free.insert(index)
    }
  }

  /// Takes a stretch out of the busy tree; it is in no tree then, until it is freed.
  mutating func unlinkBusy(_ index: UInt32) {
    busy.remove(index)
    nodes[Int(index)].state = .spare
  }

  /// Sets an unmapped stretch aside until the next flush (`free_vmap_area_noflush`).
  mutating func freeLazily(_ index: UInt32) {
    let node = nodes[Int(index)]
    nodes[Int(index)].state = .lazy
    lazyList(node.pool >= 0 ? Int(node.pool) : vmapNode(of: node.start)).pointee.prepend(
      index, nodes)
    lazyPages += Int(node.size) / pageSize
    statistics.frees += 1
    if lazyPages > lazyMax { _ = purge(full: false) }
  }

  /// Flushes the TLB once and makes all lazily freed addresses usable again (`__purge_vmap_area_lazy`).
  ///
  /// - Parameter full: whether to empty the pools, too; else they lose a quarter.
  /// - Returns: the number of stretches, and from where to where they lie.
  mutating func purge(full: Bool) -> PurgeReport {
    var report = PurgeReport()
    var purged = AreaList()
    for node in 0..<nodeCount {
      decayPools(of: node, full: full)
      let list = lazyList(node)
      while case let index = list.pointee.takeFirst(nodes), index != 0 {
        let stretch = nodes[Int(index)]
        report.count += 1
        report.start = min(report.start, stretch.start)
        report.end = max(report.end, stretch.end)
        lazyPages -= Int(stretch.size) / pageSize
        remember(stretch)
        if stretch.pool >= 0, !full, let list = sizePool(node, size: stretch.size) {
          nodes[Int(index)].state = .pooled
          list.pointee.prepend(index, nodes)
          pooledPages += Int(stretch.size) / pageSize
        } else {
          purged.prepend(index, nodes)
        }
      }
    }
    while case let index = purged.takeFirst(nodes), index != 0 { merge(index) }
    if report.count > 0 {
      statistics.purges += 1
      statistics.purgedAreas += report.count
      statistics.tlbFlushes += 1
    }
    return report
  }

  /// Gives a quarter of each pool, or all, back to everybody (`decay_va_pool_node`).
  private mutating func decayPools(of node: Int, full: Bool) {
    guard pooledPages > 0 else { return }
    for pages in 1...Self.poolSizes {
      let list = lists + node * Self.listsPerNode + pages
      var left = full ? list.pointee.count : list.pointee.count >> 2
      while left > 0 {
        let index = list.pointee.takeFirst(nodes)
        pooledPages -= pages
        merge(index)
        left -= 1
      }
    }
  }

  private mutating func remember(_ stretch: AreaNode) {
    history[historyCount % Self.historyLength] = stretch
    historyCount += 1
  }
}

/// What a purge of lazily freed addresses did (the fields of the event `purge_vmap_area_lazy`).
public struct PurgeReport: Hashable, Sendable {
  /// The lowest address; all ones when nothing was there.
  public internal(set) var start = UInt64.max
  /// One behind the highest address; 0 when nothing was there.
  public internal(set) var end: UInt64 = 0
  /// Stretches of addresses.
  public internal(set) var count = 0
}
