/// What all designs do with slabs.
extension SlabAllocator {
  /// Counts a new slab and remembers it. Needs the lock.
  final func adopt(_ frame: UInt32, _ state: UnsafeMutablePointer<CacheState>) {
    let first = state.pointee.firstOfAll
    slabs[Int(frame)].nextOfAll = first
    if first != 0 { slabs[Int(first)].previousOfAll = frame }
    state.pointee.firstOfAll = frame
    state.pointee.slabCount += 1
    state.pointee.pageCount += 1 << Int(slabs[Int(frame)].order)
    state.pointee.objectCount += Int(slabs[Int(frame)].objects)
  }

  /// Forgets a slab that is on no list and puts it on a chain of those whose pages go back. Needs the lock.
  final func discard(
    _ frame: UInt32, _ state: UnsafeMutablePointer<CacheState>, _ discarded: inout UInt32
  ) {
    let slab = slabs + Int(frame)
    let (previous, next) = (slab.pointee.previousOfAll, slab.pointee.nextOfAll)
    if previous == 0 {
      state.pointee.firstOfAll = next
    } else {
      slabs[Int(previous)].nextOfAll = next
    }
    if next != 0 { slabs[Int(next)].previousOfAll = previous }
    state.pointee.slabCount -= 1
    state.pointee.pageCount -= 1 << Int(slab.pointee.order)
    state.pointee.objectCount -= Int(slab.pointee.objects)
    slab.pointee.place = .none
    slab.pointee.next = discarded
    discarded = frame
  }

  /// Returns the pages of discarded slabs, with neither the CPU nor a lock held; the number of pages.
  @discardableResult
  final func releasePages(_ discarded: UInt32, _ cache: ObjectCache, cpu: CPU) -> Int {
    var pages = 0
    var frame = discarded
    while frame != 0 {
      let slab = slabs[Int(frame)]
      slabs[Int(frame)] = SlabDescriptor()
      (owners + Int(frame)).update(repeating: Self.noCache, count: 1 << Int(slab.order))
      do throws(PageError) {
        try machine.freePages(PageFrame(Int(frame)), order: Int(slab.order), cpu: cpu)
        pages += 1 << Int(slab.order)
      } catch {
        // Somebody freed the slab's pages behind the allocator's back.
        machine.log.append("slab pages of \(cache.name): \(error)")
      }
      frame = slab.next
    }
    return pages
  }
}
