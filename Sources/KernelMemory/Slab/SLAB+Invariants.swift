extension SLAB {
  func checkCache(_ cache: ObjectCache) throws(SlabInvariantViolation) {
    let state = cache.state
    var free: Set<UInt> = []
    var (slabCount, objects, onSlabs) = (0, 0, 0)
    var frame = state.pointee.firstOfAll
    while frame != 0, slabCount <= state.pointee.slabCount {
      let slab = slabs[Int(frame)]
      let page = PageFrame(Int(frame))
      guard slab.cache == state.pointee.id,
        machine.use(of: page) == .allocated(head: page, order: Int(slab.order)),
        owners[Int(frame)] == slab.cache
      else {
        throw SlabInvariantViolation(
          .pages, cache, "the list of all slabs leads to page frame \(page), where none starts")
      }
      guard slab.inUse <= slab.objects, slab.inUse == slab.objects || slab.freeIndices != 0 else {
        throw SlabInvariantViolation(
          .freeList, cache,
          "the slab at page frame \(page) counts \(slab.inUse) of \(slab.objects) objects in use, but "
            + "does not say which are free")
      }
      for place in Int(slab.inUse)..<Int(slab.objects) {
        let index = load(slab.freeIndices, place)
        guard index < slab.objects else {
          throw SlabInvariantViolation(
            .freeList, cache, "the slab at page frame \(page) has no slot \(index)")
        }
        try see(slab.start + UInt(Int(index) * cache.size), cache, &free)
      }
      slabCount += 1
      objects += Int(slab.objects)
      onSlabs += Int(slab.objects - slab.inUse)
      frame = slab.nextOfAll
    }
    try checkList(state.pointee.partial, .partial, cache) { $0.inUse > 0 && $0.inUse < $0.objects }
    try checkList(state.pointee.full, .full, cache) { $0.inUse == $0.objects }
    try checkList(state.pointee.free, .free, cache) { $0.inUse == 0 }
    try checkArrays(cache, &free)

    let listed = state.pointee.partial.count + state.pointee.full.count + state.pointee.free.count
    let live = machine.cpus.reduce(0) {
      let line = $1.objects(state.pointee.id).pointee
      return $0 + line.allocations - line.frees
    }
    let counts = [
      ("slabs", state.pointee.slabCount, slabCount), ("slabs on the lists", listed, slabCount),
      ("objects", state.pointee.objectCount, objects),
      ("free objects on slabs", extra(cache).pointee.freeObjects, onSlabs),
      ("objects in use", live, objects - free.count),
    ]
    for (what, counted, found) in counts where counted != found {
      throw SlabInvariantViolation(
        .counts, cache, "the count of \(what) is \(counted), but there are \(found)")
    }
  }

  private func see(
    _ object: UInt, _ cache: ObjectCache, _ free: inout Set<UInt>
  ) throws(SlabInvariantViolation) {
    guard free.insert(object).inserted else {
      throw SlabInvariantViolation(
        .objects, cache, "the object at \(hex(mapped(object))) is free in two places")
    }
  }

  private func checkArrays(
    _ cache: ObjectCache, _ free: inout Set<UInt>
  ) throws(SlabInvariantViolation) {
    var arrays = machine.cpus.map { cpu in
      let line = cpu.objects(cache.state.pointee.id).pointee
      return UnsafeBufferPointer(start: UnsafePointer(line.entries), count: line.count)
    }
    let shared = cache.state.pointee.shared
    arrays.append(
      UnsafeBufferPointer(start: shared.entries.map { UnsafePointer($0) }, count: shared.count))
    for array in arrays {
      for object in array {
        guard owner(of: object) == cache.state.pointee.id,
          isObject(object, slab(of: object, cache), cache)
        else {
          throw SlabInvariantViolation(
            .objects, cache, "an array holds \(hex(mapped(object))), which is no object")
        }
        try see(object, cache, &free)
      }
    }
  }

  private func checkList(
    _ list: SlabList, _ place: SlabPlace, _ cache: ObjectCache, _ belongs: (SlabDescriptor) -> Bool
  ) throws(SlabInvariantViolation) {
    var (length, previous, frame) = (0, UInt32(0), list.first)
    while frame != 0, length <= list.count {
      let slab = slabs[Int(frame)]
      guard slab.place == place, slab.previous == previous, belongs(slab) else {
        throw SlabInvariantViolation(
          .lists, cache,
          "the slab at page frame \(PageFrame(Int(frame))) with \(slab.inUse) of \(slab.objects) "
            + "objects in use is on the list of \(place) slabs")
      }
      length += 1
      (previous, frame) = (frame, slab.next)
    }
    if length != list.count || list.last != previous {
      throw SlabInvariantViolation(
        .counts, cache, "the count of \(place) slabs is \(list.count), but the list has \(length)")
    }
  }
}
