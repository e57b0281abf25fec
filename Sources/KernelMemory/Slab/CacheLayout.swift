/// Where a cache's objects lie: sizes within a slot, slots within a slab, and how many slabs are kept where.
///
/// A pure calculation; all sizes in bytes. Source: `calculate_sizes` and `calculate_order` in `mm/slub.c`.
public struct CacheLayout: Hashable, Sendable {
  /// What the cache's users get (`object_size`).
  public var objectSize: Int
  /// From one slot to the next (`size`).
  public var size: Int
  /// Every object starts at a multiple of this (`align`).
  public var alignment: Int
  /// End of the object and what guards it on the right (`inuse`).
  public var inUse: Int
  /// Where a free object holds the address of the next (`offset`).
  public var freePointerOffset: Int
  /// Bytes of red zone before the object (`red_left_pad`).
  public var leftRedZone = 0
  /// Where the two track records lie; 0 without ``SlabFlags/storeUser``.
  public var trackOffset = 0
  /// A slab has 2^order pages, when they can be had (`oo`).
  public var order: Int
  /// The order that does when they cannot (`min`).
  public var minimumOrder: Int
  /// Slots of a slab of ``order``.
  public var objectsPerSlab: Int
  /// Empty slabs beyond this many partial ones are given back (`min_partial`).
  public var minPartial: Int
  /// Free objects that a CPU's chain of partial slabs is meant to hold (`cpu_partial`).
  public var cpuPartial: Int
  /// Slabs that the chain may hold (`cpu_partial_slabs`).
  public var cpuPartialSlabs: Int

  /// Size of a record of who allocated or freed (`struct track`).
  static let trackSize = 32
  /// Most objects of a slab (`MAX_OBJS_PER_PAGE`).
  static let mostObjects = 32767
  /// Largest order that is chosen for several objects (`slab_max_order`, the costly order).
  static let maxSlabOrder = 3
  /// Size of a word, the least alignment (`ARCH_SLAB_MINALIGN`).
  static let word = 8

  /// SLUB's layout.
  ///
  /// - Parameters:
  ///   - objectSize: 1 to 4 MiB.
  ///   - align: a power of two, or 0 for the least.
  ///   - flags: the checks take room in the slot.
  ///   - hasConstructor: a constructed object is not overwritten while it is free.
  ///   - cpus: processors of the machine; more of them get larger slabs.
  /// - Returns: nil when no slab can hold an object with what the flags add to it.
  public init?(
    objectSize: Int, align: Int = 0, flags: SlabFlags = [], hasConstructor: Bool = false, cpus: Int
  ) {
    guard objectSize > 0, objectSize <= pageSize << maxOrder else { return nil }
    let alignment = Self.alignment(objectSize: objectSize, align: align, flags: flags)
    let rounded = Self.round(objectSize, to: Self.word)
    var size = rounded
    if flags.contains(.redZone) && size == objectSize { size += Self.word }
    inUse = size

    let storesSize = flags.contains([.storeUser, .kmalloc])
    if flags.contains(.typesafeByRCU) || flags.contains(.poison) || hasConstructor
      || flags.contains(.redZone) && (objectSize < Self.word || storesSize)
    {
      freePointerOffset = size
      size += Self.word
    } else {
      // In the middle, away from what runs over the ends.
      freePointerOffset = objectSize / 2 / Self.word * Self.word
    }
    if flags.contains(.storeUser) {
      trackOffset = size
      size += 2 * Self.trackSize
      if storesSize { size += Self.word }
    }
    if flags.contains(.redZone) {
      leftRedZone = Self.round(Self.word, to: alignment)
      size += Self.word + leftRedZone
    }
    size = Self.round(size, to: alignment)
    guard let order = Self.order(forSize: size, cpus: cpus) else { return nil }
    self.objectSize = objectSize
    self.alignment = alignment
    self.size = size
    self.order = order
    minimumOrder = Self.order(ofBytes: size)
    objectsPerSlab = (pageSize << order) / size
    minPartial = min(max((Int.bitWidth - 1 - size.leadingZeroBitCount) / 2, 5), 10)
    if flags.hasChecks {
      cpuPartial = 0
    } else {
      cpuPartial = size >= pageSize ? 6 : size >= 1024 ? 24 : size >= 256 ? 52 : 120
    }
    let perSlab = max(objectsPerSlab, 1)
    cpuPartialSlabs = (2 * cpuPartial + perSlab - 1) / perSlab
  }

  /// The layout of a design that decides for itself; nothing is kept on partial lists for good.
  init(objectSize: Int, size: Int, alignment: Int, inUse: Int, order: Int, objects: Int) {
    self.objectSize = objectSize
    self.size = size
    self.alignment = alignment
    self.inUse = inUse
    self.order = order
    freePointerOffset = 0
    minimumOrder = order
    objectsPerSlab = objects
    minPartial = 0
    cpuPartial = 0
    cpuPartialSlabs = 0
  }

  /// The order SLUB gives a cache with slots of `size` bytes, or nil when it is too large (`calculate_order`).
  public static func order(forSize size: Int, cpus: Int) -> Int? {
    let bits = Int.bitWidth - max(cpus, 1).leadingZeroBitCount
    let most = max((pageSize << maxSlabOrder) / size, 1)
    let least = min(4 * (bits + 1), most)
    let start = order(ofBytes: least * size)
    if (pageSize << start) / size > mostObjects {
      return order(ofBytes: size * mostObjects) - 1
    }
    for fraction in [16, 8, 4, 2] where start <= maxSlabOrder {
      for order in start...maxSlabOrder {
        let slab = pageSize << order
        if slab % size <= slab / fraction { return order }
      }
    }
    let order = order(ofBytes: size)
    return order <= maxOrder ? order : nil
  }

  /// The order of the smallest block of pages that holds a number of bytes (`get_order`).
  @inlinable
  public static func order(ofBytes bytes: Int) -> Int {
    bytes <= pageSize ? 0 : Int.bitWidth - ((bytes - 1) / pageSize).leadingZeroBitCount
  }

  /// The alignment that a cache gets (`calculate_alignment`).
  static func alignment(objectSize: Int, align: Int, flags: SlabFlags) -> Int {
    var least = max(align, word)
    if flags.contains(.hwcacheAlign) {
      var line = 64
      while objectSize <= line / 2 { line /= 2 }
      least = max(least, line)
    }
    return round(least, to: word)
  }

  @inlinable
  static func round(_ value: Int, to multiple: Int) -> Int {
    (value + multiple - 1) / multiple * multiple
  }
}
