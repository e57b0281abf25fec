extension SlabAllocator {
  /// What was found wrong so far, oldest first; calls that threw a report are among it.
  public final var reports: [SlabReport] { registry.withLock { $0.reports } }

  /// Forgets all reports.
  public final func clearReports() { registry.withLock { $0.reports = [] } }

  /// The most reports that are kept.
  private static let mostReports = 1000

  /// Keeps a report and writes it to the machine's log.
  final func note(_ report: SlabReport) {
    registry.withLock { registry in
      if registry.reports.count < Self.mostReports { registry.reports.append(report) }
    }
    machine.log.append(report.description)
  }

  final func noted(_ report: SlabReport, _ caller: CallSite) -> SlabReport {
    var report = report
    report.caller = caller
    note(report)
    return report
  }

  /// An address in a page that belongs to another cache than the given one, or to none.
  final func reportWrongOwner(
    _ address: UInt, given: ObjectCache?, site: CallSite
  ) -> SlabReport {
    let id = owner(of: address)
    let kind: SlabReport.Kind
    var cache = given?.name
    if (address &- base) >> 12 >= frameCount {
      kind = .foreignPointer
    } else if id >= Self.firstCache, let given {
      cache = ObjectCache(states + Int(id)).name
      kind = .wrongCache(given: given.name)
    } else {
      kind = .notAnObject(machine.use(of: PageFrame(Int((address &- base) >> 12))))
    }
    let shown = kind == .foreignPointer ? address : mapped(address)
    return noted(SlabReport(kind, cache: cache, address: shown), site)
  }

  /// The address in this process of one that a report gives.
  final func unmapped(_ address: UInt) -> UInt { address &- Self.directMap &+ base }
}

extension SLUB {
  func withTracks(
    _ report: SlabReport, _ object: UInt, _ cache: ObjectCache, _ caller: CallSite
  ) -> SlabReport {
    var report = report
    report.allocated = track(object, cache, isFree: false)
    report.freed = track(object, cache, isFree: true)
    report.caller = caller
    return report
  }

  func doubleFree(_ address: UInt, _ cache: ObjectCache, _ site: CallSite) -> SlabReport {
    noted(
      SlabReport(.doubleFree, cache: cache.name, address: mapped(address), object: mapped(address)),
      site)
  }

  /// Two copies of an object were in arrays; one is dropped.
  func reportLateDoubleFree(_ address: UInt, _ cache: ObjectCache) {
    note(
      SlabReport(.doubleFree, cache: cache.name, address: mapped(address), object: mapped(address)))
  }

  /// A link leads out of the slab: the rest of the list is given up.
  func reportCorruptLink(_ object: UInt, _ cache: ObjectCache) {
    note(
      SlabReport(
        .freePointerCorrupt, cache: cache.name, address: mapped(object), object: mapped(object)))
  }

  /// Looks at every object of a cache with checks (`/sys/kernel/slab/<cache>/validate`).
  ///
  /// - Returns: what is wrong; also kept among the reports. Empty for a cache without checks.
  /// - Complexity: O(objects²) per slab.
  @discardableResult
  public func validate(_ cache: ObjectCache) -> [SlabReport] {
    guard cache.flags.hasChecks else { return [] }
    var found: [SlabReport] = []
    cache.state.pointee.lock.lock()
    var frame = cache.state.pointee.firstOfAll
    while frame != 0 {
      let slab = slabs[Int(frame)]
      for number in 0..<Int(slab.objects) {
        let object = slab.start + UInt(number * cache.size + cache.layout.leftRedZone)
        let isFree = isOnFreeList(object, frame, cache)
        if let report = damage(of: object, cache, inUse: !isFree) {
          var report = report
          report.allocated = track(object, cache, isFree: false)
          report.freed = track(object, cache, isFree: true)
          found.append(report)
        }
      }
      if let report = paddingDamage(frame, cache) { found.append(report) }
      frame = slab.nextOfAll
    }
    cache.state.pointee.lock.unlock()
    for report in found { note(report) }
    return found
  }
}
