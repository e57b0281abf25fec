/// Objects move between arrays and slabs. Source: `cache_alloc_refill`, `cache_flusharray`, `free_block` in
/// `mm/slab.c`.
extension SLAB {
  func takeObject(
    _ cache: ObjectCache, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt {
    var hasShrunk = false
    while true {
      let object = cpu.state.pointee.guarded.asOwner { refill(cache, cpu) }
      if object != 0 { return object }
      if let frame = try grow(cache, gfp: gfp, cpu: cpu, site: site) {
        let state = cache.state
        state.pointee.lock.lock()
        slabs[Int(frame)].place = .free
        state.pointee.free.insert(frame, atTail: true, in: slabs)
        adopt(frame, state)
        extra(cache).pointee.freeObjects += Int(slabs[Int(frame)].objects)
        state.pointee.lock.unlock()
      } else if hasShrunk {
        return 0
      } else {
        hasShrunk = true
        shrinkAll(cpu: cpu)
      }
    }
  }

  /// Fills the CPU's array from the shared one, or from partial slabs and then free ones; takes one. Needs the CPU.
  private func refill(_ cache: ObjectCache, _ cpu: CPU) -> UInt {
    let state = cache.state
    let line = cpu.objects(state.pointee.id)
    if line.pointee.count > 0 { return line.pop() }
    state.pointee.lock.lock()
    defer { state.pointee.lock.unlock() }
    let entries = line.pointee.entries
    let batch = state.pointee.batch
    var moved = state.pointee.shared.take(batch, to: entries)
    if moved == 0 {
      while moved < batch {
        let frame =
          state.pointee.partial.first != 0
          ? state.pointee.partial.first : state.pointee.free.first
        if frame == 0 { break }
        let slab = slabs + Int(frame)
        unlink(frame, state)
        while moved < batch, slab.pointee.inUse < slab.pointee.objects {
          entries[moved] = takeSlot(slab, extra(cache))
          moved += 1
        }
        link(frame, state, atTail: false)
      }
    }
    guard moved > 0 else { return 0 }
    line.pointee.fromSlabs += moved
    line.pointee.count = moved
    return line.pop()
  }

  func giveObject(
    _ address: UInt, _ cache: ObjectCache, cpu: CPU, site: CallSite
  ) throws(SlabError) {
    if let report = misplacement(address, cache) { throw .misuse(noted(report, site)) }
    var discarded: UInt32 = 0
    let isFree = cpu.state.pointee.guarded.asOwner { () -> Bool in
      let line = cpu.objects(cache.state.pointee.id)
      let count = line.pointee.count
      let entries = line.pointee.entries
      if count > 0, entries[count - 1] == address { return true }
      if count < line.pointee.capacity {
        entries[count] = address
        line.pointee.count = count + 1
        return false
      }
      cache.state.pointee.lock.lock()
      defer { cache.state.pointee.lock.unlock() }
      let shared = cache.state.pointee.shared
      var batch = cache.state.pointee.batch
      if shared.capacity > shared.count {
        batch = min(batch, shared.capacity - shared.count)
        _ = cache.state.pointee.shared.put(batch, from: entries)
      } else {
        giveSlots(entries, batch, cache)
        trim(cache, &discarded)
      }
      line.pointee.fromSlabs -= batch
      entries.update(from: entries + batch, count: count - batch)
      entries[count - batch] = address
      line.pointee.count = count - batch + 1
      return false
    }
    if isFree {
      throw .misuse(
        noted(
          SlabReport(
            .doubleFree, cache: cache.name, address: mapped(address), object: mapped(address)), site
        ))
    }
    release(discarded, cache, cpu: cpu, site: site)
  }

  // MARK: Slots; these need the lock

  /// The first free slot's object.
  private func takeSlot(
    _ slab: UnsafeMutablePointer<SlabDescriptor>, _ extra: UnsafeMutablePointer<SLABState>
  ) -> UInt {
    let index = load(slab.pointee.freeIndices, Int(slab.pointee.inUse))
    slab.pointee.inUse += 1
    extra.pointee.freeObjects -= 1
    if extra.pointee.geometry.indices == .inFreeObject, slab.pointee.inUse == slab.pointee.objects {
      // The last object is the one that the numbers were in.
      slab.pointee.freeIndices = 0
    }
    return slab.pointee.start + UInt(Int(index) * extra.pointee.geometry.size)
  }

  /// Gives objects back to their slabs, which move between the lists.
  func giveSlots(_ entries: UnsafeMutablePointer<UInt>, _ count: Int, _ cache: ObjectCache) {
    let extra = extra(cache)
    for place in 0..<count {
      let object = entries[place]
      let frame = slab(of: object, cache)
      let slab = slabs + Int(frame)
      if slab.pointee.inUse == 0 {
        note(
          SlabReport(
            .doubleFree, cache: cache.name, address: mapped(object), object: mapped(object)))
        continue
      }
      unlink(frame, cache.state)
      let index = (object - slab.pointee.start) / UInt(extra.pointee.geometry.size)
      slab.pointee.inUse -= 1
      if slab.pointee.freeIndices == 0 { slab.pointee.freeIndices = object }
      store(UInt8(index), slab.pointee.freeIndices, Int(slab.pointee.inUse))
      extra.pointee.freeObjects += 1
      link(frame, cache.state, atTail: true)
    }
  }

  /// Takes free slabs off their list while there are more free objects than the limit.
  private func trim(_ cache: ObjectCache, _ discarded: inout UInt32) {
    let state = cache.state
    while extra(cache).pointee.freeObjects > extra(cache).pointee.freeLimit,
      state.pointee.free.last != 0
    {
      discardFree(state.pointee.free.last, cache, &discarded)
    }
  }

  func discardFree(_ frame: UInt32, _ cache: ObjectCache, _ discarded: inout UInt32) {
    unlink(frame, cache.state)
    extra(cache).pointee.freeObjects -= Int(slabs[Int(frame)].objects)
    discard(frame, cache.state, &discarded)
  }

  private func unlink(_ frame: UInt32, _ state: UnsafeMutablePointer<CacheState>) {
    switch slabs[Int(frame)].place {
    case .partial: state.pointee.partial.remove(frame, in: slabs)
    case .full: state.pointee.full.remove(frame, in: slabs)
    case .free: state.pointee.free.remove(frame, in: slabs)
    default: break
    }
    slabs[Int(frame)].place = .none
  }

  /// Puts a slab on the list that its number of free slots asks for.
  private func link(_ frame: UInt32, _ state: UnsafeMutablePointer<CacheState>, atTail: Bool) {
    let slab = slabs + Int(frame)
    if slab.pointee.inUse == slab.pointee.objects {
      slab.pointee.place = .full
      state.pointee.full.insert(frame, atTail: false, in: slabs)
    } else if slab.pointee.inUse == 0 {
      slab.pointee.place = .free
      state.pointee.free.insert(frame, atTail: false, in: slabs)
    } else {
      slab.pointee.place = .partial
      state.pointee.partial.insert(frame, atTail: atTail, in: slabs)
    }
  }

  func load(_ indices: UInt, _ place: Int) -> UInt8 {
    UnsafePointer<UInt8>(bitPattern: indices).unsafelyUnwrapped[place]
  }

  func store(_ index: UInt8, _ indices: UInt, _ place: Int) {
    UnsafeMutablePointer<UInt8>(bitPattern: indices).unsafelyUnwrapped[place] = index
  }
}
