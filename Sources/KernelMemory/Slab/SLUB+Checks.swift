/// Allocation and free of caches with checks: one object at a time, straight from the slabs.
///
/// Source: `alloc_single_from_partial`, `free_to_partial_list`, `check_object`, `init_object` in `mm/slub.c`.
extension SLUB {
  func takeChecked(
    _ cache: ObjectCache, bytes: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt {
    var hasShrunk = false
    while true {
      let object = cpu.state.pointee.guarded.asOwner {
        takeFirst(cache, bytes: bytes, cpu: cpu, site: site)
      }
      if object != 0 { return object }
      if let frame = try newSlab(cache, gfp: gfp, cpu: cpu) {
        let state = cache.state
        state.pointee.lock.lock()
        adopt(frame, state)
        slabs[Int(frame)].place = .partial
        state.pointee.partial.insert(frame, atTail: true, in: slabs)
        state.pointee.lock.unlock()
      } else if hasShrunk {
        return 0
      } else {
        hasShrunk = true
        shrinkAll(cpu: cpu)
      }
    }
  }

  /// The first free object that is in order; a slab with one that is not is used no more. Needs the CPU.
  private func takeFirst(
    _ cache: ObjectCache, bytes: Int, cpu: CPU, site: CallSite
  ) -> UInt {
    let state = cache.state
    let layout = cache.layout
    state.pointee.lock.lock()
    defer { state.pointee.lock.unlock() }
    while state.pointee.partial.first != 0 {
      let frame = state.pointee.partial.first
      let slab = slabs + Int(frame)
      let object = slab.pointee.freeList
      var found = damage(of: object, cache, inUse: false)
      let place = object + UInt(layout.freePointerOffset)
      let next = coded(load(place), at: place, state.pointee.secret)
      if found == nil, next != 0, !isObject(next, frame, cache) {
        found = SlabReport(
          .freePointerCorrupt, cache: cache.name, address: mapped(object), object: mapped(object))
      }
      if let found {
        note(withTracks(found, object, cache, site))
        slab.pointee.freeList = 0
        slab.pointee.inUse = slab.pointee.objects
      } else {
        slab.pointee.freeList = next
        slab.pointee.inUse += 1
      }
      if slab.pointee.inUse == slab.pointee.objects {
        state.pointee.partial.remove(frame, in: slabs)
        slab.pointee.place = .full
        state.pointee.full.insert(frame, atTail: false, in: slabs)
      }
      if found != nil { continue }
      let line = cpu.objects(state.pointee.id)
      line.pointee.fromSlabs += 1
      line.pointee.allocations += 1
      setTrack(Track(site: site, cpu: cpu.number), object, cache, isFree: false)
      setRequest(bytes, object, cache)
      fill(object, cache, inUse: true)
      return object
    }
    return 0
  }

  func giveChecked(
    _ address: UInt, _ cache: ObjectCache, cpu: CPU, site: CallSite
  ) throws(SlabError) {
    if let report = misplacement(address, cache) {
      var report = report
      if let object = report.object { report = withTracks(report, unmapped(object), cache, site) }
      throw .misuse(noted(report, site))
    }
    var discarded: UInt32 = 0
    let found = cpu.state.pointee.guarded.asOwner { () -> SlabReport? in
      let state = cache.state
      state.pointee.lock.lock()
      defer { state.pointee.lock.unlock() }
      let frame = slab(of: address, cache)
      let slab = slabs + Int(frame)
      if isOnFreeList(address, frame, cache) {
        return SlabReport(
          .doubleFree, cache: cache.name, address: mapped(address), object: mapped(address))
      }
      if let found = damage(of: address, cache, inUse: true) { return found }
      setTrack(Track(site: site, cpu: cpu.number), address, cache, isFree: true)
      fill(address, cache, inUse: false)
      let place = address + UInt(cache.layout.freePointerOffset)
      store(coded(slab.pointee.freeList, at: place, state.pointee.secret), at: place)
      slab.pointee.freeList = address
      slab.pointee.inUse -= 1
      cpu.objects(state.pointee.id).pointee.fromSlabs -= 1
      if slab.pointee.place == .full {
        state.pointee.full.remove(frame, in: slabs)
        putPartial(frame, state, atTail: true, &discarded)
      } else if slab.pointee.inUse == 0, state.pointee.partial.count >= cache.minPartial {
        state.pointee.partial.remove(frame, in: slabs)
        discard(frame, state, &discarded)
      }
      return nil
    }
    if let found { throw .misuse(noted(withTracks(found, address, cache, site), site)) }
    releasePages(discarded, cache, cpu: cpu)
  }

  /// Whether an object is on its slab's free list. O(objects of the slab). Needs the lock.
  func isOnFreeList(_ object: UInt, _ frame: UInt32, _ cache: ObjectCache) -> Bool {
    let offset = UInt(cache.layout.freePointerOffset)
    var free = slabs[Int(frame)].freeList
    var left = slabs[Int(frame)].objects
    while free != 0, left > 0, isObject(free, frame, cache) {
      if free == object { return true }
      free = coded(load(free + offset), at: free + offset, cache.state.pointee.secret)
      left -= 1
    }
    return false
  }
}
