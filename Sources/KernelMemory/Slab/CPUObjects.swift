/// One CPU's part of one cache, in one line of 64 bytes.
///
/// In front is an array of ready objects, last in, first out: `struct slab_sheaf` of Linux 6.18's SLUB, and
/// `struct array_cache` of SLAB. Behind it, for SLUB, are the slab that the CPU allocates from and a chain of partial
/// slabs (`struct kmem_cache_cpu`). The CPU's ``CPUGuard`` protects it.
@usableFromInline
struct CPUObjects {
  /// Objects in the array.
  @usableFromInline var count: UInt32 = 0
  /// Objects that the array may hold; 0 sends every operation the slow way.
  @usableFromInline var capacity: UInt32 = 0
  /// Addresses of ready objects. The element before the first is no object's address, so that the top can always
  /// be looked at.
  @usableFromInline var entries: UnsafeMutablePointer<UInt>
  /// Bits that no object's address has set.
  @usableFromInline var alignMask: UInt = 0
  /// Objects handed out on this CPU so far.
  @usableFromInline var allocations = 0
  /// Objects that this CPU took out of slabs, less those that it put back.
  var fromSlabs = 0
  /// First object of the CPU slab's private free list; its length is not known.
  var freeList: UInt = 0
  /// Head frame of the slab that the CPU allocates from; 0 for none.
  var slab: UInt32 = 0
  /// First of the chain of partial slabs; 0 for none.
  var partial: UInt32 = 0
  /// Length of the chain.
  var partialSlabs: UInt32 = 0

  init(entries: UnsafeMutablePointer<UInt>) { self.entries = entries }

  /// Objects given back on this CPU so far. An object that was handed out came from a slab or from a free.
  var frees: Int { Int(count) + allocations - fromSlabs }

  /// The largest ``capacity``.
  static let mostEntries = 256
  /// Entries of one array with the element before the first, as whole cache lines. An odd number of lines keeps the
  /// arrays of several caches out of each other's cache sets.
  static let entryStride = 264
}

extension CPU {
  /// The CPU's part of a cache; there must be object caches on the machine.
  @inlinable @inline(__always)
  func objects(_ cache: UInt16) -> UnsafeMutablePointer<CPUObjects> {
    let lines = state.pointee.objects.unsafelyUnwrapped
    return (lines + Int(cache) &<< 6).assumingMemoryBound(to: CPUObjects.self)
  }
}
