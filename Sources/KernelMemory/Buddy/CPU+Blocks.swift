/// Blocks for which the CPU's lists are empty, or which they never hold.
///
/// The ways of a zone that has plenty of memory. What is unusual is left to the slow path.
extension CPU {
  /// Takes a block of order 4 or more; nil when something needs a closer look.
  @inline(never)
  @usableFromInline
  package func takeBlock(order: Int, gfp: GFPFlags) -> PageFrame? {
    let route = buddyRoute(gfp)
    guard UInt(bitPattern: order) <= UInt(bitPattern: maxOrder),
      order != PerCPUPages.hugePageOrder, mayTake(gfp, by: route)
    else { return takeHuge(order: order, gfp: gfp) }
    let own = pageState(at: Int(route.pointee.zone))
    let zone = own.pointee.zone
    let lists = zone.lists(rawType: UInt8(truncatingIfNeeded: route.pointee.list))
    guard zone.state.pointee.lock.enter(own) else { return takeLocking(order: order, gfp: gfp) }
    guard zone.hasPlenty(order: order),
      let frame = zone.takeExactLocked(order: order, lists: lists)
    else { return takeSplitting(order: order, gfp: gfp) }
    zone.map.states[frame].store(PageState.allocated(order, gfp).rawValue, ordering: .relaxed)
    own.pointee.countDirect(allocated: 1 &<< order)
    zone.state.pointee.lock.leave(own)
    return PageFrame(frame)
  }

  /// Goes on where there is no block of exactly the order; ends the keeper's section.
  @inline(never)
  private func takeSplitting(order: Int, gfp: GFPFlags) -> PageFrame? {
    let route = buddyRoute(gfp)
    let own = pageState(at: Int(route.pointee.zone))
    let zone = own.pointee.zone
    let lists = zone.lists(rawType: UInt8(truncatingIfNeeded: route.pointee.list))
    guard zone.hasPlenty(order: order),
      let frame = zone.splitLocked(order: order, lists: lists, state: .allocated(order, gfp))
    else {
      zone.state.pointee.lock.leave(own)
      return nil
    }
    own.pointee.countDirect(allocated: 1 &<< order)
    zone.state.pointee.lock.leave(own)
    return PageFrame(frame)
  }

  /// ``takeBlock(order:gfp:)`` where the zone's lock is not kept for this CPU.
  @inline(never)
  private func takeLocking(order: Int, gfp: GFPFlags) -> PageFrame? {
    let route = buddyRoute(gfp)
    let own = pageState(at: Int(route.pointee.zone))
    let zone = own.pointee.zone
    let lists = zone.lists(rawType: UInt8(truncatingIfNeeded: route.pointee.list))
    zone.state.pointee.lock.lock()
    guard zone.hasPlenty(order: order),
      let frame = zone.takeExactLocked(order: order, lists: lists)
        ?? zone.splitLocked(order: order, lists: lists, state: .allocated(order, gfp))
    else {
      zone.state.pointee.lock.unlock()
      return nil
    }
    zone.map.states[frame].store(PageState.allocated(order, gfp).rawValue, ordering: .relaxed)
    own.pointee.countDirect(allocated: 1 &<< order)
    zone.state.pointee.lock.unlock(orKeepFor: own)
    return PageFrame(frame)
  }

  /// Takes a huge page from the CPU's list for those; nil for any other order.
  @inline(never)
  private func takeHuge(order: Int, gfp: GFPFlags) -> PageFrame? {
    let route = buddyRoute(gfp)
    let own = pageState(at: Int(route.pointee.zone))
    guard order == PerCPUPages.hugePageOrder, hasHugePages, mayTake(gfp, by: route),
      own.pointee.zone.hasPlenty(order: order), own.pointee.zone.hasBlock(order: order),
      state.pointee.guarded.enter(unless: gfp.rawValue | route.pointee.slowBits)
    else { return nil }
    let isMovable = route.pointee.list == MigrateType.movable.rawValue
    let list = hugeList(of: own, movable: isMovable)
    guard !list.pointee.isEmpty else {
      state.pointee.guarded.leave()
      return takeRefilling(order: order, gfp: gfp)
    }
    let frame = list.pointee.pop()
    own.pointee.freeCount &>>= 1
    state.pointee.states[Int(frame)].store(
      PageState.allocated(order, gfp).rawValue, ordering: .relaxed)
    state.pointee.guarded.leave()
    return PageFrame(Int(frame))
  }

