import Synchronization

extension Machine {
  /// Allocates a block of 2^order pages (`alloc_pages`).
  ///
  /// Pages come from the CPU's own lists as long as these have some and the zone has plenty; for the rest see the slow
  /// path. With `__GFP_ZERO` the block is filled with zeros; else it holds what its last owner left.
  ///
  /// - Parameters:
  ///   - order: 0 to ``maxOrder``.
  ///   - gfp: what the caller allows and asks for.
  ///   - cpu: the calling thread's processor.
  /// - Returns: the first frame, a multiple of 2^order; nil when memory is short.
  /// - Throws: ``PageError/orderOutOfRange(_:)``, or ``PageError/badMask(_:)`` for a mask that contradicts itself.
  /// - Complexity: O(1) mostly; O(zones × ``maxOrder``) at worst but for the drain.
  @inlinable
  @inline(__always)
  public func allocatePages(
    order: Int, gfp: GFPFlags, cpu: CPU
  ) throws(PageError) -> PageFrame? {
    if UInt(bitPattern: order) <= UInt(bitPattern: PerCPUPages.maxSmallOrder) {
      let route = cpu.state.pointee.routes + Int(gfp.rawValue & 0x1f)
      // One test for all that is not ordinary: clearing, a zone short of memory, the CPU's lists in others' hands.
      if cpu.state.pointee.guarded.enter(unless: gfp.rawValue | route.pointee.slowBits) {
        let own = UnsafeMutableRawPointer(cpu.state)
        let list = (own + Int(route.pointee.list) + order &<< 6)
          .assumingMemoryBound(to: PageStack.self)
        if !list.pointee.isEmpty {
          let frame = list.pointee.top[-1]
          let zone = (own + Int(route.pointee.zone)).assumingMemoryBound(to: PerCPUState.self)
          zone.pointee.freeCount &>>= 1
          list.pointee.top -= 1
          cpu.state.pointee.states[Int(frame)].store(
            PageState.allocated(order, gfp).rawValue, ordering: .relaxed)
          cpu.state.pointee.guarded.leave()
          return PageFrame(Int(frame))
        }
        cpu.state.pointee.guarded.leave()
      }
    }
    return try allocateSlowly(order: order, gfp: gfp, cpu: cpu)
  }

  @inlinable
  func clear(_ frame: PageFrame, order: Int) {
    pointer(to: frame).initializeMemory(as: UInt8.self, repeating: 0, count: pageSize &<< order)
  }

  /// Frees a block (`__free_pages`).
  ///
  /// - Parameters:
  ///   - frame: the block's first frame.
  ///   - order: the order it was allocated with, or 0 for each page of a block that was split.
  ///   - cpu: the calling thread's processor; need not be the one that allocated.
  /// - Throws: ``PageError`` that names the page and what it is; nothing changes then.
  /// - Complexity: O(1) mostly, amortised.
  @inlinable
  @inline(__always)
  public func freePages(_ frame: PageFrame, order: Int, cpu: CPU) throws(PageError) {
    let number = frame.number
    if UInt(bitPattern: order) <= UInt(bitPattern: PerCPUPages.maxSmallOrder),
      UInt(bitPattern: number) < cpu.state.pointee.frames,
      PageState(rawValue: cpu.state.pointee.states[number].load(ordering: .relaxed))
        .isAllocated(order)
    {
      let route = cpu.state.pointee.blockRoutes + number &>> pageblockOrder
      let own = UnsafeMutableRawPointer(cpu.state)
      let zone = (own + Int(route.pointee.zone)).assumingMemoryBound(to: PerCPUState.self)
      let list = (own + Int(route.pointee.list.load(ordering: .relaxed)) + order &<< 6)
        .assumingMemoryBound(to: PageStack.self)
      if cpu.state.pointee.guarded.enter(unless: zone.pointee.slowBits) {
        list.pointee.top.pointee = UInt32(truncatingIfNeeded: number)
        list.pointee.top += 1
        cpu.state.pointee.states[number].store(
          PageState.perCPU(order).rawValue, ordering: .relaxed)
        zone.pointee.freeCount &+= 1 &<< order
        zone.pointee.budget &-= 1 &<< order
        if order != 0 || zone.pointee.budget < 0 {
          freed(to: list, of: zone, order: order, cpu: cpu)
        }
        cpu.state.pointee.guarded.leave()
        return
      }
    }
    try freeSlowly(frame, order: order, cpu: cpu)
  }

  @inline(never)
  @usableFromInline
  func freed(
    to list: UnsafeMutablePointer<PageStack>, of zone: UnsafeMutablePointer<PerCPUState>,
    order: Int, cpu: CPU
  ) {
    let pages = PerCPUPages(cpu: cpu.state, state: zone)
    pages.freed(order: order, list: pages.list(of: list))
  }
}
