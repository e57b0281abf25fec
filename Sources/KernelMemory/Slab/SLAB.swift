/// The object allocator that Linux had from 2.2 to 6.7: slabs on three lists, free slots as an array of numbers.
///
/// Each CPU has an array of ready objects in front, and all share another. Behind are lists of partial, full and free
/// slabs. Which slots of a slab are free is written outside the objects: behind the last, inside a free one, or in
/// memory of its own. Slabs start at different colours, so that their objects do not compete for the same lines of
/// the processor's cache. The checks of ``SLUB`` do not exist here.
/// Source: `mm/slab.c` of Linux 6.7.
public final class SLAB: SlabAllocator, @unchecked Sendable {
  /// Makes the allocator and the caches that are there from the start.
  ///
  /// - Throws: ``SlabError/machineInUse``, ``SlabError/machine(_:)``.
  public init(_ machine: Machine) throws(SlabError) {
    try super.init(machine: machine, debug: [], seed: 0x5eed)
    try createBootCaches()
  }

  public override var name: String { "SLAB" }

  override var merges: Bool { true }

  override func layout(
    objectSize: Int, align: Int, flags: SlabFlags, hasConstructor: Bool
  ) -> CacheLayout? {
    SLABGeometry(
      objectSize: objectSize, align: align, flags: flags, hasConstructor: hasConstructor)?
      .layout(objectSize: objectSize)
  }

  override func prepare(_ cache: ObjectCache, arrayCapacity: Int?) throws(SlabError) {
    let state = cache.state
    guard
      let geometry = SLABGeometry(
        objectSize: cache.objectSize, align: cache.alignment, flags: cache.flags,
        hasConstructor: cache.hasConstructor)
    else { return }
    let limit = arrayCapacity ?? Self.arrayLimit(size: geometry.size)
    guard (1...CPUObjects.mostEntries).contains(limit) else {
      throw .badCache(
        cache.name,
        reason: "a CPU's array holds 1 to \(CPUObjects.mostEntries) objects, not \(limit)")
    }
    let batch = (limit + 1) / 2
    state.pointee.batch = batch
    let cpus = machine.cpus.count
    if cpus > 1, geometry.size <= pageSize {
      state.pointee.shared.allocate(capacity: Self.sharedFactor * batch)
    }
    for cpu in machine.cpus {
      let line = cpu.objects(state.pointee.id)
      line.pointee.capacity = limit
      line.pointee.alignMask = UInt32(geometry.alignment - 1)
    }
    let extra = UnsafeMutablePointer<SLABState>.allocate(capacity: 1)
    extra.initialize(
      to: SLABState(geometry: geometry, freeLimit: (1 + cpus) * batch + geometry.objects))
    state.pointee.extra = UnsafeMutableRawPointer(extra)
  }

  /// Objects that a CPU's array holds (`enable_cpucache`).
  static func arrayLimit(size: Int) -> Int {
    size > 131_072 ? 1 : size > 4096 ? 8 : size > 1024 ? 24 : size > 256 ? 54 : 120
  }

  /// The shared array holds this many batches.
  static let sharedFactor = 8

  override func dismantle(_ cache: ObjectCache) {
    cache.state.pointee.shared.deallocate()
    cache.state.pointee.extra?.deallocate()
    cache.state.pointee.extra = nil
  }

