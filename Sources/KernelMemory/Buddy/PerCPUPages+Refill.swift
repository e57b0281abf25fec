/// What moves blocks between the lists and the zone's buddy lists. Within the CPU's guard only.
extension PerCPUPages {
  /// Takes a block, refilling the list when it is empty; nil when the zone has none (`rmqueue_pcplist`).
  func take(order: Int, type: MigrateType, list: Int, flags: AllocationFlags) -> UInt32? {
    state.pointee.freeCount >>= 1
    let stack = stack(list)
    if stack.pointee.isEmpty {
      guard refill(order: order, type: type, list: list, flags: flags) else { return nil }
    }
    return stack.pointee.pop()
  }

  /// Puts an allocated block on its list; drains when the lists hold too much.
  func put(_ frame: UInt32, order: Int, list: Int) {
    zone.map[frame] = .perCPU(order)
    stack(list).pointee.push(frame)
    state.pointee.budget -= 1 << order
    state.pointee.freeCount += 1 << order
    freed(order: order, list: list)
  }

  /// Moves blocks from the buddy lists to an empty list, so that they leave in the order they came (`rmqueue_bulk`).
  private func refill(order: Int, type: MigrateType, list: Int, flags: AllocationFlags) -> Bool {
    let blocks = refillCount(order: order)
    let zone = zone
    let top = storage(list) + blocks
    var bottom = top
    var mode = FallbackMode.own
    zone.withLock(for: state) {
      for _ in 0..<blocks {
        guard let frame = zone.takeLocked(order: order, type: type, flags: flags, mode: &mode)
        else { break }
        zone.map[frame] = .perCPU(order)
        bottom -= 1
        bottom.pointee = frame
      }
    }
    let stack = stack(list)
    stack.pointee.top = top
    stack.pointee.bottom = bottom
    let pages = stack.pointee.count << order
    state.pointee.refilled += pages
    // What came has used up a part of the room.
    state.pointee.reduceRoom(by: pages)
    return pages > 0
  }

  /// How many blocks to refill (`nr_pcp_alloc`).
  private func refillCount(order: Int) -> Int {
    let base = state.pointee.batch
    let (highMin, highMax) = (state.pointee.highMin, state.pointee.highMax)
    var high = min(max(state.pointee.high, highMin), highMax)
    state.pointee.high = high
    if high < base { return 1 }
    var batch = order == 0 ? base << state.pointee.allocFactor : base
    // Longer lists would have made this visit to the buddy lists unnecessary.
    if highMin != highMax && !zone.isBelowHigh {
      high = min(high + batch, highMax)
      state.pointee.high = high
    }
    if order == 0 {
      let most = max(high - pageCount - base, base)
      if batch <= most && state.pointee.allocFactor < maxBatchScale {
        state.pointee.allocFactor += 1
      }
      batch = min(batch, most)
    }
    return batch > 1 ? max(batch >> order, 2) : batch
  }

  /// What is left to do after a block came to a list and was counted (`free_unref_page_commit`).
  ///
  /// The fast path leaves out what mostly has no effect, and comes here when it may have: for orders above 0, and when
  /// ``PerCPUState/budget`` is used up.
  func freed(order: Int, list: Int) {
    let pages = 1 << order
    // The fast path counts on when it should have stopped.
    let burst = state.pointee.freeCount - pages
    if burst >= state.pointee.freeCountMost { state.pointee.freeCount = burst }
    var freeHigh = false
    if order > 0 { state.pointee.halveAllocFactor(freed: pages) }
    if order > 0 && order <= Self.maxSmallOrder {
      // A run of high-order frees would hoard blocks that could merge.
      freeHigh = state.pointee.followsHighOrder(pages) && burst >= state.pointee.hoardAbove
    }
    if !freeHigh, !zone.isBelowHigh, state.pointee.budget >= 0 || state.pointee.extendBudget() {
      return
    }
    let count = pageCount
    renewBudget(count: count - limit(list: list, freeHigh: freeHigh, count: count))
  }

  /// How many pages may be freed one by one before anything else happens than that they are counted.
  private func renewBudget(count: Int) {
    let room = state.pointee.high - count
    let pages = max(
      min(room, state.pointee.freeCountMost - state.pointee.freeCount), 0)
    state.pointee.setBudget(pages - 1, reserve: max(room - pages, 0))
  }

  /// Keeps the lists, which hold `count` pages, within their limit; answers how many pages left.
  private func limit(list: Int, freeHigh: Bool, count: Int) -> Int {
    let high = currentHigh(freeHigh: freeHigh, count: count)
    guard count >= high else { return 0 }
    let batch = state.pointee.batch
    let pages =
      if freeHigh {
        min(count, batch << maxBatchScale)
      } else if high < batch {
        1
      } else {
        min(max(state.pointee.freeCount, batch), max(high - batch, batch))
      }
    let left = zone.withLock(for: state) {
      drainLocked(pages: min(pages, count), startingWith: list)
    }
    if zone.isBelowHigh && zone.freePages > zone.watermarks.high { zone.setBelowHigh(false) }
    return left
  }

  /// The limit on pages held, moved by recent frees and the zone's condition (`nr_pcp_high`).
  private func currentHigh(freeHigh: Bool, count: Int) -> Int {
    let batch = state.pointee.batch
    let (highMin, highMax) = (state.pointee.highMin, state.pointee.highMax)
    let high = min(max(state.pointee.high, highMin), highMax)
    state.pointee.high = high
    if freeHigh {
      state.pointee.high = max(high - (batch << maxBatchScale), highMin)
      return 0
    }
    if highMin == highMax { return high }
    if zone.isBelowHigh {
      state.pointee.high = max(high - max(state.pointee.freeCount, batch), highMin)
      return max(count, highMin)
    }
    if count >= high {
      let needed = state.pointee.freeCount + batch
      if high < needed { state.pointee.high = min(max(needed, highMin), highMax) }
    }
    return high
  }

  /// Returns pages to the buddy lists: from the bottom of one list, then of the others in turn (`free_pcppages_bulk`).
  ///
  /// The zone's lock must be held.
  /// - Parameter pages: at most as many as there are. Whole blocks leave, so it may return more.
  /// - Returns: how many left.
  private func drainLocked(pages: Int, startingWith first: Int) -> Int {
    let zone = zone
    var left = pages
    var list = first
    while left > 0 {
      let stack = stack(list)
      if !stack.pointee.isEmpty {
        let order = Self.order(ofList: list)
        repeat {
          zone.returnBlockLocked(stack.pointee.popBottom(), order: order)
          left -= 1 << order
        } while left > 0 && !stack.pointee.isEmpty
        stack.pointee.settle(in: storage(list), distance: state.pointee.listCapacity / 2)
      }
      list = list == Self.listCount - 1 ? 0 : list + 1
    }
    state.pointee.refilled += left - pages
    state.pointee.setBudget(-1)
    return pages - left
  }

  /// Returns everything to the buddy lists (`drain_pages_zone`).
  func drainAll() {
    let count = pageCount
    if count > 0 { zone.withLock { _ = drainLocked(pages: count, startingWith: 0) } }
  }
}
