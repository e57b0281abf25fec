/// `kmalloc` and `kfree`. Source: `include/linux/slab.h`, `mm/slab_common.c`.
extension SlabAllocator {
  /// Allocates memory of any size: from the cache of the smallest sufficient class, or whole pages above 8192 bytes.
  ///
  /// The address is a multiple of the largest power of two that divides the class.
  /// - Parameters:
  ///   - size: bytes. 0 gives ``KmallocClass/zeroSizeAddress``; more than 4 MiB, or less than 0, gives nil.
  ///   - gfp: what the caller allows and asks for; chooses the family of caches too.
  ///   - cpu: the calling thread's processor.
  ///   - site: who asks, for reports.
  /// - Returns: nil when memory is short. With `__GFP_ZERO` all usable bytes are zero, else they hold anything.
  /// - Throws: ``SlabError/pages(_:)`` for a mask that contradicts itself, or may sleep where the CPU may not.
  /// - Complexity: O(1) mostly, amortised.
  @inlinable @inline(__always)
  public final func kmalloc(
    _ size: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    if let object = cpu.takeReadyObject(size, gfp: gfp) { return object }
    return try kmallocSlowly(size, gfp: gfp, cpu: cpu, site: site)
  }

  /// Allocates memory; the caller's place in the source is noted where caches keep track.
  @inlinable @inline(__always)
  public final func kmalloc(
    _ size: Int, gfp: GFPFlags = .kernel, cpu: CPU, file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    try kmalloc(size, gfp: gfp, cpu: cpu, site: CallSite(file: file, line: line))
  }

  /// Frees what `kmalloc` or a cache handed out (`kfree`).
  ///
  /// - Parameters:
  ///   - pointer: nil, and ``KmallocClass/zeroSizeAddress``, are fine.
  ///   - cpu: the calling thread's processor; need not be the one that allocated.
  /// - Throws: ``SlabError/misuse(_:)`` for anything else that is not allocated; nothing changes then. What is
  ///   found at once without checks: see ``ObjectCache/free(_:cpu:site:)``.
  /// - Complexity: O(1) mostly, amortised.
  @inlinable @inline(__always)
  public final func kfree(
    _ pointer: UnsafeMutableRawPointer?, cpu: CPU, site: CallSite
  ) throws(SlabError) {
    let address = UInt(bitPattern: pointer)
    if cpu.putBackObject(address) { return }
    try kfreeSlowly(address, cpu: cpu, site: site)
  }

  /// Frees memory; the caller's place in the source is noted where caches keep track.
  @inlinable @inline(__always)
  public final func kfree(
    _ pointer: UnsafeMutableRawPointer?, cpu: CPU, file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) {
    try kfree(pointer, cpu: cpu, site: CallSite(file: file, line: line))
  }

  /// Mask bits with which `kmalloc` takes the slow way: another family, zeroing, and zones that no cache has.
  ///
  /// A plain number, so that callers in other modules see a constant.
  @inlinable static var specialKmalloc: UInt32 { 0x40_0117 }

  @inline(never)
  @usableFromInline
  final func kmallocSlowly(
    _ size: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    if size == 0 { return UnsafeMutableRawPointer(bitPattern: KmallocClass.zeroSizeAddress) }
    guard size > 0, size <= KmallocClass.maxSize else {
      if !gfp.contains(.nowarn) {
        machine.log.append("kmalloc: \(size) bytes are more than \(KmallocClass.maxSize)")
      }
      return nil
    }
    try cpu.checkMayAllocateObjects(gfp)
    let wrongZones = gfp.intersection([.highmem, .dma32])
    if !wrongZones.isEmpty {
      machine.log.append(
        "Unexpected gfp: \(wrongZones). Fixing up to gfp: "
          + "\(gfp.subtracting(wrongZones)). Fix your code!")
    }
    let mask = gfp.subtracting(wrongZones)
    let address = try kmallocAddress(size, gfp: mask.subtracting(.zero), cpu: cpu, site: site)
    guard let pointer = UnsafeMutableRawPointer(bitPattern: address) else { return nil }
    if mask.contains(.zero) {
      pointer.initializeMemory(
        as: UInt8.self, repeating: 0, count: try zeroedSize(address, asked: size))
    }
    return pointer
  }

