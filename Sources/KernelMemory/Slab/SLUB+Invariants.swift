extension SLUB {
  /// What a walk over a cache's slabs and lines found.
  private struct Census {
    var slabs = 0
    var pages = 0
    var objects = 0
    /// Free objects on slabs' lists, private lists and in arrays.
    var free = 0
    /// Every free object seen, so that none is seen twice.
    var seen: Set<UInt> = []
  }

  func checkCache(_ cache: ObjectCache) throws(SlabInvariantViolation) {
    var census = Census()
    try checkSlabs(cache, &census)
    try checkCPUs(cache, &census)
    try checkShared(cache, &census)
    try checkList(cache.state.pointee.partial, .partial, cache, "list of partial slabs")
    try checkList(cache.state.pointee.full, .full, cache, "list of full slabs")
    let state = cache.state
    let counts = [
      ("slabs", state.pointee.slabCount, census.slabs),
      ("pages", state.pointee.pageCount, census.pages),
      ("objects", state.pointee.objectCount, census.objects),
    ]
    for (what, counted, found) in counts where counted != found {
      throw SlabInvariantViolation(
        .counts, cache, "the count of \(what) is \(counted), but there are \(found)")
    }
    let live = machine.cpus.reduce(0) {
      let line = $1.objects(state.pointee.id).pointee
      return $0 + line.allocations - line.frees
    }
    if live != census.objects - census.free {
      throw SlabInvariantViolation(
        .counts, cache,
        "\(live) objects are in use by the counts of allocations and frees, but of \(census.objects) "
          + "objects \(census.free) are free")
    }
  }

  private func checkSlabs(
    _ cache: ObjectCache, _ census: inout Census
  ) throws(SlabInvariantViolation) {
    let state = cache.state
    var previous: UInt32 = 0
    var frame = state.pointee.firstOfAll
    while frame != 0 {
      let slab = slabs[Int(frame)]
      try checkPages(slab, frame, cache)
      if slab.previousOfAll != previous {
        throw SlabInvariantViolation(
          .lists, cache,
          "the slab at page frame \(PageFrame(Int(frame))) does not point back to the one before")
      }
      let free = try walk(slab.freeList, frame, cache, "the slab", &census)
      if slab.objects != slab.inUse + UInt32(free) {
        throw SlabInvariantViolation(
          .counts, cache,
          "the slab at page frame \(PageFrame(Int(frame))) counts \(slab.inUse) of \(slab.objects) "
            + "objects in use, but \(free) are on its free list")
      }
      if slab.place == .none, free > 0 {
        throw SlabInvariantViolation(
          .lists, cache,
          "the slab at page frame \(PageFrame(Int(frame))) has free objects, but is on no list")
      }
      census.slabs += 1
      census.pages += 1 << Int(slab.order)
      census.objects += Int(slab.objects)
      if census.slabs > state.pointee.slabCount {
        throw SlabInvariantViolation(
          .lists, cache, "the list of all slabs is longer than their count, \(census.slabs - 1)")
      }
      previous = frame
      frame = slab.nextOfAll
    }
  }

  private func checkPages(
    _ slab: SlabDescriptor, _ frame: UInt32, _ cache: ObjectCache
  ) throws(SlabInvariantViolation) {
    let page = PageFrame(Int(frame))
    guard slab.cache == cache.state.pointee.id, slab.start == address(of: frame) else {
      throw SlabInvariantViolation(
        .pages, cache,
        "the list of all slabs leads to page frame \(page), where no slab of it starts")
    }
    if machine.use(of: page) != .allocated(head: page, order: Int(slab.order)) {
      throw SlabInvariantViolation(
        .pages, cache,
        "the slab of order \(slab.order) at page frame \(page): that page "
          + machine.use(of: page).phrase)
    }
    for inner in Int(frame)..<Int(frame) + 1 << Int(slab.order) where owners[inner] != slab.cache {
      throw SlabInvariantViolation(
        .pages, cache,
        "page frame \(PageFrame(inner)) of the slab at \(page) is not known as the cache's")
    }
    if Int(slab.objects) != (pageSize << Int(slab.order)) / cache.size {
      throw SlabInvariantViolation(
        .counts, cache, "the slab at page frame \(page) says that it has \(slab.objects) objects")
    }
  }

  /// Walks a free list of a slab; the number of its objects.
  private func walk(
    _ first: UInt, _ frame: UInt32, _ cache: ObjectCache, _ whose: String, _ census: inout Census
  ) throws(SlabInvariantViolation) -> Int {
    var count = 0
    var object = first
    while object != 0 {
      guard isObject(object, frame, cache) else {
        throw SlabInvariantViolation(
          .freeList, cache,
          "the free list of \(whose) at page frame \(PageFrame(Int(frame))) leads to "
            + "\(hex(mapped(object))), which is none of its objects")
      }
      try see(object, cache, &census)
      count += 1
      let place = object + UInt(cache.layout.freePointerOffset)
      object = coded(load(place), at: place, cache.state.pointee.secret)
    }
    return count
  }

  private func see(
    _ object: UInt, _ cache: ObjectCache, _ census: inout Census
  ) throws(SlabInvariantViolation) {
    guard census.seen.insert(object).inserted else {
      throw SlabInvariantViolation(
        .objects, cache, "the object at \(hex(mapped(object))) is free in two places")
    }
    census.free += 1
  }

  private func checkCPUs(
    _ cache: ObjectCache, _ census: inout Census
  ) throws(SlabInvariantViolation) {
    for cpu in machine.cpus {
      let line = cpu.objects(cache.state.pointee.id).pointee
      if line.count > line.capacity {
        throw SlabInvariantViolation(
          .counts, cache,
          "the array of CPU \(cpu.number) holds \(line.count) objects, but has room for "
            + "\(line.capacity)")
      }
      for place in 0..<line.count {
        try checkReady(line.entries[place], cache, "the array of CPU \(cpu.number)", &census)
      }
      if line.slab != 0 {
        guard slabs[Int(line.slab)].place == .cpu,
          slabs[Int(line.slab)].cache == cache.state.pointee.id
        else {
          throw SlabInvariantViolation(
            .lists, cache,
            "CPU \(cpu.number) allocates from page frame \(PageFrame(Int(line.slab))), which is no "
              + "CPU's slab")
        }
        _ = try walk(line.freeList, line.slab, cache, "CPU \(cpu.number)'s slab", &census)
      } else if line.freeList != 0 {
        throw SlabInvariantViolation(
          .freeList, cache, "CPU \(cpu.number) has a free list, but no slab")
      }
      try checkChain(line, cpu, cache)
    }
  }

  private func checkShared(
    _ cache: ObjectCache, _ census: inout Census
  ) throws(SlabInvariantViolation) {
    let shared = cache.state.pointee.shared
    if shared.count > shared.capacity {
      throw SlabInvariantViolation(
        .counts, cache,
        "the shared array holds \(shared.count) objects, but has room for \(shared.capacity)")
    }
    guard let entries = shared.entries else { return }
    for place in 0..<shared.count {
      try checkReady(entries[place], cache, "the shared array", &census)
    }
  }

  /// An object in an array.
  private func checkReady(
    _ object: UInt, _ cache: ObjectCache, _ whose: String, _ census: inout Census
  ) throws(SlabInvariantViolation) {
    guard owner(of: object) == cache.state.pointee.id,
      isObject(object, slab(of: object, cache), cache)
    else {
      throw SlabInvariantViolation(
        .objects, cache, "\(whose) holds \(hex(mapped(object))), which is no object")
    }
    try see(object, cache, &census)
  }

  private func checkChain(
    _ line: CPUObjects, _ cpu: CPU, _ cache: ObjectCache
  ) throws(SlabInvariantViolation) {
    var length: UInt32 = 0
    var frame = line.partial
    while frame != 0, length <= line.partialSlabs {
      guard slabs[Int(frame)].place == .cpuPartial,
        slabs[Int(frame)].cache == cache.state.pointee.id
      else {
        throw SlabInvariantViolation(
          .lists, cache,
          "the chain of CPU \(cpu.number) leads to page frame \(PageFrame(Int(frame))), which is in no "
            + "chain")
      }
      length += 1
      frame = slabs[Int(frame)].next
    }
    if length != line.partialSlabs {
      throw SlabInvariantViolation(
        .counts, cache,
        "CPU \(cpu.number) counts \(line.partialSlabs) slabs in its chain, which has length \(length)"
      )
    }
  }

  private func checkList(
    _ list: SlabList, _ place: SlabPlace, _ cache: ObjectCache, _ name: String
  ) throws(SlabInvariantViolation) {
    var length = 0
    var previous: UInt32 = 0
    var frame = list.first
    while frame != 0, length <= list.count {
      let slab = slabs[Int(frame)]
      guard slab.cache == cache.state.pointee.id, slab.place == place else {
        throw SlabInvariantViolation(
          .lists, cache,
          "the \(name) leads to page frame \(PageFrame(Int(frame))), where no such slab starts")
      }
      if slab.previous != previous {
        throw SlabInvariantViolation(
          .lists, cache,
          "the slab at page frame \(PageFrame(Int(frame))) on the \(name) does not point back to the "
            + "one before")
      }
      length += 1
      previous = frame
      frame = slab.next
    }
    if length != list.count || list.last != previous {
      throw SlabInvariantViolation(
        .counts, cache, "the count of the \(name) is \(list.count), but its length is \(length)")
    }
  }
}
