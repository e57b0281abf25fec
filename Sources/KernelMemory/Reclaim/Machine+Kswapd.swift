extension Machine {
  /// Wakes kswapd, unless it is of no use (`wakeup_kswapd`).
  ///
  /// - Parameter flags: kswapd is woken only if they say so.
  func wakeKswapd(order: Int, highestZone: Int, flags: AllocationFlags) {
    guard flags.contains(.kswapd), !zonelists[highestZone].isEmpty else { return }
    reclaimer.kswapd.note(order: order, highestZone: highestZone)
    if reclaimer.kswapd.hasFailed
      || isBalanced(order: order, highestZone: highestZone)
        && !isBoosted(upTo: highestZone)
    {
      return
    }
    if reclaimer.kswapd.wake() { reclaimer.events.add(to: .kswapdWakeups) }
  }

  /// Runs kswapd if it was woken, on the caller's CPU; nothing happens otherwise.
  ///
  /// Also when kswapd has a thread, in case that is busy elsewhere.
  /// - Returns: pages got back.
  @discardableResult
  public func runKswapd(cpu: CPU) -> Int {
    var pages = 0
    while let wish = reclaimer.kswapd.begin() {
      pages += balance(wish, cpu: cpu)
      reclaimer.kswapd.end()
    }
    return pages
  }

  /// Whether kswapd was woken and waits for its turn.
  public var isKswapdAwake: Bool { reclaimer.kswapd.isAwake }

  /// Gives kswapd a thread of its own, which runs whenever it is woken.
  ///
  /// - Parameter cpu: the CPU it runs on; nobody else may use it before ``stopKswapd()``.
  /// - Returns: false when kswapd has a thread already, or the system gives none; nothing changes then.
  @discardableResult
  public func startKswapd(on cpu: CPU) -> Bool {
    reclaimer.kswapd.start { [weak self] in
      guard let self else { return false }
      self.runKswapd(cpu: cpu)
      return true
    }
  }

  /// Ends kswapd's thread and waits until it has; from then on it runs as ``ReclaimSettings/kswapdMode`` says.
  ///
  /// A machine that goes away does so by itself.
  public func stopKswapd() { reclaimer.kswapd.stop() }

  /// Runs kswapd at the end of a request on the request's thread, where that is wanted and allowed.
  ///
  /// Only where the request could have reclaimed itself, with all rights: any other caller may hold locks that a
  /// shrinker wants, which for a kswapd of its own thread would be no harm.
  func runKswapdAfter(_ request: PageRequest) {
    let cpu = request.cpu
    guard reclaimer.kswapd.isAwake, request.gfp.contains([.directReclaim, .io, .fs]),
      cpu.context.reclaimed == nil, !cpu.context.scopes.contains(.noReclaim),
      !reclaimer.kswapd.hasThread, reclaimSettings.kswapdMode == .afterRequest
    else { return }
    runKswapd(cpu: cpu)
  }

  /// Whether a zone up to the given one has more free than its high watermark (`pgdat_balanced`): one is enough.
  func isBalanced(order: Int, highestZone: Int) -> Bool {
    zonelists[highestZone].contains {
      $0.isWatermarkMet(order: order, mark: $0.mark(.highWatermark), highestZone: highestZone)
    }
  }

  private func isBoosted(upTo highestZone: Int) -> Bool {
    zonelists[highestZone].contains { $0.boost > 0 }
  }

  /// Reclaims until a zone is above its high watermark, insisting more and more (`balance_pgdat`).
  private func balance(_ wish: Kswapd.Wish, cpu: CPU) -> Int {
    reclaimer.events.add(to: .kswapdRuns)
    let zones = zonelists[wish.highestZone]
    let boosts = zones.map(\.boost)
    var boostLeft = boosts.reduce(0, +)
    let target = zones.reduce(0) { $0 + max($1.mark(.highWatermark), Self.reclaimTarget) }
    var order = wish.order
    let pages = cpu.reclaiming(as: CPUContext()) {
      let control = ShrinkControl(gfp: .kernel, cpu: cpu, isKswapd: true)
      var priority = Self.gentlestPriority
      while priority >= 1 {
        let isBalanced = isBalanced(order: order, highestZone: wish.highestZone)
        if isBalanced && boostLeft == 0 { break }
        if !isBalanced && boostLeft > 0 {
          // What is short now matters more than what a fallback left behind: start again without it.
          boostLeft = 0
          priority = Self.gentlestPriority
        }
        let before = cpu.context.reclaimed ?? 0
        reclaimer.events.add(shrink(control, priority: priority), to: .scannedByKswapd)
        let reclaimed = (cpu.context.reclaimed ?? 0) - before
        // Free pages for a large block are made by merging; once there are enough, more of them do not help.
        if order > 0 && (cpu.context.reclaimed ?? 0) >= 2 << order { order = 0 }
        if boostLeft > 0 && reclaimed == 0 && priority <= Self.gentlestPriority - 2 { break }
        boostLeft -= min(boostLeft, reclaimed)
        let isLimited = boostLeft > 0 && priority == Self.gentlestPriority - 2
        if reclaimed == 0 || reclaimed < target && !isLimited { priority -= 1 }
      }
      // Pages that lie on this CPU's lists help nobody.
      drain(cpu)
      return cpu.context.reclaimed ?? 0
    }
    for (zone, boost) in zip(zones, boosts) where boost > 0 { zone.reduceBoost(by: boost) }
    reclaimer.events.add(pages, to: .reclaimedByKswapd)
    if pages > 0 {
      reclaimer.kswapd.hasProgress()
    } else if !isBalanced(order: order, highestZone: wish.highestZone) {
      reclaimer.kswapd.hasFailedOnce()
    }
    if isBalanced(order: 0, highestZone: wish.highestZone) {
      reclaimer.events.add(to: .kswapdSleeps)
    }
    return pages
  }
}
