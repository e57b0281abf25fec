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
    try cpu.allocatePages(order: order, gfp: gfp)
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
    try cpu.freePages(frame, order: order)
  }
}

/// The same calls on the processor's handle, which knows its machine: callers who keep handles in raw memory count no
/// references.
extension CPU {
  /// ``Machine/allocatePages(order:gfp:cpu:)``.
  @inlinable
  @inline(__always)
  public func allocatePages(order: Int, gfp: GFPFlags) throws(PageError) -> PageFrame? {
    // Known to be 0, the order costs nothing.
    if UInt(bitPattern: order) <= UInt(bitPattern: PerCPUPages.maxSmallOrder) {
      if let page = takeReady(order: order, gfp: gfp) { return page }
      if let page = takeRefilling(order: order, gfp: gfp) { return page }
    } else if let page = takeBlock(order: order, gfp: gfp) {
      return page
    }
    return try allocateSlowly(order: order, gfp: gfp)
  }

  /// ``Machine/freePages(_:order:cpu:)``.
  @inlinable
  @inline(__always)
  public func freePages(_ frame: PageFrame, order: Int) throws(PageError) {
    if UInt(bitPattern: order) <= UInt(bitPattern: PerCPUPages.maxSmallOrder) {
      if putBack(frame.number, order: order) { return }
    } else if putBackBlock(frame.number, order: order) {
      return
    }
    try freeSlowly(frame, order: order)
  }

  var machine: Machine { state.pointee.machine.unsafelyUnwrapped.takeUnretainedValue() }

  @inline(never)
  @usableFromInline
  func allocateSlowly(order: Int, gfp: GFPFlags) throws(PageError) -> PageFrame? {
    try machine.allocateSlowly(order: order, gfp: gfp, cpu: self)
  }

  @inline(never)
  @usableFromInline
  func freeSlowly(_ frame: PageFrame, order: Int) throws(PageError) {
    try machine.freeSlowly(frame, order: order, cpu: self)
  }
}
