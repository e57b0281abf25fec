/// The object allocator of Linux 6.12, with the per-CPU arrays of 6.18 in front.
///
/// Each CPU allocates from a slab of its own, whose free list nobody else touches, and keeps a chain of partial slabs;
/// more of those are on a list of each cache. Nothing leads to full slabs. In front of that, each CPU keeps an array
/// of ready objects (`struct slab_sheaf`), so that an allocation is the removal of an array's last element; half of
/// it is moved to or from the slabs at a time. Without arrays the allocator is that of 6.12.
/// Source: `mm/slub.c`.
public final class SLUB: SlabAllocator, @unchecked Sendable {
  /// How the allocator is set up.
  public struct Options: Hashable, Sendable {
    /// Whether CPUs keep arrays of ready objects.
    public var arrays: Bool
    /// The order of a slab's objects comes from here; nil for ascending (`CONFIG_SLAB_FREELIST_RANDOM`).
    public var randomSeed: UInt64?
    /// Checks for all caches (`slub_debug`).
    public var debug: SlabFlags
    /// Whether caches that could share slabs do (`slab_merge`).
    public var merges: Bool

    public init(
      arrays: Bool = true, randomSeed: UInt64? = nil, debug: SlabFlags = [], merges: Bool = true
    ) {
      self.arrays = arrays
      self.randomSeed = randomSeed
      self.debug = debug
      self.merges = merges
    }

    /// Exactly the design of Linux 6.12.
    public static let linux6_12 = Options(arrays: false)
  }

  public let options: Options

  /// Makes the allocator and the caches that are there from the start.
  ///
  /// - Throws: ``SlabError/machineInUse``, ``SlabError/machine(_:)``.
  public init(_ machine: Machine, options: Options = Options()) throws(SlabError) {
    self.options = options
    try super.init(
      machine: machine, debug: options.debug, seed: options.randomSeed ?? 0x5eed)
    try createBootCaches()
  }

  public override var name: String { "SLUB" }

  override var merges: Bool { options.merges }

  override var slotsStartWithPages: Bool { true }

  override func layout(
    objectSize: Int, align: Int, flags: SlabFlags, hasConstructor: Bool
  ) -> CacheLayout? {
    CacheLayout(
      objectSize: objectSize, align: align, flags: flags, hasConstructor: hasConstructor,
      cpus: machine.cpus.count)
  }

  override func prepare(_ cache: ObjectCache, arrayCapacity: Int?) throws(SlabError) {
    let layout = cache.layout
    if options.randomSeed != nil, layout.objectsPerSlab > 1 {
      var order = (0..<layout.objectsPerSlab).map { UInt16($0) }
      var random = SlabRandom(seed: cache.state.pointee.random)
      for last in (1..<order.count).reversed() {
        order.swapAt(last, random.next(below: last + 1))
      }
      cache.state.pointee.permutation = order
    }
    var capacity = arrayCapacity ?? defaultCapacity(size: layout.size)
    if !options.arrays || cache.flags.hasChecks { capacity = 0 }
    guard (0...CPUObjects.mostEntries).contains(capacity) else {
      throw .badCache(
        cache.name,
        reason: "a CPU's array holds 0 to \(CPUObjects.mostEntries) objects, not \(capacity)")
    }
    cache.state.pointee.batch = max(capacity / 2, 1)
    cache.state.pointee.shared.allocate(capacity: sharedCapacity(capacity, size: layout.size))
    for cpu in machine.cpus {
      let line = cpu.objects(cache.state.pointee.id)
      line.pointee.capacity = capacity
      line.pointee.alignMask = UInt32(layout.alignment - 1)
    }
  }

  override func takeSlowly(
    _ cache: ObjectCache, bytes: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt {
    cache.flags.hasChecks
      ? try takeChecked(cache, bytes: bytes, gfp: gfp, cpu: cpu, site: site)
      : try takeUnchecked(cache, gfp: gfp, cpu: cpu)
  }

  override func giveSlowly(
    _ address: UInt, _ cache: ObjectCache, cpu: CPU, site: CallSite
  ) throws(SlabError) {
    if cache.flags.hasChecks {
      try giveChecked(address, cache, cpu: cpu, site: site)
    } else {
      try giveUnchecked(address, cache, cpu: cpu, site: site)
    }
  }

  override func shrinkSlabs(_ cache: ObjectCache, cpu: CPU) -> Int {
    flushAndShrink(cache, cpu: cpu)
  }

  override func privateObjects(_ cache: ObjectCache, _ frame: UInt32) -> Int {
    machine.cpus.reduce(0) { $0 + privateLength($1, cache, frame) }
  }

  override func liveTracks(_ cache: ObjectCache) -> [Track?] {
    cache.flags.contains(.storeUser) ? trackLive(cache) : []
  }

  override func check(_ cache: ObjectCache) throws(SlabInvariantViolation) {
    try checkCache(cache)
  }

  override func usableSize(_ address: UInt, _ cache: ObjectCache) -> Int {
    if !cache.flags.isDisjoint(with: [.redZone, .poison]) { return cache.objectSize }
    if !cache.flags.isDisjoint(with: [.typesafeByRCU, .storeUser]) { return cache.layout.inUse }
    return cache.size
  }

  override func resizeInPlace(_ address: UInt, to size: Int, usable: Int, zero: Bool) {
    let id = owner(of: address)
    if id >= Self.firstCache, ObjectCache(states + Int(id)).storesRequest {
      resizeTracked(address, ObjectCache(states + Int(id)), to: size, zero: zero)
    } else {
      super.resizeInPlace(address, to: size, usable: usable, zero: zero)
    }
  }

  /// Ten arrays' worth (`MAX_FULL_SHEAVES`), and no more than 1/128 of the memory.
  private func sharedCapacity(_ capacity: Int, size: Int) -> Int {
    let share = machine.managedPages * pageSize / 128 / size
    return min(10 * capacity, share)
  }

  override func dismantle(_ cache: ObjectCache) { cache.state.pointee.shared.deallocate() }

  /// Few objects when they are large, and no more in all arrays of a cache than 1/256 of the memory.
  private func defaultCapacity(size: Int) -> Int {
    let wanted = size <= 1024 ? 256 : size <= 2048 ? 128 : 64
    let share = machine.managedPages * pageSize / 256 / machine.cpus.count
    return max(min(wanted, share / size), 4)
  }
}
