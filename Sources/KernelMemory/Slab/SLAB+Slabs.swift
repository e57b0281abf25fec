/// Slabs come and go. Source: `cache_grow_begin`, `alloc_slabmgmt`, `slab_destroy`, `drain_array` in `mm/slab.c`.
extension SLAB {
  /// A new slab with all slots free, on no list; nil when there are no pages.
  func grow(
    _ cache: ObjectCache, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt32? {
    let geometry = extra(cache).pointee.geometry
    var outside: UInt = 0
    if geometry.indices == .elsewhere {
      guard
        let memory = try kmalloc(
          geometry.objects, gfp: gfp.intersection(.slabCaller), cpu: cpu, site: site)
      else { return nil }
      outside = UInt(bitPattern: memory)
    }
    let mask = gfp.intersection(.slabCaller).union(cache.state.pointee.slabMask)
    let page: PageFrame?
    do throws(PageError) {
      page = try machine.allocatePages(order: geometry.order, gfp: mask, cpu: cpu)
    } catch {
      try kfree(UnsafeMutableRawPointer(bitPattern: outside), cpu: cpu, site: site)
      throw .pages(error)
    }
    guard let page else {
      try kfree(UnsafeMutableRawPointer(bitPattern: outside), cpu: cpu, site: site)
      return nil
    }
    let frame = UInt32(page.number)
    let colour = takeColour(cache)
    let start = address(of: frame) + UInt(colour * geometry.colourOffset)
    let indices: UInt
    switch geometry.indices {
    case .elsewhere: indices = outside
    case .behindObjects:
      indices = address(of: frame) + UInt(pageSize << geometry.order) - UInt(geometry.objects)
    case .inFreeObject: indices = start + UInt((geometry.objects - 1) * geometry.size)
    }
    slabs[Int(frame)] = SlabDescriptor(
      start: start, objects: UInt32(geometry.objects), cache: cache.state.pointee.id,
      order: UInt8(geometry.order), colour: UInt32(colour), freeIndices: indices)
    (owners + Int(frame)).update(repeating: cache.state.pointee.id, count: 1 << geometry.order)
    for number in 0..<geometry.objects {
      store(UInt8(number), indices, number)
      if let constructor = cache.state.pointee.constructor {
        let object = start + UInt(number * geometry.size)
        constructor(UnsafeMutableRawPointer(bitPattern: object).unsafelyUnwrapped)
      }
    }
    return frame
  }

  private func takeColour(_ cache: ObjectCache) -> Int {
    let state = cache.state
    state.pointee.lock.lock()
    defer { state.pointee.lock.unlock() }
    let extra = extra(cache)
    extra.pointee.nextColour += 1
    if extra.pointee.nextColour >= extra.pointee.geometry.colours { extra.pointee.nextColour = 0 }
    return extra.pointee.nextColour
  }

  /// Returns discarded slabs' pages and index arrays, with neither the CPU nor a lock held.
  @discardableResult
  func release(_ discarded: UInt32, _ cache: ObjectCache, cpu: CPU, site: CallSite) -> Int {
    var frame = discarded
    while frame != 0 {
      if extra(cache).pointee.geometry.indices == .elsewhere {
        let indices = UnsafeMutableRawPointer(bitPattern: slabs[Int(frame)].freeIndices)
        do throws(SlabError) {
          try kfree(indices, cpu: cpu, site: site)
        } catch {
          machine.log.append("slot numbers of \(cache.name): \(error)")
        }
      }
      frame = slabs[Int(frame)].next
    }
    return releasePages(discarded, cache, cpu: cpu)
  }

  /// Takes objects out of arrays and free slabs off the list; the number of pages returned.
  func drain(_ cache: ObjectCache, cpu: CPU, share: Share) -> Int {
    let state = cache.state
    for other in machine.cpus where share == .all || other.number == cpu.number {
      withObjects(of: other, from: cpu) {
        let line = other.objects(state.pointee.id)
        let count = line.pointee.count
        let moved = part(of: count, limit: line.pointee.capacity, share)
        state.pointee.lock.lock()
        giveSlots(line.pointee.entries, moved, cache)
        state.pointee.lock.unlock()
        line.pointee.entries.update(from: line.pointee.entries + moved, count: count - moved)
        line.pointee.fromSlabs -= moved
        line.pointee.count = count - moved
      }
    }
    var discarded: UInt32 = 0
    state.pointee.lock.lock()
    if let entries = state.pointee.shared.entries {
      let count = state.pointee.shared.count
      let moved = part(of: count, limit: state.pointee.shared.capacity, share)
      giveSlots(entries, moved, cache)
      entries.update(from: entries + moved, count: count - moved)
      state.pointee.shared.count -= moved
    }
    let geometry = extra(cache).pointee.geometry
    var slabsLeft =
      share == .all
      ? .max
      : (extra(cache).pointee.freeLimit + 5 * geometry.objects - 1) / (5 * geometry.objects)
    while slabsLeft > 0, state.pointee.free.last != 0 {
      discardFree(state.pointee.free.last, cache, &discarded)
      slabsLeft -= 1
    }
    state.pointee.lock.unlock()
    return release(discarded, cache, cpu: cpu, site: .unknown)
  }

  /// How many of an array's objects leave it (`drain_array_locked`).
  private func part(of count: Int, limit: Int, _ share: Share) -> Int {
    if share == .all { return count }
    let fifth = (limit + 4) / 5
    return fifth > count ? (count + 1) / 2 : fifth
  }

  /// The numbers of `/proc/slabinfo` (`get_slabinfo`).
  func info(of cache: ObjectCache) -> SlabInfo {
    let state = cache.state
    state.pointee.lock.lock()
    defer { state.pointee.lock.unlock() }
    var info = SlabInfo(
      name: cache.name, size: cache.size, objectsPerSlab: cache.objectsPerSlab, order: cache.order)
    info.objects = state.pointee.objectCount
    info.activeObjects = info.objects - extra(cache).pointee.freeObjects
    info.slabs = state.pointee.slabCount
    info.activeSlabs = info.slabs - state.pointee.free.count
    info.limit = Int(machine.cpus[0].objects(state.pointee.id).pointee.capacity)
    info.batch = state.pointee.batch
    info.sharedFactor = state.pointee.shared.capacity > 0 ? Self.sharedFactor : 0
    info.sharedObjects = state.pointee.shared.count
    return info
  }
}