  override func takeSlowly(
    _ cache: ObjectCache, bytes: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt {
    try takeObject(cache, gfp: gfp, cpu: cpu, site: site)
  }

  override func giveSlowly(
    _ address: UInt, _ cache: ObjectCache, cpu: CPU, site: CallSite
  ) throws(SlabError) {
    try giveObject(address, cache, cpu: cpu, site: site)
  }

  override func shrinkSlabs(_ cache: ObjectCache, cpu: CPU) -> Int {
    drain(cache, cpu: cpu, share: .all)
  }

  override func check(_ cache: ObjectCache) throws(SlabInvariantViolation) {
    try checkCache(cache)
  }

  override func slabInfo(of cache: ObjectCache) -> SlabInfo { info(of: cache) }

  /// What happens every two seconds: a fifth of each array's room and some free slabs go back (`cache_reap`).
  ///
  /// - Returns: the number of pages returned.
  @discardableResult
  public func reap(cpu: CPU) -> Int {
    caches.reduce(0) { $0 + drain($1, cpu: cpu, share: .some) }
  }

  /// How far a cache is emptied.
  enum Share { case some, all }

  func extra(_ cache: ObjectCache) -> UnsafeMutablePointer<SLABState> {
    cache.state.pointee.extra.unsafelyUnwrapped.assumingMemoryBound(to: SLABState.self)
  }
}

/// What SLAB keeps of a cache besides its lists.
struct SLABState {
  private let first = FirstByte()
  let geometry: SLABGeometry
  /// Free objects on slabs; those in arrays are not counted.
  var freeObjects = 0
  /// Free slabs go back while there are more free objects than this.
  let freeLimit: Int
  var nextColour = 0
}

/// Sizes and places within a slab. Source: `__kmem_cache_create`, `calculate_slab_order` in `mm/slab.c`.
struct SLABGeometry: Hashable {
  /// Where the array of free slot numbers is.
  enum Indices { case inFreeObject, behindObjects, elsewhere }

  let size: Int
  let alignment: Int
  let order: Int
  let objects: Int
  let indices: Indices
  /// Slabs start at so many different places.
  let colours: Int
  /// Bytes from one such place to the next.
  let colourOffset: Int

  /// Most objects of a slab: a slot's number is a byte (`SLAB_OBJ_MAX_NUM`).
  static let mostObjects = 255

  init?(objectSize: Int, align: Int, flags: SlabFlags, hasConstructor: Bool) {
    let alignment = CacheLayout.alignment(objectSize: objectSize, align: align, flags: flags)
    // Below that, a byte could not number the slots of a page.
    let size = CacheLayout.round(max(objectSize, 16), to: alignment)
    let colourOffset = max(64, alignment)
    self.size = size
    self.alignment = alignment
    self.colourOffset = colourOffset
    let keepsContents = hasConstructor || flags.contains(.typesafeByRCU)
    if !keepsContents,
      let (order, objects) = Self.order(size: size, perObject: size, flags: flags),
      objects <= objectSize
    {
      (self.order, self.objects, indices) = (order, objects, .inFreeObject)
      colours = ((pageSize << order) - objects * size) / colourOffset
    } else if let (order, objects) = Self.order(size: size, perObject: size, flags: flags),
      size >= pageSize / 8, (pageSize << order) - objects * size < objects
    {
      (self.order, self.objects, indices) = (order, objects, .elsewhere)
      colours = ((pageSize << order) - objects * size) / colourOffset
    } else if let (order, objects) = Self.order(size: size, perObject: size + 1, flags: flags) {
      (self.order, self.objects, indices) = (order, objects, .behindObjects)
      colours = ((pageSize << order) - objects * (size + 1)) / colourOffset
    } else {
      return nil
    }
  }

  /// The first order that wastes at most an eighth; 1 at most for more than one object.
  private static func order(
    size: Int, perObject: Int, flags: SlabFlags
  ) -> (order: Int, objects: Int)? {
    var best: (Int, Int)?
    for order in 0...maxOrder {
      let bytes = pageSize << order
      let objects = bytes / perObject
      if objects == 0 { continue }
      if objects > mostObjects { break }
      best = (order, objects)
      let left = bytes - objects * perObject
      if flags.contains(.reclaimAccount) || order >= 1 || left * 8 <= bytes { break }
    }
    return best
  }

  func layout(objectSize: Int) -> CacheLayout {
    CacheLayout(
      objectSize: objectSize, size: size, alignment: alignment, inUse: size, order: order,
      objects: objects)
  }
}
