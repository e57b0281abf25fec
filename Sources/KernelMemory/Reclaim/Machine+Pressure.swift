extension Machine {
  /// Rounds after which a request gives up even though each got something back: others take it away every time, or a
  /// shrinker takes back what it gives.
  private static let maxRounds = 1 << 16

  /// What is done when no zone is above its low watermark (`__alloc_pages_slowpath`).
  ///
  /// In this order: wake kswapd; go down to the min watermark, less what the mask may use of it; use the reserves that
  /// are open to the task; reclaim; drain the lists of all CPUs; try again while that helps; kill. There is no
  /// compaction: as in a kernel without it, orders above 3 get one round of reclaim.
  func takeUnderPressure(_ request: PageRequest) throws(PageError) -> PageFrame? {
    let (gfp, cpu) = (request.gfp, request.cpu)
    warnOfStrangeMask(request)
    var flags = gfp.slowPathFlags(order: request.order)
    if gfp.mayBlock && cpu.context.isRealTime && !cpu.context.isInInterrupt {
      flags.insert(.minReserve)
    }
    wakeKswapd(order: request.order, highestZone: request.highestZone, flags: flags)
    if let frame = take(request, flags) { return frame }

    let isStubborn = gfp.contains(.nofail) && gfp.mayBlock
    var (fruitless, stalls) = (0, 0)
    for _ in 0..<Self.maxRounds {
      switch try tryOnce(request, flags: &flags, fruitless: &fruitless) {
      case .page(let frame): return frame
      case .retry(let progress): stalls = progress ? 0 : stalls + 1
      case .failure:
        if !isStubborn { return fail(request) }
        if let frame = take(request, [.minReserve, flags.intersection(.kswapd)]) { return frame }
        stalls += 1
      }
      if stalls > reclaimSettings.patience {
        if isStubborn { throw .stuck(order: request.order, gfp) }
        return fail(request)
      }
      if stalls > 64 { sleepMillisecond() } else if stalls > 0 { yieldProcessor() }
    }
    if isStubborn { throw .stuck(order: request.order, gfp) }
    return fail(request)
  }

  private enum Round {
    case page(PageFrame)
    /// Whether memory was got back, so that trying again is not in vain.
    case retry(progress: Bool)
    case failure
  }

  /// One round: reserves, reclaim, the question whether to go on, the killer.
  private func tryOnce(
    _ request: PageRequest, flags: inout AllocationFlags, fruitless: inout Int
  ) throws(PageError) -> Round {
    let (gfp, cpu) = (request.gfp, request.cpu)
    wakeKswapd(order: request.order, highestZone: request.highestZone, flags: flags)
    let isVictim = cpu.context.task.map(isOOMVictim) ?? false
    if let reserves = cpu.context.reserves(for: gfp, isVictim: isVictim) {
      flags = [reserves, flags.intersection(.kswapd)]
      if let frame = take(request, flags) { return .page(frame) }
    }
    // Who reclaims already must not do so again.
    if !gfp.mayBlock || cpu.context.scopes.contains(.noReclaim) { return .failure }

    let progress = reclaimDirectly(request)
    if let frame = take(request, flags) { return .page(frame) }
    // Linux drains only after progress. Here there may be nothing at all to reclaim, and pages lie idle on lists.
    releaseHighAtomic(request, all: false)
    drainAll()
    if let frame = take(request, flags) { return .page(frame) }

    if gfp.contains(.noretry) || request.order > PerCPUPages.maxSmallOrder { return .failure }
    if shouldRetry(request, flags: flags, progress: progress, fruitless: &fruitless) {
      return .retry(progress: progress > 0)
    }
    if releaseHighAtomic(request, all: true) { return .retry(progress: true) }

    let kills = count(of: .oomKills)
    switch try asLastResort(request) {
    case .page(let frame): return .page(frame)
    case .none: return .failure
    case .progress:
      // A victim that used the reserves and still has not enough must not go on for ever.
      if isVictim, flags.contains(.oomVictim) || gfp.contains(.nomemalloc) {
        return .failure
      }
      fruitless = 0
      return .retry(progress: count(of: .oomKills) > kills)
    }
  }

  /// Gives blocks kept for atomic requests back to all (`unreserve_highatomic_pageblock`).
  @discardableResult
  private func releaseHighAtomic(_ request: PageRequest, all: Bool) -> Bool {
    zonelists[request.highestZone].contains { $0.unreserveHighAtomic(for: request.type, all: all) }
  }

  /// The end of a request that got nothing; the message is at most one in ``ReclaimSettings/warningInterval``
  /// (`warn_alloc`).
  private func fail(_ request: PageRequest) -> PageFrame? {
    reclaimer.events.add(to: .failures)
    let gfp = request.gfp
    if gfp.contains(.nowarn) || gfp.contains(.dma) && node.zones[0].managed == 0 { return nil }
    let interval = reclaimSettings.warningInterval
    let isDue = reclaimer.lastWarning.withLock { last in
      let now = ContinuousClock.now
      if let last, now - last < interval { return false }
      last = now
      return true
    }
    if isDue {
      log.append(
        "\(request.cpu.context.task?.name ?? "swapper"): page allocation failure: "
          + "order:\(request.order), mode:\(gfp.mode), nodemask=(null),cpuset=/,mems_allowed=0")
    }
    return nil
  }

  /// Masks that ask for what cannot be promised (`WARN_ON_ONCE`).
  private func warnOfStrangeMask(_ request: PageRequest) {
    guard request.gfp.contains(.nofail) else { return }
    let mask = "WARNING: \(request.gfp), order \(request.order): __GFP_NOFAIL "
    if request.order > 1 {
      reclaimer.warnOnce(mask + "is not meant for more than two pages", in: log)
    }
    if !request.gfp.mayBlock {
      reclaimer.warnOnce(
        mask + "without __GFP_DIRECT_RECLAIM cannot wait for memory, so it may fail", in: log)
    }
    if request.cpu.context.scopes.contains(.noReclaim) {
      reclaimer.warnOnce(
        mask + "from a task that must not reclaim can only wait for others", in: log)
    }
  }
}

extension CPUContext {
  /// Rights beyond the min watermark that the mask or the running task has (`__gfp_pfmemalloc_flags`).
  func reserves(for gfp: GFPFlags, isVictim: Bool) -> AllocationFlags? {
    if gfp.contains(.nomemalloc) { return nil }
    if gfp.contains(.memalloc) { return .noWatermarks }
    let isInSoftInterrupt = atomic.last?.kind == .softInterrupt
    if scopes.contains(.noReclaim), isInSoftInterrupt || !isInInterrupt { return .noWatermarks }
    return isVictim && !isInInterrupt ? .oomVictim : nil
  }
}
