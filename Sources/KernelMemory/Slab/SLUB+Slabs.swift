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
}

extension GFPFlags {
  /// What of a caller's mask reaches the page allocator for a slab (`GFP_RECLAIM_MASK`, `GFP_CONSTRAINT_MASK`).
  static let slabCaller: GFPFlags = [
    .reclaim, .high, .io, .fs, .nowarn, .retryMayfail, .nofail, .noretry, .memalloc, .nomemalloc,
    .hardwall, .thisnode,
  ]
}