  /// Refills the list for a request when the zone has plenty of its type, and takes a block; nil when something needs
  /// a closer look.
  @inline(never)
  @usableFromInline
  package func takeRefilling(order: Int, gfp: GFPFlags) -> PageFrame? {
    let route = buddyRoute(gfp)
    guard mayTake(gfp, by: route) else { return nil }
    return state.pointee.machine.unsafelyUnwrapped._withUnsafeGuaranteedRef {
      let own = pageState(at: Int(route.pointee.zone))
      return $0.takeRefilling(
        order: order, gfp: gfp, cpu: self, own: own,
        type: MigrateType(rawValue: UInt8(truncatingIfNeeded: route.pointee.list)) ?? .unmovable)
    }
  }

  /// Puts back a block of order 4 or more; false when something needs a closer look, a bad call among others.
  @inline(never)
  @usableFromInline
  package func putBackBlock(_ frame: Int, order: Int) -> Bool {
    guard UInt(bitPattern: frame) < state.pointee.frames,
      state.pointee.guarded.slowBits.load(ordering: .relaxed) & CPUGuard.reclaiming == 0
    else { return false }
    let route = state.pointee.blockRoutes + frame &>> pageblockOrder
    // Of a pageblock without memory the route leads nowhere.
    guard route.pointee.zone != 0 else { return false }
    let own = pageState(at: Int(route.pointee.zone))
    let zone = own.pointee.zone
    guard UInt(bitPattern: order) < UInt(bitPattern: pageblockOrder) else {
      return putBackLarge(frame, order: order, own: own)
    }
    guard zone.state.pointee.lock.enter(own) else {
      return putBackLocking(frame, order: order, own: own)
    }
    switch zone.freeAloneLocked(frame, order: order) {
    case .done:
      own.pointee.countDirect(freed: 1 &<< order)
      if zone.freePages > zone.state.pointee.calmAbove { zone.pressureChangedLocked() }
      zone.state.pointee.lock.leave(own)
      return true
    case .buddyIsFree: return putBackMerging(frame, order: order, own: own)
    default:
      zone.state.pointee.lock.leave(own)
      return false
    }
  }

  /// Goes on where the buddy is free; ends the keeper's section.
  @inline(never)
  private func putBackMerging(
    _ frame: Int, order: Int, own: UnsafeMutablePointer<PerCPUState>
  ) -> Bool {
    let zone = own.pointee.zone
    let isDone = zone.mergeLocked(frame, order: order)
    if isDone { own.pointee.countDirect(freed: 1 &<< order) }
    if zone.freePages > zone.state.pointee.calmAbove { zone.pressureChangedLocked() }
    zone.state.pointee.lock.leave(own)
    return isDone
  }

  /// ``putBackBlock(_:order:)`` where the zone's lock is not kept for this CPU.
  @inline(never)
  private func putBackLocking(
    _ frame: Int, order: Int, own: UnsafeMutablePointer<PerCPUState>
  ) -> Bool {
    let zone = own.pointee.zone
    zone.state.pointee.lock.lock()
    let step = zone.freeAloneLocked(frame, order: order)
    guard step == .done || step == .buddyIsFree && zone.mergeLocked(frame, order: order) else {
      zone.state.pointee.lock.unlock()
      return false
    }
    own.pointee.countDirect(freed: 1 &<< order)
    if zone.freePages > zone.state.pointee.calmAbove { zone.pressureChangedLocked() }
    zone.state.pointee.lock.unlock(orKeepFor: own)
    return true
  }

  /// Puts a huge page on the CPU's list for those, or gives a larger block back.
  @inline(never)
  private func putBackLarge(
    _ frame: Int, order: Int, own: UnsafeMutablePointer<PerCPUState>
  ) -> Bool {
    guard order <= maxOrder,
      PageState(rawValue: state.pointee.states[frame].load(ordering: .relaxed)).isAllocated(order)
    else { return false }
    if order == maxOrder {
      let zone = own.pointee.zone
      let isDone = zone.withLock(for: own) { zone.returnLargeLocked(frame) }
      if isDone { own.pointee.countDirect(freed: 1 &<< order) }
      return isDone
    }
    let route = state.pointee.blockRoutes + frame &>> pageblockOrder
    guard order == PerCPUPages.hugePageOrder, hasHugePages,
      state.pointee.guarded.enter(unless: own.pointee.slowBits)
    else { return false }
    PerCPUPages(cpu: state, state: own).put(
      UInt32(frame), order: order, list: isMovable(route) ? 13 : 12)
    state.pointee.guarded.leave()
    return true
  }
}

