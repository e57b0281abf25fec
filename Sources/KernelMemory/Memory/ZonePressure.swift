import Synchronization

/// Who takes pages from a zone: told when its free pages become few, so that nobody else has to look.
struct Processors {
  /// Their states; as long as the machine.
  let states: [UnsafeMutablePointer<CPUState>]
  /// The bit of the CPUs' ``CPUGuard/slowBits`` that says that this zone needs a closer look.
  var slowBit: UInt32 { CPUGuard.shortage(inZone: zone) }
  let zone: Int
  /// By pageblock, where a CPU's fast path puts a page that is freed there.
  let blockRoutes: UnsafeMutablePointer<FreeRoute>
  /// Whether memory is too small to be grouped by mobility.
  let groupingDisabled: Bool
}

extension Zone {
  /// Free pages beyond the mark before the zone counts as calm again, so that it does not go to and fro.
  private static var slack: Int { 128 }

  /// Sends all CPUs to their slow paths while the zone has few free pages or is below its high watermark, and back.
  ///
  /// Needs the lock. To be called when free pages cross ``ZoneState/lowAt`` or ``ZoneState/calmAbove``, and when
  /// what these depend on has changed.
  @inline(never)
  @usableFromInline
  func pressureChangedLocked() {
    guard managed > 0, let processors = state.pointee.processors else { return }
    // For orders up to 3 the few pages that the check of an order subtracts do not matter this far up.
    let enough =
      watermarks.high + 7 + state.pointee.freeHighAtomic.load(ordering: .relaxed)
    let wasLow = state.pointee.calmAbove != .max
    let isLow = freePages <= (wasLow ? enough + Self.slack : enough)
    state.pointee.lowAt = isLow ? .min : enough
    state.pointee.calmAbove = isLow ? enough + Self.slack : .max
    state.pointee.plentyAbove.store(isLow ? .max : enough, ordering: .relaxed)
    let look = isLow || isBelowHigh
    for cpu in processors.states {
      if look {
        cpu.pointee.guarded.slowBits.bitwiseOr(processors.slowBit, ordering: .relaxed)
      } else {
        cpu.pointee.guarded.slowBits.bitwiseAnd(~processors.slowBit, ordering: .relaxed)
      }
    }
  }

  /// Whether an allocation met fewer free pages than the high watermark (`ZONE_BELOW_HIGH`).
  var isBelowHigh: Bool { state.pointee.belowHigh.load(ordering: .relaxed) }

  /// From now on these take pages from the zone.
  func serve(_ processors: Processors) {
    withLock {
      state.pointee.processors = processors
      pressureChangedLocked()
    }
  }

  /// Notes that an allocation met fewer free pages than the high watermark, or that there are enough again.
  func setBelowHigh(_ isBelow: Bool) {
    if isBelowHigh == isBelow { return }
    withLock {
      state.pointee.belowHigh.store(isBelow, ordering: .relaxed)
      pressureChangedLocked()
    }
  }

  func setWatermarks(_ marks: Watermarks) {
    withLock {
      state.pointee.watermarks = marks
      state.pointee.boost.store(0, ordering: .relaxed)
      pressureChangedLocked()
    }
  }

  /// The watermarks, boost included.
  public var watermarks: Watermarks {
    let marks = state.pointee.watermarks
    let boost = self.boost
    return Watermarks(
      min: marks.min + boost, low: marks.low + boost, high: marks.high + boost,
      promo: marks.promo + boost)
  }

  /// Pages added to every watermark since fragmentation threatened (`watermark_boost`).
  public var boost: Int { state.pointee.boost.load(ordering: .relaxed) }

  /// Takes back a part of the boost, as kswapd does when it has reclaimed for it.
  func reduceBoost(by pages: Int) {
    withLock {
      state.pointee.boost.store(max(boost - pages, 0), ordering: .relaxed)
      pressureChangedLocked()
    }
  }

  /// Whether the watermarks were raised since the last call; kswapd is to be woken then
  /// (`ZONE_BOOSTED_WATERMARK`).
  func takeBoosted() -> Bool {
    state.pointee.isBoosted.load(ordering: .relaxed)
      && state.pointee.isBoosted.exchange(false, ordering: .relaxed)
  }
}
