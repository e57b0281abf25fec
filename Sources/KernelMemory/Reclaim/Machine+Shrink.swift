import Synchronization

extension Machine {
  /// Has a cache give objects back from now on when memory is short (`shrinker_register`).
  ///
  /// Registering twice changes nothing. Safe while others reclaim.
  public func register(shrinker: Shrinker) {
    if shrinker.open() { reclaimer.shrinkers.withLock { $0.append(shrinker) } }
  }

  /// Asks a cache no more (`shrinker_free`).
  ///
  /// When this returns, none of its callbacks runs in another thread, and none will. May be called from a callback.
  public func unregister(shrinker: Shrinker) {
    reclaimer.shrinkers.withLock { $0.removeAll { $0 === shrinker } }
    shrinker.close()
  }

  /// Has each shrinker scan its share of objects: a small one at priority 12, all at 0 (`shrink_slab`).
  ///
  /// - Returns: objects looked at.
  func shrink(_ control: ShrinkControl, priority: Int) -> Int {
    reclaimer.shrinkers.withLock { $0 }.reduce(0) { scanned, shrinker in
      scanned + (shrinker.use { shrink(shrinker, control, priority: priority) } ?? 0)
    }
  }

  /// One shrinker's share (`do_shrink_slab`).
  private func shrink(_ shrinker: Shrinker, _ control: ShrinkControl, priority: Int) -> Int {
    let count = shrinker.count(control)
    if count <= 0 { return 0 }
    let put = shrinker.deferred.exchange(0, ordering: .relaxed)
    let share = shrinker.seeks == 0 ? count / 2 : (count >> priority) * 4 / shrinker.seeks
    var left = min((put >> priority) + share, 2 * count)
    var scanned = 0
    while left >= shrinker.batch || left >= count {
      var part = control
      part.target = min(shrinker.batch, left)
      part.scanned = part.target
      // A shrinker that looks at nothing would be asked for ever.
      guard shrinker.scan(&part) != nil, part.scanned > 0 else { break }
      left -= part.scanned
      scanned += part.scanned
    }
    // Small shares add up until they make a batch.
    let next = min(max(put + share - scanned, 0), 2 * count)
    shrinker.deferred.add(next, ordering: .relaxed)
    reclaimer.events.add(scanned, to: .objectsScanned)
    return scanned
  }

  /// An estimate of the pages that shrinkers could give back (`zone_reclaimable_pages`).
  func reclaimablePages(_ control: ShrinkControl) -> Int {
    reclaimer.shrinkers.withLock { $0 }.reduce(0) { pages, shrinker in
      let count = shrinker.use { shrinker.count(control) } ?? 0
      return pages + max(count, 0) * shrinker.objectSize / pageSize
    }
  }

  /// Has every shrinker give back all it can, as an administrator would (`echo 2 > /proc/sys/vm/drop_caches`).
  ///
  /// - Returns: pages got back.
  @discardableResult
  public func dropCaches(cpu: CPU) -> Int {
    cpu.reclaiming(as: nil) {
      let control = ShrinkControl(gfp: .kernel, cpu: cpu, isKswapd: false)
      var before: Int
      var round = 0
      // Linux repeats while a round frees more than it is worth, at most 12 times.
      repeat {
        before = cpu.context.reclaimed ?? 0
        _ = shrink(control, priority: 0)
        round += 1
      } while (cpu.context.reclaimed ?? 0) - before > 0 && round < 12
      return cpu.context.reclaimed ?? 0
    }
  }
}

extension CPU {
  /// Runs `body` as the task that reclaims: with all reserves, without recursion, and with its frees counted.
  ///
  /// - Parameter task: what the CPU stands for meanwhile; nil leaves it as it is.
  func reclaiming<Result>(as task: CPUContext?, _ body: () -> Result) -> Result {
    let before = context
    if let task { context = task }
    context.reclaimed = 0
    context.scopes.append(.noReclaim)
    state.pointee.guarded.slowBits.bitwiseOr(CPUGuard.reclaiming, ordering: .relaxed)
    defer {
      let outer = before.reclaimed
      let pages = context.reclaimed ?? 0
      context = before
      if let outer {
        // Reclaim within reclaim: what it got back counts for both.
        context.reclaimed = outer + pages
      } else {
        state.pointee.guarded.slowBits.bitwiseAnd(~CPUGuard.reclaiming, ordering: .relaxed)
      }
    }
    return body()
  }

  /// Counts a freed block as got back, while the CPU reclaims.
  func countReclaimed(order: Int) {
    if let pages = context.reclaimed { context.reclaimed = pages + (1 << order) }
  }
}
