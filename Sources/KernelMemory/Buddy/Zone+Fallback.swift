import Synchronization

/// How the last page of a bulk refill was found, so that the next does not search again (`enum rmqueue_mode`).
@usableFromInline
enum FallbackMode {
  /// From the type's own lists.
  case own
  /// By claiming a pageblock.
  case claim
  /// By stealing from another type's lists.
  case steal
}

/// How often an allocation had to take memory of another migrate type (`mm_page_alloc_extfrag`).
public struct FallbackCounts: Hashable, Sendable {
  /// Blocks taken by claiming a pageblock for the request's type (`__rmqueue_claim`).
  public var claimed = 0
  /// Blocks taken out of another type's pageblock (`__rmqueue_steal`).
  public var stolen = 0
  /// Of both, those from a free block smaller than a pageblock (`fragmenting=1`).
  public var fragmenting = 0
  /// Of both, those whose pageblock has the request's type now (`change_ownership=1`).
  public var ownershipChanged = 0
}

extension MigrateType {
  /// The types whose lists are tried when one's own are empty (`fallbacks`).
  var fallbacks: (MigrateType, MigrateType) {
    switch self {
    case .unmovable: (.reclaimable, .movable)
    case .movable: (.reclaimable, .unmovable)
    default: (.unmovable, .movable)
    }
  }
}

/// What happens when the lists of a request's type are empty. Source: `__rmqueue`, `__rmqueue_claim`,
/// `try_to_claim_block` and `__rmqueue_steal` in `mm/page_alloc.c` (6.12.117).
extension Zone {
  public var fallbackCounts: FallbackCounts { withLock { state.pointee.fallbacks } }

  private var isGroupingDisabled: Bool {
    state.pointee.processors?.groupingDisabled ?? false
  }

  /// Takes a block for a request, past the per-CPU lists (`rmqueue_buddy`).
  func takeBlock(order: Int, type: MigrateType, flags: AllocationFlags) -> UInt32? {
    withLock {
      let frame = takeAnyLocked(order: order, type: type, flags: flags)
      // Under the lock still, or whoever frees its buddy would take it for free and merge the two.
      if let frame { map[frame] = .allocated(order) }
      return frame
    }
  }

  private func takeAnyLocked(order: Int, type: MigrateType, flags: AllocationFlags) -> UInt32? {
    if flags.contains(.highAtomic), let frame = takeHighAtomicLocked(order: order) {
      return frame
    }
    var mode = FallbackMode.own
    if let frame = takeLocked(order: order, type: type, flags: flags, mode: &mode) {
      return frame
    }
    // Failing now is worse than failing an atomic request of several pages later.
    return flags.isDisjoint(with: [.oomVictim, .nonBlock])
      ? nil : takeHighAtomicLocked(order: order)
  }

  /// Takes a block of the type, by turning others to it or out of others' pageblocks if need be (`__rmqueue`).
  func takeLocked(
    order: Int, type: MigrateType, flags: AllocationFlags, mode: inout FallbackMode
  ) -> UInt32? {
    if mode == .own, let frame = takeSmallestLocked(order: order, type: type) { return frame }
    if mode != .steal, let frame = claimLocked(order: order, type: type, flags: flags) {
      mode = .own
      return frame
    }
    if !flags.contains(.noFragment), let frame = stealLocked(order: order, type: type) {
      mode = .steal
      return frame
    }
    return nil
  }

  /// The first type with a free block of an order, as a request of another type would take it.
  private func fallback(for type: MigrateType, order: Int) -> MigrateType? {
    let (first, second) = type.fallbacks
    if orders(first) >> UInt32(order) & 1 == 1 { return first }
    return orders(second) >> UInt32(order) & 1 == 1 ? second : nil
  }