  private func kmallocAddress(
    _ size: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt {
    guard size <= KmallocClass.maxCacheSize, !kmallocCaches.isEmpty else {
      return try kmallocElsewhere(size, gfp: gfp, cpu: cpu, site: site)
    }
    let family = KmallocFamily(gfp)
    let cache = kmallocCaches[family.rawValue][KmallocClass.index(of: size)]
    // The other families' arrays are as ready as the first's.
    if cpu.state.pointee.guarded.enter(allocating: gfp) {
      let object = cpu.objects(cache.state.pointee.id).pop()
      cpu.state.pointee.guarded.leave()
      if object != 0 { return object }
    }
    return try take(cache, bytes: size, gfp: gfp, cpu: cpu, site: site)
  }

  /// Bytes that `__GFP_ZERO` clears: all that may be used.
  private func zeroedSize(_ address: UInt, asked: Int) throws(SlabError) -> Int {
    let id = owner(of: address)
    guard id >= Self.firstCache else {
      return max(asked, try ksize(UnsafeMutableRawPointer(bitPattern: address)))
    }
    let cache = ObjectCache(states + Int(id))
    // What lies behind the request is red zone there.
    return cache.flags.isDisjoint(with: [.redZone, .storeUser]) ? cache.objectSize : asked
  }

  /// Whole pages from the page allocator (`__kmalloc_large_node`).
  final func kmallocLarge(
    _ size: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt {
    let order = CacheLayout.order(ofBytes: size)
    let frame: PageFrame?
    do throws(PageError) {
      frame = try machine.allocatePages(order: order, gfp: gfp.union(.comp), cpu: cpu)
    } catch {
      throw .pages(error)
    }
    guard let frame else { return 0 }
    let head = frame.number
    (owners + head).update(repeating: Self.largeBlock, count: 1 << order)
    largeBlocks.add(1, ordering: .relaxed)
    largePages.add(1 << order, ordering: .relaxed)
    if debug.contains(.storeUser) {
      registry.withLock { $0.largeTracks[UInt32(head)] = Track(site: site, cpu: cpu.number) }
    }
    return address(of: UInt32(head))
  }

  @inline(never)
  @usableFromInline
  final func kfreeSlowly(_ address: UInt, cpu: CPU, site: CallSite) throws(SlabError) {
    if address <= KmallocClass.zeroSizeAddress { return }
    let id = owner(of: address)
    if id == Self.largeBlock {
      try freeLarge(address, cpu: cpu, site: site)
    } else if id == Self.mixedPage {
      try kfreeElsewhere(address, cpu: cpu, site: site)
    } else if id == Self.noCache {
      throw .misuse(reportWrongOwner(address, given: nil, site: site))
    } else {
      try giveSlowly(address, ObjectCache(states + Int(id)), cpu: cpu, site: site)
    }
  }

  private func freeLarge(_ address: UInt, cpu: CPU, site: CallSite) throws(SlabError) {
    let (frame, order) = try largeBlock(address, "kfree", site)
    (owners + frame.number).update(repeating: Self.noCache, count: 1 << order)
    largeBlocks.subtract(1, ordering: .relaxed)
    largePages.subtract(1 << order, ordering: .relaxed)
    if debug.contains(.storeUser) {
      registry.withLock { $0.largeTracks[UInt32(frame.number)] = nil }
    }
    do throws(PageError) {
      try machine.freePages(frame, order: order, cpu: cpu)
    } catch {
      throw .pages(error)
    }
  }

  /// The block of whole pages that starts at an address.
  final func largeBlock(
    _ address: UInt, _ call: String, _ site: CallSite
  ) throws(SlabError) -> (frame: PageFrame, order: Int) {
    let frame = PageFrame(Int((address &- base) >> 12))
    var start = address
    if case .allocated(let head, let order) = machine.use(of: frame) {
      start = self.address(of: UInt32(head.number))
      if start == address { return (frame, order) }
    }
    throw .misuse(
      noted(
        SlabReport(.misaligned, cache: call, address: mapped(address), object: mapped(start)), site)
    )
  }

  /// The caches that are there before all others, as `/proc/slabinfo` lists them (`kmem_cache_init`).
  final func createBootCaches() throws(SlabError) {
    _ = try addCache(
      "kmem_cache", size: 224, align: 0, flags: debug.union([.hwcacheAlign, .noMerge]),
      arrayCapacity: nil, constructor: nil)
    _ = try addCache(
      "kmem_cache_node", size: 64, align: 0, flags: debug.union([.hwcacheAlign, .noMerge]),
      arrayCapacity: nil, constructor: nil)
    var families: [[ObjectCache]] = []
    for family in KmallocFamily.allCases {
      var bySize: [Int: ObjectCache] = [:]
      for size in KmallocClass.creationOrder {
        bySize[size] = try addCache(
          family.prefix + KmallocClass.label(size), size: size, align: size & -size,
          flags: debug.union(family.flags).union(.kmalloc), arrayCapacity: nil, constructor: nil)
      }
      families.append(KmallocClass.sizes.compactMap { bySize[$0] })
    }
    kmallocCaches = families
    for eighth in 0..<KmallocClass.tableCount {
      let cache = families[0][KmallocClass.index(of: eighth * 8 + 8)]
      kmallocIDs[eighth] = UInt8(cache.state.pointee.id)
    }
  }
}
