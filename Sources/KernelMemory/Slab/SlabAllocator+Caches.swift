extension SlabAllocator {
  /// Creates a cache, or another name for one that can serve as well (`kmem_cache_create`).
  ///
  /// - Parameters:
  ///   - name: as it appears in `/proc/slabinfo`; not empty, without spaces.
  ///   - size: bytes of an object, 1 to 4 MiB.
  ///   - align: a power of two up to ``pageSize``, or 0 for the least.
  ///   - flags: layout, placement and checks.
  ///   - arrayCapacity: ready objects that each CPU keeps; nil for what the allocator thinks best.
  ///   - constructor: run once for each object when its slab is made. A freed object must be as constructed again.
  /// - Throws: ``SlabError/badCache(_:reason:)``, ``SlabError/tooManyCaches(limit:)``.
  /// - Complexity: O(caches).
  public final func createCache(
    _ name: String, size: Int, align: Int = 0, flags: SlabFlags = [], arrayCapacity: Int? = nil,
    constructor: (@Sendable (UnsafeMutableRawPointer) -> Void)? = nil
  ) throws(SlabError) -> ObjectCache {
    if name.isEmpty || name.contains(where: \.isWhitespace) {
      throw .badCache(name, reason: "a name is one word")
    }
    guard size > 0, size <= pageSize << maxOrder else {
      throw .badCache(name, reason: "objects have 1 to \(pageSize << maxOrder) bytes, not \(size)")
    }
    guard align >= 0, align & (align - 1) == 0 || align == 0, align <= pageSize else {
      throw .badCache(
        name, reason: "the alignment is a power of two up to \(pageSize), or 0, not \(align)")
    }
    if flags.contains(.cacheDMA), flags.contains(.cacheDMA32) {
      throw .badCache(name, reason: "its slabs cannot be both in the DMA and in the DMA32 zone")
    }
    let allFlags = flags.subtracting(.kmalloc).union(debug)
    lifecycle.lock()
    defer { lifecycle.unlock() }
    if let found = mergeable(
      size: size, align: align, flags: allFlags, hasConstructor: constructor != nil),
      arrayCapacity == nil
    {
      registry.withLock { _ in
        found.state.pointee.names = found.state.pointee.names + [name]
      }
      found.state.pointee.objectSize.store(max(found.objectSize, size), ordering: .relaxed)
      return found
    }
    return try addCache(
      name, size: size, align: align, flags: allFlags, arrayCapacity: arrayCapacity,
      constructor: constructor)
  }

  final func addCache(
    _ name: String, size: Int, align: Int, flags: SlabFlags, arrayCapacity: Int?,
    constructor: (@Sendable (UnsafeMutableRawPointer) -> Void)?
  ) throws(SlabError) -> ObjectCache {
    guard
      let layout = layout(
        objectSize: size, align: align, flags: flags, hasConstructor: constructor != nil)
    else {
      throw .badCache(name, reason: "no slab can hold an object of \(size) bytes with these flags")
    }
    let id = registry.withLock { registry -> UInt16? in
      if registry.nextID < Self.firstCache + UInt16(Self.maximumCaches) {
        registry.nextID += 1
        return registry.nextID - 1
      }
      guard let id = registry.unused.first else { return nil }
      registry.unused.removeFirst()
      (states + Int(id)).deinitialize(count: 1)
      return id
    }
    guard let id else { throw .tooManyCaches(limit: Self.maximumCaches) }
    var random = SlabRandom(seed: UInt64(id) &* 0x9e37_79b9_7f4a_7c15 ^ seed)
    let secret = UInt(random.next())
    (states + Int(id)).initialize(
      to: CacheState(
        id: id, owner: self, name: name, layout: layout, flags: flags, constructor: constructor,
        secret: secret, random: random.next()))
    let cache = ObjectCache(states + Int(id))
    for cpu in machine.cpus { resetLine(cpu, id) }
    do throws(SlabError) {
      try prepare(cache, arrayCapacity: arrayCapacity)
    } catch {
      cache.state.pointee.isAlive = false
      registry.withLock { $0.unused.append(id) }
      throw error
    }
    registry.withLock { $0.order.append(id) }
    return cache
  }

  /// The oldest cache that can serve these objects too (`find_mergeable`).
  private func mergeable(
    size: Int, align: Int, flags: SlabFlags, hasConstructor: Bool
  ) -> ObjectCache? {
    guard merges, !hasConstructor, flags.isDisjoint(with: .neverMerge) else { return nil }
    let alignment = CacheLayout.alignment(objectSize: size, align: align, flags: flags)
    let rounded = CacheLayout.round(CacheLayout.round(size, to: CacheLayout.word), to: alignment)
    return caches.first { cache in
      cache.flags.isDisjoint(with: SlabFlags.neverMerge.union(.kmalloc)) && !cache.hasConstructor
        && cache.size >= rounded && cache.size - rounded < CacheLayout.word
        && cache.flags.intersection(.mergeSame) == flags.intersection(.mergeSame)
        && cache.size.isMultiple(of: alignment)
        && (slotsStartWithPages || cache.alignment.isMultiple(of: alignment))
    }
  }

  /// The caches, oldest first. O(caches).
  public final var caches: [ObjectCache] {
    registry.withLock { $0.order.map { ObjectCache(states + Int($0)) } }
  }

  /// The cache that has a name, the names of merged ones included. O(caches).
  public final func cache(named name: String) -> ObjectCache? {
    lifecycle.lock()
    defer { lifecycle.unlock() }
    return caches.first { $0.names.contains(name) }
  }

  /// Removes a cache, or one of its names when it serves several (`kmem_cache_destroy`).
  ///
  /// - Parameter cpu: the calling thread's processor; nobody may use the cache any more.
  /// - Throws: ``SlabError/liveObjects(cache:objects:)`` when an object was not freed: the cache stays.
  /// - Complexity: O(CPUs + slabs).
  public final func destroyCache(_ cache: ObjectCache, cpu: CPU) throws(SlabError) {
    lifecycle.lock()
    defer { lifecycle.unlock() }
    guard cache.isAlive else { throw .destroyedCache }
    let last = registry.withLock { _ in
      guard cache.state.pointee.names.count > 1 else { return true }
      cache.state.pointee.names = cache.state.pointee.names.dropLast()
      return false
    }
    guard last else { return }
    _ = shrink(cache, cpu: cpu)
    let live = cache.statistics.objects
    if live > 0 { throw .liveObjects(cache: cache.name, objects: live) }
    dismantle(cache)
    cache.state.pointee.isAlive = false
    for cpu in machine.cpus { resetLine(cpu, cache.state.pointee.id) }
    registry.withLock { registry in
      registry.order.removeAll { $0 == cache.state.pointee.id }
      registry.unused.append(cache.state.pointee.id)
    }
  }

  /// Takes all CPUs' free objects back and returns the pages of empty slabs (`kmem_cache_shrink`).
  ///
  /// - Returns: the number of pages.
  /// - Complexity: O(CPUs + partial slabs).
  @discardableResult
  public final func shrink(_ cache: ObjectCache, cpu: CPU) -> Int {
    cache.isAlive ? shrinkSlabs(cache, cpu: cpu) : 0
  }

  /// Shrinks every cache; the number of pages that were returned.
  @discardableResult
  public final func shrinkAll(cpu: CPU) -> Int {
    lifecycle.lock()
    defer { lifecycle.unlock() }
    return caches.reduce(0) { $0 + shrink($1, cpu: cpu) }
  }

  /// Runs `body` on a CPU's part of the caches, which stands still meanwhile.
  final func withObjects<Result>(of other: CPU, from cpu: CPU, _ body: () -> Result) -> Result {
    other.number == cpu.number
      ? other.state.pointee.guarded.asOwner(body) : other.state.pointee.guarded.asStranger(body)
  }
}

/// Numbers that look random, from a seed (SplitMix64).
struct SlabRandom {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }

  /// A number below `limit`, which is small.
  mutating func next(below limit: Int) -> Int {
    Int(((next() >> 32) * UInt64(limit)) >> 32)
  }
}
