import Synchronization

extension Zone {
  /// Whether a request of an order may be served without going below a mark (`__zone_watermark_ok`).
  ///
  /// - Parameters:
  ///   - mark: a watermark in pages; rights to the reserves reduce it.
  ///   - highestZone: index of the highest zone that the request could use; what is kept back from such requests is
  ///     added to the mark.
  ///   - extra: pages to count as free beyond those that are.
  /// - Complexity: O(1).
  public func isWatermarkMet(
    order: Int, mark: Int, highestZone: Int, flags: AllocationFlags = [], expecting extra: Int = 0
  ) -> Bool {
    var least = mark
    if flags.contains(.minReserve) {
      least -= least / 2
      if flags.contains(.nonBlock) { least -= least / 4 }
    }
    if flags.contains(.oomVictim) { least -= least / 2 }
    let left = freePages + extra - ((1 << order) - 1)
    if left <= least + protection(against: highestZone) { return false }
    return order == 0 || state.pointee.nonEmptyOrders >> UInt32(order) != 0
  }

  /// The watermark that an allocation's flags name.
  func mark(_ flags: AllocationFlags) -> Int {
    let marks = state.pointee.watermarks
    if flags.contains(.highWatermark) { return marks.high }
    return flags.contains(.lowWatermark) ? marks.low : marks.min
  }

  /// Whether an allocation met fewer free pages than the high watermark (`ZONE_BELOW_HIGH`).
  @inlinable var isBelowHigh: Bool {
    get { state.pointee.belowHigh.load(ordering: .relaxed) }
    nonmutating set { state.pointee.belowHigh.store(newValue, ordering: .relaxed) }
  }
}
