import Synchronization

/// What a CPU does by itself, without a look at watermarks: takes pages that lie ready, and puts them back.
extension CPU {
  /// Takes a block of order 0 to 3 from the CPU's list for a mask; nil when something needs a closer look.
  @inlinable
  @inline(__always)
  package func takeReady(order: Int, gfp: GFPFlags) -> PageFrame? {
    let route = route(gfp)
    // One test for all that is not ordinary: clearing, a zone short of memory, the CPU's lists in others' hands.
    guard state.pointee.guarded.enter(unless: gfp.rawValue | route.pointee.slowBits) else {
      return nil
    }
    let own = UnsafeMutableRawPointer(state)
    let list = (own + Int(route.pointee.list) + order &<< 6)
      .assumingMemoryBound(to: PageStack.self)
    guard !list.pointee.isEmpty else {
      state.pointee.guarded.leave()
      return nil
    }
    let frame = list.pointee.top[-1]
    let zone = (own + Int(route.pointee.zone)).assumingMemoryBound(to: PerCPUState.self)
    zone.pointee.freeCount &>>= 1
    list.pointee.top -= 1
    state.pointee.states[Int(frame)].store(
      PageState.allocated(order, gfp).rawValue, ordering: .relaxed)
    state.pointee.guarded.leave()
    return PageFrame(Int(frame))
  }

  /// Puts a block of order 0 to 3 on the CPU's list for its pageblock; false when something needs a closer look, a bad
  /// call among others.
  @inlinable
  @inline(__always)
  package func putBack(_ number: Int, order: Int) -> Bool {
    let states = state.pointee.states
    guard UInt(bitPattern: number) < state.pointee.frames,
      PageState(rawValue: states[number].load(ordering: .relaxed)).isAllocated(order)
    else { return false }
    let route = state.pointee.blockRoutes + number &>> pageblockOrder
    let own = UnsafeMutableRawPointer(state)
    let zone = (own + Int(route.pointee.zone)).assumingMemoryBound(to: PerCPUState.self)
    let list = (own + Int(route.pointee.list.load(ordering: .relaxed)) + order &<< 6)
      .assumingMemoryBound(to: PageStack.self)
    guard state.pointee.guarded.enter(unless: zone.pointee.slowBits) else { return false }
    list.pointee.top.pointee = UInt32(truncatingIfNeeded: number)
    list.pointee.top += 1
    states[number].store(PageState.perCPU(order).rawValue, ordering: .relaxed)
    zone.pointee.freeCount &+= 1 &<< order
    zone.pointee.budget &-= 1 &<< order
    if zone.pointee.needsLook(afterFreeOf: order) {
      leaveFreed(to: list, of: zone, order: order)
    } else {
      state.pointee.guarded.leave()
    }
    return true
  }

  /// Ends a free that may have more to do.
  @inline(never)
  @usableFromInline
  func leaveFreed(
    to list: UnsafeMutablePointer<PageStack>, of zone: UnsafeMutablePointer<PerCPUState>,
    order: Int
  ) {
    if order != 0 || zone.pointee.freeCount > zone.pointee.freeCountMost
      || zone.pointee.zone.isBelowHigh || !zone.pointee.extendBudget()
    {
      let pages = PerCPUPages(cpu: state, state: zone)
      pages.freed(order: order, list: pages.list(of: list))
    }
    state.pointee.guarded.leave()
  }
}
