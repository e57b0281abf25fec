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
    if order != 0 || zone.pointee.budget < 0 {
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
    if order != 0 || zone.pointee.zone.isBelowHigh || !zone.pointee.extendBudget() {
      let pages = PerCPUPages(cpu: state, state: zone)
      pages.freed(order: order, list: pages.list(of: list))
    }
    state.pointee.guarded.leave()
  }

  /// Takes a block past the CPU's lists when the zone has plenty of the mask's own type.
  @inline(__always)
  func takeDirectly(order: Int, gfp: GFPFlags) -> PageFrame? {
    let route = route(gfp)
    let slow = state.pointee.guarded.slowBits.load(ordering: .relaxed)
    guard slow & (gfp.rawValue | route.pointee.slowBits) == 0,
      let type = MigrateType(rawValue: UInt8(truncatingIfNeeded: gfp.rawValue &>> 3 & 3))
    else { return nil }
    let own = UnsafeMutableRawPointer(state)
    let zone = (own + Int(route.pointee.zone)).assumingMemoryBound(to: PerCPUState.self)
    guard let frame = zone.pointee.zone.takeOwn(order: order, type: type, gfp: gfp) else {
      return nil
    }
    zone.pointee.countDirect(allocated: 1 &<< order)
    return PageFrame(Int(frame))
  }

  /// Gives a block to the buddy lists; false when something needs a closer look, a bad call among others.
  @inline(__always)
  func putBackDirectly(_ number: Int, order: Int) -> Bool {
    let slow = state.pointee.guarded.slowBits.load(ordering: .relaxed)
    guard UInt(bitPattern: number) < state.pointee.frames, slow & CPUGuard.reclaiming == 0 else {
      return false
    }
    let route = state.pointee.blockRoutes + number &>> pageblockOrder
    let zone = (UnsafeMutableRawPointer(state) + Int(route.pointee.zone))
      .assumingMemoryBound(to: PerCPUState.self)
    // Of a pageblock without memory the route leads nowhere.
    guard route.pointee.zone != 0, zone.pointee.zone.tryFree(number, order: order) else {
      return false
    }
    zone.pointee.countDirect(freed: 1 &<< order)
    return true
  }
}
