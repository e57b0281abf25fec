/// Slabs come from the page allocator and go back. Source: `allocate_slab`, `shuffle_freelist`, `__free_slab` in
/// `mm/slub.c`.
extension SLUB {
  /// A new slab with all objects free, on no list; nil when there are no pages.
  func newSlab(_ cache: ObjectCache, gfp: GFPFlags, cpu: CPU) throws(SlabError) -> UInt32? {
    guard let (page, order) = try slabPages(cache, gfp: gfp, cpu: cpu) else { return nil }
    let frame = UInt32(page.number)
    let layout = cache.layout
    let objects = (pageSize << order) / layout.size
    let start = address(of: frame)
    slabs[Int(frame)] = SlabDescriptor(
      start: start, objects: UInt32(objects), cache: cache.state.pointee.id, order: UInt8(order))
    (owners + Int(frame)).update(repeating: cache.state.pointee.id, count: 1 << order)
    if cache.flags.contains(.poison) { poisonSlab(start, bytes: pageSize << order) }

    let (permutation, shift) = randomOrder(cache, objects: objects)
    let secret = cache.state.pointee.secret
    var next: UInt = 0
    // Linked from the last to the first.
    for number in (0..<objects).reversed() {
      let slot = permutation.isEmpty ? number : permutation[(number + shift) % permutation.count]
      let object = start + UInt(slot * layout.size + layout.leftRedZone)
      if cache.flags.hasChecks { initializeChecked(object, cache) }
      if let constructor = cache.state.pointee.constructor {
        constructor(UnsafeMutableRawPointer(bitPattern: object).unsafelyUnwrapped)
      }
      let place = object + UInt(layout.freePointerOffset)
      store(coded(next, at: place, secret), at: place)
      next = object
    }
    slabs[Int(frame)].freeList = next
    return frame
  }

  /// First the best order, lightly; then the least, with all that the caller allows.
  private func slabPages(
    _ cache: ObjectCache, gfp: GFPFlags, cpu: CPU
  ) throws(SlabError) -> (PageFrame, order: Int)? {
    let layout = cache.layout
    let mask = gfp.intersection(.slabCaller).union(cache.state.pointee.slabMask)
    var light = mask.union([.nowarn, .noretry]).subtracting(.nofail)
    if mask.mayBlock, layout.order > layout.minimumOrder {
      light = light.union(.nomemalloc).subtracting(.reclaim)
    }
    do throws(PageError) {
      if let page = try machine.allocatePages(order: layout.order, gfp: light, cpu: cpu) {
        return (page, layout.order)
      }
      let page = try machine.allocatePages(order: layout.minimumOrder, gfp: mask, cpu: cpu)
      return page.map { ($0, layout.minimumOrder) }
    } catch {
      throw .pages(error)
    }
  }

  /// The slots of a new slab in the order in which they are used, starting at a random one; empty for ascending.
  private func randomOrder(_ cache: ObjectCache, objects: Int) -> ([Int], shift: Int) {
    let state = cache.state
    if state.pointee.permutation.isEmpty || objects < 2 { return ([], 0) }
    state.pointee.lock.lock()
    var random = SlabRandom(seed: state.pointee.random)
    state.pointee.random = random.next()
    state.pointee.lock.unlock()
    let order = state.pointee.permutation.map { Int($0) }.filter { $0 < objects }
    return (order, random.next(below: order.count))
  }

  /// Counts a new slab and remembers it. Needs the lock.
  func adopt(_ frame: UInt32, _ state: UnsafeMutablePointer<CacheState>) {
    let first = state.pointee.firstOfAll
    slabs[Int(frame)].nextOfAll = first
    if first != 0 { slabs[Int(first)].previousOfAll = frame }
    state.pointee.firstOfAll = frame
    state.pointee.slabCount += 1
    state.pointee.pageCount += 1 << Int(slabs[Int(frame)].order)
    state.pointee.objectCount += Int(slabs[Int(frame)].objects)
  }

  /// Forgets a slab that is on no list and puts it on a chain of those whose pages go back. Needs the lock.
  func discard(
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
  func release(_ discarded: UInt32, _ cache: ObjectCache, cpu: CPU) -> Int {
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

extension GFPFlags {
  /// What of a caller's mask reaches the page allocator for a slab (`GFP_RECLAIM_MASK`, `GFP_CONSTRAINT_MASK`).
  static let slabCaller: GFPFlags = [
    .reclaim, .high, .io, .fs, .nowarn, .retryMayfail, .nofail, .noretry, .memalloc, .nomemalloc,
    .hardwall, .thisnode,
  ]
}
