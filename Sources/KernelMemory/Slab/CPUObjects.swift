/// One CPU's part of one cache, in one line of 64 bytes.
///
/// In front is an array of ready objects, last in, first out: `struct slab_sheaf` of Linux 6.18's SLUB, and
/// `struct array_cache` of SLAB. Behind it, for SLUB, are the slab that the CPU allocates from and a chain of partial
/// slabs (`struct kmem_cache_cpu`). The CPU's ``CPUGuard`` protects it.
@usableFromInline
struct CPUObjects {
  /// Behind the object that came last. Pointers rather than counts: one instruction less for each operation.
  @usableFromInline var top: UnsafeMutablePointer<UInt>
  /// Where the array ends; at its start for an array that holds nothing, so that every operation goes the slow way.
  @usableFromInline var limit: UnsafeMutablePointer<UInt>
  /// Objects handed out on this CPU so far.
  @usableFromInline var allocations = 0
  /// Low bits that no object's address has set.
  @usableFromInline var alignMask: UInt32 = 0
  /// Head frame of the slab that the CPU allocates from; 0 for none.
  var slab: UInt32 = 0
  /// Addresses of ready objects. The element before the first is 0, so that the top can always be looked at.
  let entries: UnsafeMutablePointer<UInt>
  /// Objects that came to the array from slabs or the shared array, less those that went there.
  var fromSlabs = 0
  /// First object of the CPU slab's private free list; its length is not known.
  var freeList: UInt = 0
  /// First of the chain of partial slabs; 0 for none.
  var partial: UInt32 = 0
  /// Length of the chain.
  var partialSlabs: UInt32 = 0

  init(entries: UnsafeMutablePointer<UInt>) {
    self.entries = entries
    top = entries
    limit = entries
  }

  /// Objects in the array.
  var count: Int {
    get { top - entries }
    set { top = entries + newValue }
  }

  /// Objects that the array may hold.
  var capacity: Int {
    get { limit - entries }
    set { limit = entries + newValue }
  }

  /// Objects given back on this CPU so far. An object that was handed out came from a slab or from a free.
  var frees: Int { count + allocations - fromSlabs }

  /// The largest ``capacity``.
  static let mostEntries = 256
  /// Entries of one array with the element before the first, as whole cache lines. An odd number of lines keeps the
  /// arrays of several caches out of each other's cache sets.
  static let entryStride = 264
}

/// What a CPU's fast paths of all caches need, without a way over the allocator, whose references would be counted.
@usableFromInline
struct CPUObjectTables {
  /// The CPU's ``CPUObjects`` by the number of the cache (`kmem_cache_cpu`).
  @usableFromInline let lines: UnsafeMutableRawPointer
  /// For each frame the number of the cache whose slab it is part of.
  @usableFromInline let owners: UnsafePointer<UInt16>
  /// For each eighth of a kmalloc size the number of its cache.
  @usableFromInline let kmallocIDs: UnsafePointer<UInt8>
  /// Address of the machine's first byte.
  @usableFromInline let base: UInt
}

/// A cache's array of ready objects for all CPUs, last in, first out, moved in batches.
///
/// What one CPU frees and another allocates passes through here and touches no slab: the full sheaves of
/// `struct node_barn` in Linux 6.18's SLUB, and the shared `struct array_cache` of SLAB. Under the cache's lock.
struct SharedObjects {
  /// Addresses; nil while none are kept.
  var entries: UnsafeMutablePointer<UInt>?
  var count = 0
  var capacity = 0

  /// Makes room for `capacity` objects.
  mutating func allocate(capacity: Int) {
    guard capacity > 0 else { return }
    entries = .allocate(capacity: capacity)
    self.capacity = capacity
  }

  mutating func deallocate() {
    entries?.deallocate()
    self = SharedObjects()
  }

  /// Moves up to `wanted` objects to an array; the number of those that were there.
  mutating func take(_ wanted: Int, to array: UnsafeMutablePointer<UInt>) -> Int {
    guard let entries, count > 0 else { return 0 }
    let moved = min(wanted, count)
    count -= moved
    array.update(from: entries + count, count: moved)
    return moved
  }

  /// Moves objects here from an array; false, with nothing done, when there is no room for all.
  mutating func put(_ moved: Int, from array: UnsafeMutablePointer<UInt>) -> Bool {
    guard let entries, capacity - count >= moved else { return false }
    (entries + count).update(from: array, count: moved)
    count += moved
    return true
  }
}

extension CPU {
  /// The CPU's part of a cache; there must be object caches on the machine.
  @inlinable @inline(__always)
  func objects(_ cache: UInt16) -> UnsafeMutablePointer<CPUObjects> {
    let lines = state.pointee.objects.unsafelyUnwrapped.lines
    return (lines + Int(cache) &<< 6).assumingMemoryBound(to: CPUObjects.self)
  }

  /// Takes an object that lies ready for `kmalloc`; nil when something needs a closer look.
  @inlinable @inline(__always)
  package func takeReadyObject(_ size: Int, gfp: GFPFlags) -> UnsafeMutableRawPointer? {
    let last = UInt(bitPattern: size &- 1)
    // One test for both: too large, or special.
    guard last &>> 13 | UInt(gfp.rawValue & SlabAllocator.specialKmalloc) == 0,
      state.pointee.guarded.enter(allocating: gfp)
    else { return nil }
    let id = state.pointee.objects.unsafelyUnwrapped.kmallocIDs[Int(bitPattern: last &>> 3)]
    let object = objects(UInt16(id)).pop()
    state.pointee.guarded.leave()
    return UnsafeMutableRawPointer(bitPattern: object)
  }

  /// Puts an object of any cache with the ready ones; false when something needs a closer look, a bad address among
  /// others.
  @inlinable @inline(__always)
  package func putBackObject(_ address: UInt) -> Bool {
    let frame = (address &- state.pointee.objects.unsafelyUnwrapped.base) &>> 12
    guard frame < state.pointee.frames, state.pointee.guarded.enter() else { return false }
    let id = state.pointee.objects.unsafelyUnwrapped.owners[Int(bitPattern: frame)]
    let isDone = objects(id).push(address)
    state.pointee.guarded.leave()
    return isDone
  }
}