extension CPU {
  /// Whether nothing about the request, its zone or the CPU needs a closer look.
  @inline(__always)
  private func mayTake(_ gfp: GFPFlags, by route: UnsafeMutablePointer<AllocateRoute>) -> Bool {
    let slow = state.pointee.guarded.slowBits.load(ordering: .relaxed)
    return slow & (gfp.rawValue | route.pointee.slowBits) == 0
  }

  /// The page lists at an offset that a route names.
  @inline(__always)
  private func pageState(at offset: Int) -> UnsafeMutablePointer<PerCPUState> {
    (UnsafeMutableRawPointer(state) + offset).assumingMemoryBound(to: PerCPUState.self)
  }

  /// The list of huge pages that are movable, or of those that are not.
  @inline(__always)
  private func hugeList(
    of zone: UnsafeMutablePointer<PerCPUState>, movable: Bool
  ) -> UnsafeMutablePointer<PageStack> {
    (UnsafeMutableRawPointer(zone) + PerCPULayout.hugeOffset(movable: movable))
      .assumingMemoryBound(to: PageStack.self)
  }

  /// Whether pages of a pageblock go to the lists of movable ones.
  @inline(__always)
  private func isMovable(_ route: UnsafeMutablePointer<FreeRoute>) -> Bool {
    let list = Int(route.pointee.list.load(ordering: .relaxed)) - Int(route.pointee.zone)
    return list == PerCPULayout.stateBytes + MemoryLayout<PageStack>.stride
  }

  private var hasHugePages: Bool {
    state.pointee.machine.unsafelyUnwrapped._withUnsafeGuaranteedRef { $0.kind.hasHugePages }
  }
}

extension Machine {
  /// The CPU's lists have nothing for a request, and its zone has plenty of memory.
  fileprivate func takeRefilling(
    order: Int, gfp: GFPFlags, cpu: CPU, own: UnsafeMutablePointer<PerCPUState>, type: MigrateType
  ) -> PageFrame? {
    let zone = own.pointee.zone
    // Where kswapd waits for a thread, the slow path lends it this one.
    guard !reclaimer.kswapd.isAwake, let list = PerCPUPages.list(order, type),
      zone.orders(type) &>> UInt32(truncatingIfNeeded: order) != 0,
      cpu.state.pointee.guarded.enter(allocating: gfp)
    else { return nil }
    let frame = PerCPUPages(cpu: cpu.state, state: own).take(
      order: order, type: type, list: list, flags: firstFlags(gfp, best: zone))
    if let frame { map[frame] = .allocated(order, gfp) }
    cpu.state.pointee.guarded.leave()
    if gfp.contains(.kswapdReclaim), zone.takeBoosted() {
      wakeKswapd(order: 0, highestZone: zone.index, flags: .kswapd)
      runKswapdAfter(
        PageRequest(
          order: order, gfp: gfp, type: type,
          highestZone: routes[Int(gfp.rawValue & 0x1f)].highestZone, cpu: cpu))
    }
    return frame.map { PageFrame(Int($0)) }
  }
}

extension Zone {
  /// Whether so many pages are free that a request of an order need not look at watermarks.
  @inline(__always)
  fileprivate func hasPlenty(order: Int) -> Bool {
    freePages &- (1 &<< order) > state.pointee.plentyAbove.load(ordering: .relaxed)
  }

  /// Whether any request could be served with a block of an order.
  @inline(__always)
  fileprivate func hasBlock(order: Int) -> Bool {
    (orders(.unmovable) | orders(.movable) | orders(.reclaimable))
      &>> UInt32(truncatingIfNeeded: order) != 0
  }

  /// Adds an allocated block of the largest order; false when there is no such block.
  fileprivate func returnLargeLocked(_ frame: Int) -> Bool {
    guard map[UInt32(frame)].isAllocated(maxOrder) else { return false }
    if !addLargeLocked(frame, order: maxOrder) {
      returnMergingLocked(frame, order: maxOrder, toTail: false)
    }
    return true
  }
}
