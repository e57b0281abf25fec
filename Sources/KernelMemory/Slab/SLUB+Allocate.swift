/// Allocation after a CPU's array had nothing. Source: `___slab_alloc`, `get_partial_node` in `mm/slub.c`.
extension SLUB {
  func takeUnchecked(
    _ cache: ObjectCache, gfp: GFPFlags, cpu: CPU
  ) throws(SlabError) -> UInt {
    var hasShrunk = false
    while true {
      let object = cpu.state.pointee.guarded.asOwner { refill(cache, cpu) }
      if object != 0 { return object }
      if let slab = try newSlab(cache, gfp: gfp, cpu: cpu) {
        cpu.state.pointee.guarded.asOwner { install(slab, cache, cpu) }
      } else if hasShrunk {
        return 0
      } else {
        // Other CPUs may hold what this one lacks, as objects or as the pages of empty slabs.
        hasShrunk = true
        shrinkAll(cpu: cpu)
      }
    }
  }

  /// Moves objects from slabs to the CPU's array and takes one; 0 when no slab has any. Needs the CPU.
  func refill(_ cache: ObjectCache, _ cpu: CPU) -> UInt {
    let state = cache.state
    let line = cpu.objects(state.pointee.id)
    // Here for another reason than an empty array.
    if line.pointee.count > 0 { return line.pop() }
    let wanted = line.pointee.capacity == 0 ? 1 : state.pointee.batch
    let entries = line.pointee.entries
    if state.pointee.shared.capacity > 0 {
      state.pointee.lock.lock()
      let moved = state.pointee.shared.take(wanted, to: entries)
      state.pointee.lock.unlock()
      if moved > 0 {
        line.pointee.fromSlabs += moved
        line.pointee.count = moved
        return line.pop()
      }
    }
    let (offset, secret) = (UInt(state.pointee.layout.freePointerOffset), state.pointee.secret)
    // From the top down, so that they leave the array in the order in which they leave the slab.
    var place = wanted
    while place > 0, line.pointee.freeList != 0 || takeOverSlab(line, state) {
      let slab = slabs + Int(line.pointee.slab)
      let (start, bytes) = (slab.pointee.start, UInt(pageSize) << UInt(slab.pointee.order))
      var object = line.pointee.freeList
      while place > 0, object != 0 {
        var next = coded(load(object &+ offset), at: object &+ offset, secret)
        if next != 0, next &- start >= bytes || next & 7 != 0 {
          reportCorruptLink(object, cache)
          next = 0
        }
        place &-= 1
        entries[place] = object
        object = next
      }
      line.pointee.freeList = object
    }
    let moved = wanted - place
    guard moved > 0 else { return 0 }
    if place > 0 { entries.update(from: entries + place, count: moved) }
    line.pointee.fromSlabs += moved
    line.pointee.count = moved
    return line.pop()
  }

  /// Gives the CPU a slab with free objects: what others freed into its own, from its chain, from the cache's list.
  ///
  /// Needs the CPU, and that its private list is empty.
  private func takeOverSlab(
    _ line: UnsafeMutablePointer<CPUObjects>, _ state: UnsafeMutablePointer<CacheState>
  ) -> Bool {
    state.pointee.lock.lock()
    defer { state.pointee.lock.unlock() }
    if line.pointee.slab != 0 {
      let own = slabs + Int(line.pointee.slab)
      if own.pointee.freeList != 0 {
        takeList(own, line)
        return true
      }
      own.pointee.place = .none
      line.pointee.slab = 0
    }
    if line.pointee.partial != 0 {
      let frame = line.pointee.partial
      line.pointee.partial = slabs[Int(frame)].next
      line.pointee.partialSlabs -= 1
      makeCurrent(frame, line)
      return true
    }
    let frame = state.pointee.partial.first
    if frame == 0 { return false }
    state.pointee.partial.remove(frame, in: slabs)
    makeCurrent(frame, line)
    let limit = state.pointee.layout.cpuPartialSlabs
    var moved = 0
    while limit > 0, moved <= limit / 2, state.pointee.partial.first != 0 {
      let next = state.pointee.partial.first
      state.pointee.partial.remove(next, in: slabs)
      slabs[Int(next)].place = .cpuPartial
      slabs[Int(next)].next = line.pointee.partial
      line.pointee.partial = next
      line.pointee.partialSlabs += 1
      moved += 1
    }
    return true
  }

  private func makeCurrent(_ frame: UInt32, _ line: UnsafeMutablePointer<CPUObjects>) {
    slabs[Int(frame)].next = 0
    slabs[Int(frame)].place = .cpu
    line.pointee.slab = frame
    takeList(slabs + Int(frame), line)
  }

  /// What the CPU took counts as in use for everybody else.
  private func takeList(
    _ slab: UnsafeMutablePointer<SlabDescriptor>, _ line: UnsafeMutablePointer<CPUObjects>
  ) {
    line.pointee.freeList = slab.pointee.freeList
    slab.pointee.freeList = 0
    slab.pointee.inUse = slab.pointee.objects
  }

  /// Makes a new slab the CPU's own, or puts it on the list if the CPU has one by now. Needs the CPU.
  private func install(_ frame: UInt32, _ cache: ObjectCache, _ cpu: CPU) {
    let state = cache.state
    let line = cpu.objects(state.pointee.id)
    state.pointee.lock.lock()
    adopt(frame, state)
    if line.pointee.slab == 0, line.pointee.freeList == 0 {
      makeCurrent(frame, line)
    } else {
      slabs[Int(frame)].place = .partial
      state.pointee.partial.insert(frame, atTail: true, in: slabs)
    }
    state.pointee.lock.unlock()
  }

  /// What is written into a free object as link to the next (`freelist_ptr_encode`); it is its own inverse.
  @inline(__always)
  func coded(_ link: UInt, at place: UInt, _ secret: UInt) -> UInt {
    link ^ secret ^ place.byteSwapped
  }

  @inline(__always)
  func load(_ place: UInt) -> UInt {
    UnsafePointer<UInt>(bitPattern: place).unsafelyUnwrapped.pointee
  }

  @inline(__always)
  func store(_ value: UInt, at place: UInt) {
    UnsafeMutablePointer<UInt>(bitPattern: place).unsafelyUnwrapped.pointee = value
  }
}
