/// Giving back when a CPU's array is full. Source: `__slab_free`, `put_cpu_partial`, `deactivate_slab` in `mm/slub.c`.
extension SLUB {
  func giveUnchecked(
    _ address: UInt, _ cache: ObjectCache, cpu: CPU, site: CallSite
  ) throws(SlabError) {
    if let report = misplacement(address, cache) { throw .misuse(noted(report, site)) }
    var discarded: UInt32 = 0
    let isFree = cpu.state.pointee.guarded.asOwner { () -> Bool in
      let line = cpu.objects(cache.state.pointee.id)
      let count = line.pointee.count
      let (entries, capacity) = (line.pointee.entries, line.pointee.capacity)
      if count > 0, entries[count - 1] == address { return true }
      if count < capacity {
        entries[count] = address
        line.pointee.count += 1
        return false
      }
      cache.state.pointee.lock.lock()
      defer { cache.state.pointee.lock.unlock() }
      if capacity == 0 { return !giveBack(address, cache, line, &discarded) }
      // The oldest leave: the newest are the ones whose memory is still in the processor's cache.
      let batch = cache.state.pointee.batch
      if cache.state.pointee.shared.put(batch, from: entries) {
        line.pointee.fromSlabs -= batch
      } else {
        for place in 0..<batch where !giveBack(entries[place], cache, line, &discarded) {
          reportLateDoubleFree(entries[place], cache)
          line.pointee.fromSlabs -= 1
        }
      }
      entries.update(from: entries + batch, count: count - batch)
      entries[count - batch] = address
      line.pointee.count = count - batch + 1
      return false
    }
    if isFree { throw .misuse(doubleFree(address, cache, site)) }
    releasePages(discarded, cache, cpu: cpu)
  }

  /// Puts an object on its slab's free list; false when it is free already, as far as can be seen.
  ///
  /// Needs the CPU that the line is of, and the lock. A slab that is not needed any more is added to `discarded`.
  func giveBack(
    _ address: UInt, _ cache: ObjectCache, _ line: UnsafeMutablePointer<CPUObjects>,
    _ discarded: inout UInt32
  ) -> Bool {
    let state = cache.state
    let place = address &+ UInt(bitPattern: state.pointee.layout.freePointerOffset)
    let secret = state.pointee.secret
    let head = slab(of: address, cache)
    if head == line.pointee.slab {
      if line.pointee.freeList == address { return false }
      store(coded(line.pointee.freeList, at: place, secret), at: place)
      line.pointee.freeList = address
      line.pointee.fromSlabs &-= 1
      return true
    }
    let slab = slabs + Int(head)
    if slab.pointee.inUse == 0 || slab.pointee.freeList == address { return false }
    store(coded(slab.pointee.freeList, at: place, secret), at: place)
    slab.pointee.freeList = address
    slab.pointee.inUse &-= 1
    line.pointee.fromSlabs &-= 1
    switch slab.pointee.place {
    case .partial:
      if slab.pointee.inUse == 0, state.pointee.partial.count >= state.pointee.layout.minPartial {
        state.pointee.partial.remove(head, in: slabs)
        discard(head, state, &discarded)
      }
    case .none: keepPartial(head, state, line, &discarded)
    default: break  // some CPU's own or in its chain: only counted
    }
    return true
  }

  /// A full slab got its first free object: it joins the CPU's chain.
  private func keepPartial(
    _ head: UInt32, _ state: UnsafeMutablePointer<CacheState>,
    _ line: UnsafeMutablePointer<CPUObjects>, _ discarded: inout UInt32
  ) {
    let limit = state.pointee.layout.cpuPartialSlabs
    if limit == 0 {
      putPartial(head, state, atTail: true, &discarded)
      return
    }
    if Int(line.pointee.partialSlabs) >= limit { putChain(state, line, &discarded) }
    slabs[Int(head)].place = .cpuPartial
    slabs[Int(head)].next = line.pointee.partial
    line.pointee.partial = head
    line.pointee.partialSlabs += 1
  }

  /// Moves a CPU's chain to the cache's list (`__put_partials`).
  func putChain(
    _ state: UnsafeMutablePointer<CacheState>, _ line: UnsafeMutablePointer<CPUObjects>,
    _ discarded: inout UInt32
  ) {
    var frame = line.pointee.partial
    line.pointee.partial = 0
    line.pointee.partialSlabs = 0
    while frame != 0 {
      let next = slabs[Int(frame)].next
      putPartial(frame, state, atTail: true, &discarded)
      frame = next
    }
  }

