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
    var left = freePages + extra - ((1 << order) - 1)
    if flags.isDisjoint(with: .reserves) {
      left -= state.pointee.freeHighAtomic.load(ordering: .relaxed)
    }
    if left <= least + protection(against: highestZone) { return false }
    if order == 0 { return true }
    var orders = orders(.unmovable) | orders(.movable) | orders(.reclaimable)
    if !flags.isDisjoint(with: [.highAtomic, .oomVictim]) { orders |= self.orders(.highAtomic) }
    return orders >> UInt32(order) != 0
  }

  /// The orders of the free lists of a type that are not empty, as bits.
  func orders(_ type: MigrateType) -> UInt32 {
    lists(type).nonEmpty.pointee.load(ordering: .relaxed)
  }

  /// The watermark that an allocation's flags name, boost included.
  func mark(_ flags: AllocationFlags) -> Int {
    let marks = watermarks
    if flags.contains(.highWatermark) { return marks.high }
    return flags.contains(.lowWatermark) ? marks.low : marks.min
  }
}
