extension Machine {
  /// Allocates a block of 2^order pages (`alloc_pages`).
  ///
  /// The zones that the mask allows are tried from the highest down, first above the low watermark, then above the
  /// min watermark less the mask's share of the reserve, then once more after all per-CPU lists were drained. Direct
  /// reclaim does not exist. With `__GFP_ZERO` the block is filled with zeros; else it holds what its last owner left.
  ///
  /// - Parameters:
  ///   - order: 0 to ``maxOrder``.
  ///   - gfp: what the caller allows and asks for.
  ///   - cpu: the calling thread's processor.
  /// - Returns: the first frame, a multiple of 2^order; nil when memory is short.
  /// - Throws: ``PageError/orderOutOfRange(_:)``, or ``PageError/badMask(_:)`` for a mask that contradicts itself.
  /// - Complexity: O(1) mostly; O(zones × ``maxOrder``) at worst but for the drain.
  @inlinable
  public func allocatePages(
    order: Int, gfp: GFPFlags, cpu: CPU
  ) throws(PageError) -> PageFrame? {
    let route = routes[Int(gfp.rawValue & 0x1f)]
    if UInt(bitPattern: order) <= UInt(bitPattern: PerCPUPages.maxSmallOrder),
      // For orders up to 3 the few pages that the check of an order subtracts do not matter this far up.
      route.zone.freePages &- 7 > route.enough,
      let frame = cpu.pages(zoneIndex: route.zoneIndex).take(order: order, list: order)
    {
      let page = PageFrame(Int(frame))
      if gfp.contains(.zero) { clear(page, order: order) }
      return page
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
  public func freePages(_ frame: PageFrame, order: Int, cpu: CPU) throws(PageError) {
    if UInt(bitPattern: order) <= UInt(bitPattern: PerCPUPages.maxSmallOrder),
      map.contains(frame)
    {
      let number = UInt32(truncatingIfNeeded: frame.number)
      if map[number] == .allocated(order) {
        let zone = Int(zoneOfSection[frame.number &>> maxOrder])
        if cpu.pages(zoneIndex: zone).put(number, order: order, list: order) { return }
      }
    }
    try freeSlowly(frame, order: order, cpu: cpu)
  }
}
