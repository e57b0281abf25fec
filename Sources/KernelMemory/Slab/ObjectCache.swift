import Synchronization

/// A cache's state, in raw memory. Lists and counts change under ``lock`` only.
@usableFromInline
struct CacheState: ~Copyable {
  private let first = FirstByte()
  @usableFromInline let id: UInt16
  let lock = SpinLock()
  /// Who the cache belongs to; the allocator outlives its caches.
  let owner: Unmanaged<SlabAllocator>
  /// The allocator's, here again so that a free needs one pointer less.
  @usableFromInline let base: UInt
  @usableFromInline let frameCount: UInt
  @usableFromInline let owners: UnsafeMutablePointer<UInt16>
  var isAlive = true
  /// One for each creation that this cache serves. Under the lock of the registry, and so assigned as a whole: see
  /// ``FirstByte``.
  var names: [String]
  /// As the first creation asked for.
  let layout: CacheLayout
  /// Bytes that users get: of merged caches, what the one with the largest objects asked for.
  let objectSize: Atomic<Int>
  @usableFromInline let flags: SlabFlags
  let constructor: (@Sendable (UnsafeMutableRawPointer) -> Void)?
  /// What slabs are requested with besides the caller's mask (`allocflags`).
  let slabMask: GFPFlags
  /// Mixed into the links between free objects (`random`).
  let secret: UInt
  /// The order in which a new slab's objects are first handed out; empty for ascending.
  var permutation: [UInt16] = []
  var random: UInt64

  /// Slabs with some, with all and with no objects in use. SLUB has only the first, with checks the second too.
  var partial = SlabList()
  var full = SlabList()
  var free = SlabList()
  /// The first of all the cache's slabs.
  var firstOfAll: UInt32 = 0
  var slabCount = 0
  var pageCount = 0
  /// Slots in all slabs.
  var objectCount = 0

  /// Objects moved to or from a CPU's array at a time.
  var batch = 1
  /// Ready objects that all CPUs share, between their arrays and the slabs.
  var shared = SharedObjects()
  /// What an allocator other than SLUB keeps for the cache.
  var extra: UnsafeMutableRawPointer?

  init(
    id: UInt16, owner: SlabAllocator, name: String, layout: CacheLayout, flags: SlabFlags,
    constructor: (@Sendable (UnsafeMutableRawPointer) -> Void)?, secret: UInt, random: UInt64
  ) {
    self.id = id
    self.owner = .passUnretained(owner)
    base = owner.base
    frameCount = owner.frameCount
    owners = owner.owners
    names = [name]
    self.layout = layout
    objectSize = Atomic(layout.objectSize)
    self.flags = flags
    self.constructor = constructor
    self.secret = secret
    self.random = random
    var mask: GFPFlags = .comp
    if flags.contains(.cacheDMA) { mask.insert(.dma) }
    if flags.contains(.cacheDMA32) { mask.insert(.dma32) }
    if flags.contains(.reclaimAccount) { mask.insert(.reclaimable) }
    slabMask = mask
  }
}

/// A cache of objects of one size (`struct kmem_cache`).
///
/// A trivially copyable handle; valid while the ``SlabAllocator`` it came from lives.
@frozen
public struct ObjectCache: Hashable, @unchecked Sendable {
  @usableFromInline let state: UnsafeMutablePointer<CacheState>

  init(_ state: UnsafeMutablePointer<CacheState>) { self.state = state }

  /// The name of its first creation; merged caches share it.
  public var name: String { names[0] }
  /// All names, in order of creation.
  public var names: [String] { allocator.registry.withLock { _ in state.pointee.names } }
  public var layout: CacheLayout {
    var layout = state.pointee.layout
    let size = objectSize
    if size > layout.objectSize {
      layout.objectSize = size
      layout.inUse = max(layout.inUse, CacheLayout.round(size, to: CacheLayout.word))
    }
    return layout
  }
  public var flags: SlabFlags { state.pointee.flags }
  /// Bytes that its users get (`object_size`).
  public var objectSize: Int { state.pointee.objectSize.load(ordering: .relaxed) }
  /// Bytes from one slot to the next (`size`).
  public var size: Int { state.pointee.layout.size }
  public var alignment: Int { state.pointee.layout.alignment }
  /// Offset of the link in a free object (`offset`).
  public var freePointerOffset: Int { state.pointee.layout.freePointerOffset }
  public var order: Int { state.pointee.layout.order }
  public var objectsPerSlab: Int { state.pointee.layout.objectsPerSlab }
  public var minPartial: Int { state.pointee.layout.minPartial }
  public var cpuPartial: Int { state.pointee.layout.cpuPartial }
  public var hasConstructor: Bool { state.pointee.constructor != nil }
  /// False after its destruction.
  public var isAlive: Bool { state.pointee.isAlive }

  /// The allocator that made it.
  public var allocator: SlabAllocator { state.pointee.owner.takeUnretainedValue() }

  /// The name under which merged caches appear in `/sys/kernel/slab`, such as `:A-0000128` (`create_unique_id`).
  public var uniqueName: String {
    var letters = ""
    if flags.contains(.cacheDMA) { letters += "d" }
    if flags.contains(.cacheDMA32) { letters += "D" }
    if flags.contains(.reclaimAccount) { letters += "a" }
    if flags.contains(.consistencyChecks) { letters += "F" }
    if flags.contains(.account) { letters += "A" }
    let digits = String(size)
    return ":" + letters + (letters.isEmpty ? "" : "-")
      + String(repeating: "0", count: max(0, 7 - digits.utf8.count)) + digits
  }
}