  /// Puts a slab that is on no list on the cache's, unless it is empty and there are enough.
  func putPartial(
    _ frame: UInt32, _ state: UnsafeMutablePointer<CacheState>, atTail: Bool,
    _ discarded: inout UInt32
  ) {
    if slabs[Int(frame)].inUse == 0, state.pointee.partial.count >= state.pointee.layout.minPartial
    {
      discard(frame, state, &discarded)
    } else {
      slabs[Int(frame)].place = .partial
      state.pointee.partial.insert(frame, atTail: atTail, in: slabs)
    }
  }

  // MARK: Flushing

  /// Takes everything from a CPU: its array, its slab and its chain (`flush_cpu_slab`). Needs the CPU and the lock.
  func flush(
    _ cache: ObjectCache, _ line: UnsafeMutablePointer<CPUObjects>, _ discarded: inout UInt32
  ) {
    for place in 0..<line.pointee.count
    where !giveBack(line.pointee.entries[place], cache, line, &discarded) {
      reportLateDoubleFree(line.pointee.entries[place], cache)
      line.pointee.fromSlabs -= 1
    }
    line.pointee.count = 0
    giveBackShared(cache, line, &discarded)
    if line.pointee.slab != 0 { deactivate(cache, line, &discarded) }
    putChain(cache.state, line, &discarded)
  }

  /// Empties the shared array.
  private func giveBackShared(
    _ cache: ObjectCache, _ line: UnsafeMutablePointer<CPUObjects>, _ discarded: inout UInt32
  ) {
    guard let entries = cache.state.pointee.shared.entries else { return }
    for place in 0..<cache.state.pointee.shared.count {
      // As if it came from the shared array to this CPU first.
      line.pointee.fromSlabs += 1
      if !giveBack(entries[place], cache, line, &discarded) {
        reportLateDoubleFree(entries[place], cache)
        line.pointee.fromSlabs -= 1
      }
    }
    cache.state.pointee.shared.count = 0
  }

  /// Gives the CPU's slab its private list back and lets go of it (`deactivate_slab`).
  private func deactivate(
    _ cache: ObjectCache, _ line: UnsafeMutablePointer<CPUObjects>, _ discarded: inout UInt32
  ) {
    let state = cache.state
    let (offset, secret) = (UInt(state.pointee.layout.freePointerOffset), state.pointee.secret)
    let head = line.pointee.slab
    let slab = slabs + Int(head)
    let othersFreed = slab.pointee.freeList != 0
    var object = line.pointee.freeList
    while object != 0 {
      var next = coded(load(object &+ offset), at: object &+ offset, secret)
      if next != 0, self.slab(of: next, cache) != head || next & 7 != 0 || slab.pointee.inUse <= 1 {
        reportCorruptLink(object, cache)
        next = 0
      }
      store(coded(slab.pointee.freeList, at: object &+ offset, secret), at: object &+ offset)
      slab.pointee.freeList = object
      slab.pointee.inUse &-= 1
      object = next
    }
    line.pointee.freeList = 0
    line.pointee.slab = 0
    slab.pointee.place = .none
    if slab.pointee.freeList != 0 { putPartial(head, state, atTail: othersFreed, &discarded) }
  }

  /// `kmem_cache_shrink`: flushes all CPUs, gives back empty slabs, and puts the fullest slabs first.
  func flushAndShrink(_ cache: ObjectCache, cpu: CPU) -> Int {
    let state = cache.state
    var discarded: UInt32 = 0
    for other in machine.cpus {
      withObjects(of: other, from: cpu) {
        state.pointee.lock.lock()
        flush(cache, other.objects(state.pointee.id), &discarded)
        state.pointee.lock.unlock()
      }
    }
    state.pointee.lock.lock()
    var promoted = [[UInt32]](repeating: [], count: 33)
    var frame = state.pointee.partial.first
    while frame != 0 {
      let slab = slabs + Int(frame)
      let next = slab.pointee.next
      let free = Int(slab.pointee.objects - slab.pointee.inUse)
      if slab.pointee.inUse == 0 {
        state.pointee.partial.remove(frame, in: slabs)
        discard(frame, state, &discarded)
      } else if free <= 32 {
        promoted[free].append(frame)
      }
      frame = next
    }
    for frames in promoted.reversed() {
      for frame in frames {
        state.pointee.partial.remove(frame, in: slabs)
        state.pointee.partial.insert(frame, atTail: false, in: slabs)
      }
    }
    state.pointee.lock.unlock()
    return releasePages(discarded, cache, cpu: cpu)
  }
}
