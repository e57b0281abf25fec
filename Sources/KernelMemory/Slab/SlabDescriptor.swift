/// Where a slab is kept at this moment.
enum SlabPlace: UInt8 {
  /// On no list: full, or about to be put somewhere.
  case none
  /// The slab that a CPU allocates from; others free into it, but nobody else takes from it (frozen).
  case cpu
  /// In a CPU's chain of partial slabs.
  case cpuPartial
  /// On the cache's list of partial slabs.
  case partial
  /// On the cache's list of full slabs.
  case full
  /// On the cache's list of free slabs.
  case free
}

/// One slab: a block of pages cut into slots (`struct slab`). Changes under its cache's lock.
struct SlabDescriptor {
  /// Address of the first free object, 0 for none. What the slab's CPU took for itself is not in it.
  var freeList: UInt = 0
  /// Address of the first slot.
  var start: UInt = 0
  /// Neighbours on the list or chain that the slab is on, as head frames; 0 for none.
  var next: UInt32 = 0
  var previous: UInt32 = 0
  /// Neighbours on the list of all slabs of the cache.
  var nextOfAll: UInt32 = 0
  var previousOfAll: UInt32 = 0
  /// Objects that are not on ``freeList``.
  var inUse: UInt32 = 0
  /// Slots.
  var objects: UInt32 = 0
  /// The cache's number; 0 while no slab starts at this frame.
  var cache: UInt16 = 0
  var order: UInt8 = 0
  var place: SlabPlace = .none
  /// The slab's colour, in units of the cache's alignment (SLAB).
  var colour: UInt32 = 0
  /// Address of the array of free slot numbers (SLAB).
  var freeIndices: UInt = 0
}

/// A doubly linked list of slabs through their descriptors; links are head frames, 0 for none.
struct SlabList {
  var first: UInt32 = 0
  var last: UInt32 = 0
  var count = 0

  mutating func insert(
    _ frame: UInt32, atTail: Bool, in slabs: UnsafeMutablePointer<SlabDescriptor>
  ) {
    let (previous, next) = atTail ? (last, 0) : (0, first)
    slabs[Int(frame)].previous = previous
    slabs[Int(frame)].next = next
    if previous == 0 { first = frame } else { slabs[Int(previous)].next = frame }
    if next == 0 { last = frame } else { slabs[Int(next)].previous = frame }
    count += 1
  }

  mutating func remove(_ frame: UInt32, in slabs: UnsafeMutablePointer<SlabDescriptor>) {
    let (previous, next) = (slabs[Int(frame)].previous, slabs[Int(frame)].next)
    if previous == 0 { first = next } else { slabs[Int(previous)].next = next }
    if next == 0 { last = previous } else { slabs[Int(next)].previous = previous }
    slabs[Int(frame)].next = 0
    slabs[Int(frame)].previous = 0
    count -= 1
  }
}
