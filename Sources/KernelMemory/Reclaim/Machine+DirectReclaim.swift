extension Machine {
  /// Pages that one direct reclaim tries to get back (`SWAP_CLUSTER_MAX`).
  static let reclaimTarget = 32
  /// The gentlest priority: shrinkers look at 1/4096 of their objects (`DEF_PRIORITY`).
  static let gentlestPriority = 12

  /// Has the requester itself get memory back (`try_to_free_pages`).
  ///
  /// Asks shrinkers with rising insistence until 32 pages are back. The mask goes to the shrinkers, so that those
  /// that need file systems or devices can keep still. What it allocates meanwhile has all reserves and does not
  /// reclaim again.
  /// - Returns: pages got back; 0 means no progress.
  func reclaimDirectly(_ request: PageRequest) -> Int {
    reclaimer.events.add(to: .allocationStalls)
    throttle(request)
    let control = ShrinkControl(gfp: request.gfp, cpu: request.cpu, isKswapd: false)
    let pages = request.cpu.reclaiming(as: nil) {
      var priority = Self.gentlestPriority
      while priority >= 0 {
        let scanned = shrink(control, priority: priority)
        reclaimer.events.add(scanned, to: .scannedDirectly)
        if request.cpu.context.reclaimed ?? 0 >= Self.reclaimTarget { break }
        priority -= 1
      }
      return request.cpu.context.reclaimed ?? 0
    }
    reclaimer.events.add(pages, to: .reclaimedDirectly)
    if pages > 0 { reclaimer.kswapd.hasProgress() }
    return pages
  }

  /// Whether a failed request should try again, for there is hope (`should_reclaim_retry`).
  ///
  /// - Parameter fruitless: tries in a row without progress; counted here.
  func shouldRetry(
    _ request: PageRequest, flags: AllocationFlags, progress: Int, fruitless: inout Int
  ) -> Bool {
    if progress > 0 && request.order <= PerCPUPages.maxSmallOrder {
      fruitless = 0
    } else {
      fruitless += 1
    }
    if fruitless <= 16 {
      let control = ShrinkControl(gfp: request.gfp, cpu: request.cpu, isKswapd: false)
      let reclaimable = reclaimablePages(control)
      for zone in zonelists[request.highestZone]
      where zone.isWatermarkMet(
        order: request.order, mark: zone.mark(.minWatermark), highestZone: request.highestZone,
        flags: flags, expecting: reclaimable)
      {
        return true
      }
    }
    return false
  }

  /// Lets kswapd go first when the reserves are half used up (`throttle_direct_reclaim`).
  ///
  /// Waits for a kswapd that has a thread, at most a second; without one there is nobody to wait for.
  private func throttle(_ request: PageRequest) {
    if reclaimer.kswapd.hasFailed || mayReclaimDirectly() { return }
    reclaimer.events.add(to: .throttled)
    var milliseconds = 0
    while reclaimer.kswapd.isThreadBusy && milliseconds < 1000 && !mayReclaimDirectly() {
      sleepMillisecond()
      milliseconds += 1
    }
  }

  /// Whether more than half of the min watermarks is free, over the zones up to Normal (`allow_direct_reclaim`).
  private func mayReclaimDirectly() -> Bool {
    let zones = node.zones.filter { $0.kind.isLowMemory && $0.managed > 0 }
    let reserve = zones.reduce(0) { $0 + $1.watermarks.min }
    return reserve == 0 || zones.reduce(0) { $0 + $1.freePages } > reserve / 2
  }
}