  /// Makes a whole pageblock the type's own, from the largest free block down: the largest is likely to lie where
  /// most is free.
  private func claimLocked(order: Int, type: MigrateType, flags: AllocationFlags) -> UInt32? {
    // Smaller blocks are other types' business as long as another zone may do.
    let least = order < pageblockOrder && flags.contains(.noFragment) ? pageblockOrder : order
    for blockOrder in stride(from: maxOrder, through: least, by: -1) {
      guard mayClaim(order: blockOrder, type: type) else { return nil }
      guard let other = fallback(for: type, order: blockOrder) else { continue }
      let block = state.pointee.map.links[Int(listHead(blockOrder, other))].next
      let frame =
        if blockOrder >= pageblockOrder {
          takeWholeLocked(block, order: blockOrder, of: other, for: order, type: type)
        } else {
          claimBlockLocked(around: block, of: other, for: order, type: type, flags: flags)
        }
      if let frame {
        countFallback(\.claimed, at: frame, from: blockOrder, type: type)
        return frame
      }
    }
    return nil
  }

  /// Whether so small a block is reason enough to claim its pageblock (`should_try_claim_block`).
  ///
  /// Unmovable memory in a movable pageblock fragments it for good, movable memory anywhere does not.
  private func mayClaim(order: Int, type: MigrateType) -> Bool {
    order >= pageblockOrder / 2 || type != .movable || isGroupingDisabled
  }

  private func takeWholeLocked(
    _ block: UInt32, order blockOrder: Int, of other: MigrateType, for order: Int,
    type: MigrateType
  ) -> UInt32? {
    moveLocked(block, order: blockOrder, from: other, to: type, toTail: false)
    for half in 0..<1 << (blockOrder - pageblockOrder) {
      setTypeLocked(block: Int(block) >> pageblockOrder + half, to: type)
    }
    // Of all blocks of its new type only this one is large enough, else no other type would have been asked.
    return takeSmallestLocked(order: order, type: type)
  }

  private func claimBlockLocked(
    around block: UInt32, of other: MigrateType, for order: Int, type: MigrateType,
    flags: AllocationFlags
  ) -> UInt32? {
    if boostLocked(), flags.contains(.kswapd) {
      state.pointee.isBoosted.store(true, ordering: .relaxed)
    }
    let pageblock = Int(block) >> pageblockOrder
    guard let frames = frames(ofBlock: pageblock) else { return nil }
    let (free, movable) = countLocked(frames)
    let alike =
      switch (type, other) {
      case (.movable, _): movable
      // What cannot be moved is like the request, whichever of the two types it is.
      case (_, .movable): frames.count - free - movable
      default: 0
      }
    guard free + alike >= frames.count / 2 || isGroupingDisabled else { return nil }
    moveFreeLocked(frames, from: other, to: type)
    setTypeLocked(block: pageblock, to: type)
    return takeSmallestLocked(order: order, type: type)
  }

  /// Takes the smallest sufficient block of another type, which keeps the remainder.
  private func stealLocked(order: Int, type: MigrateType) -> UInt32? {
    for blockOrder in order...maxOrder {
      guard let other = fallback(for: type, order: blockOrder) else { continue }
      // No smaller order of this type has one.
      guard let frame = takeSmallestLocked(order: order, type: other) else { continue }
      countFallback(\.stolen, at: frame, from: blockOrder, type: type)
      return frame
    }
    return nil
  }

  private func countFallback(
    _ way: WritableKeyPath<FallbackCounts, Int>, at frame: UInt32, from order: Int,
    type: MigrateType
  ) {
    var counts = state.pointee.fallbacks
    counts[keyPath: way] += 1
    if order < pageblockOrder { counts.fragmenting += 1 }
    if blockType(of: frame) == type { counts.ownershipChanged += 1 }
    state.pointee.fallbacks = counts
  }

  /// Raises the watermarks by a pageblock, so that reclaim makes room before the next fallback (`boost_watermark`).
  private func boostLocked() -> Bool {
    let pages = 1 << pageblockOrder
    let high = state.pointee.watermarks.high
    let most = high * 15000 / 10000
    // Small machines could end up out of memory because of it.
    guard 4 * pages <= managed, most > 0 else { return false }
    state.pointee.boost.store(min(boost + pages, max(most, pages)), ordering: .relaxed)
    pressureChangedLocked()
    return true
  }
}
