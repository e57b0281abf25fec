extension Machine {
  /// What came of the last resort.
  enum LastResort {
    /// There was a page after all.
    case page(PageFrame)
    /// Somebody gives memory back, or will; try again.
    case progress
    /// A request like this one does not kill.
    case none
  }

  /// The last resort of a request: one more try, then the killer (`__alloc_pages_may_oom`).
  func asLastResort(_ request: PageRequest) throws(PageError) -> LastResort {
    guard reclaimer.oomLock.tryLock() else {
      // Somebody else is at it; that counts as progress.
      sleepMillisecond()
      return .progress
    }
    defer { reclaimer.oomLock.unlock() }
    // Above high, so that a kill that is under way is noticed and parallel ones are avoided.
    if let frame = take(request, [.highWatermark, .cpuset]) { return .page(frame) }
    if request.order > PerCPUPages.maxSmallOrder
      || !request.gfp.isDisjoint(with: [.retryMayfail, .thisnode])
      || node.zones[request.highestZone].kind.isBelowNormal
    {
      return .none
    }
    guard try killSomebody(for: request) else { return .none }
    if request.gfp.contains(.nofail), let frame = take(request, .noWatermarks) {
      return .page(frame)
    }
    return .progress
  }

  /// Makes a process give its memory back (`out_of_memory`).
  ///
  /// - Returns: false when nobody is ever killed on this machine.
  /// - Throws: ``PageError/panic(_:)`` when there is nobody left, or ``ReclaimSettings/panicsOnOOM`` is set.
  private func killSomebody(for request: PageRequest) throws(PageError) -> Bool {
    let (isEnabled, notifiers) = reclaimer.processes.withLock { ($0.isEnabled, $0.notifiers) }
    let freed = request.cpu.reclaiming(as: nil) {
      notifiers.reduce(0) { $0 + $1(request.cpu) }
    }
    if freed > 0 { return true }
    if !isEnabled { return false }
    let current = request.cpu.context.task
    // Whoever dies anyway shall do so quickly.
    if let current, isOOMVictim(current) { return true }
    // Reclaim that may not enter file systems has not tried everything.
    if !request.gfp.contains(.fs) { return true }
    let settings = reclaimSettings
    if settings.panicsOnOOM {
      explain(request)
      throw .panic("Out of memory: system-wide panic_on_oom is enabled")
    }
    if settings.killsAllocatingTask, let current, current.oomBadness(total: 0) != nil {
      kill(current, for: request, because: "Out of memory (oom_kill_allocating_task)")
      return true
    }
    switch chooseVictim() {
    case .process(let process): kill(process, for: request, because: "Out of memory")
    case .dying: sleepMillisecond()
    case .nobody:
      explain(request)
      log.append("Out of memory and no killable processes...")
      throw .panic("System is deadlocked on memory")
    }
    return true
  }

  private enum Choice {
    case process(any OOMCandidate)
    /// A process was killed before and still has memory; killing more would be rash.
    case dying
    case nobody
  }

  /// The process whose death gives back most (`select_bad_process`).
  private func chooseVictim() -> Choice {
    let total = managedPages + memoryUsage.swapTotal
    let entries = reclaimer.processes.withLock { $0.entries }
    var chosen: (process: any OOMCandidate, points: Int)?
    for entry in entries where !entry.isReaped {
      if entry.isVictim {
        if isStillDying(entry.process) { return .dying }
        continue
      }
      guard let points = entry.process.oomBadness(total: total) else { continue }
      // Of equal ones the later.
      if points >= chosen?.points ?? .min { chosen = (entry.process, points) }
    }
    return chosen.map { .process($0.process) } ?? .nobody
  }

  /// Whether a victim will still give memory back; after ten looks it is given up (`oom_reap_task`).
  private func isStillDying(_ process: any OOMCandidate) -> Bool {
    let hasMemory = process.residentPages.total > 0
    let isDying = reclaimer.processes.withLock { table in
      guard let index = table.index(of: process) else { return false }
      table.entries[index].looks += 1
      table.entries[index].isReaped = !hasMemory || table.entries[index].looks > 10
      return !table.entries[index].isReaped
    }
    if hasMemory && !isDying {
      log.append("oom_reaper: unable to reap pid:\(process.pid) (\(process.name))")
    }
    return isDying
  }

  private func kill(_ process: any OOMCandidate, for request: PageRequest, because reason: String) {
    explain(request)
    log.append(
      "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
        + "task_memcg=/,task=\(process.name),pid=\(process.pid),uid=\(process.uid)")
    let resident = process.residentPages
    log.append(
      "\(reason): Killed process \(process.pid) (\(process.name)) "
        + "total-vm:\(kilobytes(process.totalVirtualPages))kB, "
        + "anon-rss:\(kilobytes(resident.anonymous))kB, file-rss:\(kilobytes(resident.file))kB, "
        + "shmem-rss:\(kilobytes(resident.shared))kB, UID:\(process.uid) "
        + "pgtables:\(kilobytes(process.pageTablePages))kB "
        + "oom_score_adj:\(process.oomScoreAdjustment)")
    reclaimer.processes.withLock { table in
      if let index = table.index(of: process) { table.entries[index].isVictim = true }
    }
    reclaimer.events.add(to: .oomKills)
    request.cpu.reclaiming(as: nil) { process.kill(cpu: request.cpu) }
  }

  /// Who asked for what, and who has how much (`dump_header`).
  private func explain(_ request: PageRequest) {
    let task = request.cpu.context.task
    log.append(
      "\(task?.name ?? "swapper") invoked oom-killer: gfp_mask=\(request.gfp.mode), "
        + "order=\(request.order), oom_score_adj=\(task?.oomScoreAdjustment ?? 0)")
    log.append("Tasks state (memory values in pages):")
    log.append(
      "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents "
        + "oom_score_adj name")
    for entry in reclaimer.processes.withLock({ $0.entries }) {
      let process = entry.process
      let resident = process.residentPages
      log.append(
        "[\(right(process.pid, width: 7))] \(right(process.uid, width: 5)) "
          + "\(right(process.pid, width: 5)) \(right(process.totalVirtualPages, width: 8)) "
          + "\(right(resident.total, width: 8)) \(right(resident.anonymous, width: 8)) "
          + "\(right(resident.file, width: 8)) \(right(resident.shared, width: 9)) "
          + "\(right(process.pageTablePages * pageSize, width: 8)) "
          + "\(right(process.swapEntries, width: 8))         "
          + "\(right(process.oomScoreAdjustment, width: 5)) \(process.name)")
    }
  }
}

extension ZoneKind {
  /// Whether requests that may go no higher do not kill anybody, as it would hardly help them.
  var isBelowNormal: Bool { self == .dma || self == .dma32 }
}

extension GFPFlags {
  /// Number and names, as messages print a mask (`%#x(%pGg)`).
  var mode: String { "0x\(String(rawValue, radix: 16))(\(rawValue == 0 ? "" : description))" }
}

/// Pages in KiB.
func kilobytes(_ pages: Int) -> Int { pages * (pageSize / 1024) }
