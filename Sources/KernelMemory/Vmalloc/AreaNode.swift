/// One stretch of virtual addresses in raw memory (`struct vmap_area`, with the `struct vm_struct` of a busy one).
struct AreaNode {
  /// Where a node is.
  enum State: UInt8 {
    /// On the list of nodes that no stretch uses.
    case spare
    /// In the free tree.
    case free
    /// In the busy tree.
    case busy
    /// Unmapped, and not to be used again before the next flush of the TLB.
    case lazy
    /// Flushed, and kept for the next request of this very size on its CPU.
    case pooled
  }

  var start: UInt64 = 0
  /// One behind the last byte.
  var end: UInt64 = 0

  // Tree: indices, 0 for none.
  var left: UInt32 = 0
  var right: UInt32 = 0
  var parent: UInt32 = 0
  /// The next node of the list that the node is on.
  var next: UInt32 = 0
  /// The largest size in the subtree of this node.
  var subtreeMax: UInt64 = 0
  var isRed = false
  var state = State.spare

  /// Whose pool the stretch belongs to: the number of a vmap node, or -1.
  var pool: Int16 = -1
  var kind: AreaKind = []
  /// Pages that the area owns, or shows.
  var pageCount = 0
  /// Where the list of those pages is: a virtual address, or 0.
  var pageList: UInt64 = 0
  /// Of device memory.
  var physicalAddress: UInt64 = 0
  var caller = CallSite.unknown
  var freedBy = CallSite.unknown
  /// Where this process has the area's pages side by side, or nil.
  var host: UnsafeMutableRawPointer?

  var size: UInt64 { end - start }
}

/// What an area is and how it was asked for (`VM_*` in `include/linux/vmalloc.h`).
public struct AreaKind: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `VM_IOREMAP`: shows device memory.
  public static let ioremap = AreaKind(rawValue: 0x1)
  /// `VM_ALLOC`: from ``Vmalloc/vmalloc(_:gfp:align:range:kind:caller:cpu:)``; owns its pages.
  public static let vmalloc = AreaKind(rawValue: 0x2)
  /// `VM_MAP`: from ``Vmalloc/vmap(_:kind:isWritable:caller:cpu:)``; shows pages that others own.
  public static let vmap = AreaKind(rawValue: 0x4)
  /// `VM_USERMAP`: zeroed, so that it may be shown to a process.
  public static let user = AreaKind(rawValue: 0x8)
  /// `VM_DMA_COHERENT`.
  public static let dmaCoherent = AreaKind(rawValue: 0x10)
  /// `VM_UNINITIALIZED`: its pages are still being gathered.
  static let unfinished = AreaKind(rawValue: 0x20)
  /// `VM_NO_GUARD`: no unmapped page behind it.
  public static let noGuard = AreaKind(rawValue: 0x40)
  /// `VM_FLUSH_RESET_PERMS`: its addresses are flushed as soon as it is freed, for code.
  public static let flushAtFree = AreaKind(rawValue: 0x100)
  /// `VM_MAP_PUT_PAGES`: an area of `vmap` that owns its pages.
  public static let ownsPages = AreaKind(rawValue: 0x200)
  /// `VM_ALLOW_HUGE_VMAP`: may be mapped in pieces of 2 MiB.
  public static let allowsHuge = AreaKind(rawValue: 0x400)
  /// The list of the area's pages is an area itself (`is_vmalloc_addr(v->pages)`).
  public static let pageListIsArea = AreaKind(rawValue: 0x1_0000)
  /// The bare addresses alone, without mapping (`alloc_vmap_area` by itself, as `vm_map_ram` does).
  public static let bare = AreaKind(rawValue: 0x2_0000)
  /// Mapped in pieces of 2 MiB.
  public static let isHuge = AreaKind(rawValue: 0x4_0000)
  /// Waits for ``Vmalloc/freeDeferred(cpu:)``.
  static let deferred = AreaKind(rawValue: 0x8_0000)
}

/// Nodes in one arena, handed out from a list of spare ones, then in ascending order.
///
/// Node 0 stands for "none" in the trees, so that their code needs no special cases (it is black and empty).
struct AreaPool: ~Copyable {
  let arena: Arena
  let nodes: UnsafeMutablePointer<AreaNode>
  let capacity: UInt32
  private(set) var firstUnused: UInt32 = 1
  private var spare: UInt32 = 0
  private(set) var used = 0

  init(capacity: Int) throws(MachineError) {
    arena = try Arena(byteCount: (capacity + 1) * MemoryLayout<AreaNode>.stride)
    nodes = arena.base.bindMemory(to: AreaNode.self, capacity: capacity + 1)
    nodes.initialize(to: AreaNode())
    self.capacity = UInt32(capacity + 1)
  }

  /// A node of its own for `start..<end`, or 0 when all are in use. O(1).
  mutating func take(_ start: UInt64, _ end: UInt64) -> UInt32 {
    let index = spare != 0 ? spare : firstUnused
    if spare != 0 {
      spare = nodes[Int(spare)].next
    } else {
      guard firstUnused < capacity else { return 0 }
      firstUnused += 1
    }
    used += 1
    (nodes + Int(index)).initialize(to: AreaNode(start: start, end: end))
    return index
  }

  mutating func giveBack(_ index: UInt32) {
    nodes[Int(index)].state = .spare
    nodes[Int(index)].next = spare
    spare = index
    used -= 1
  }
}

/// A list of nodes, linked in one direction.
struct AreaList {
  var first: UInt32 = 0
  var last: UInt32 = 0
  var count = 0

  mutating func prepend(_ index: UInt32, _ nodes: UnsafeMutablePointer<AreaNode>) {
    nodes[Int(index)].next = first
    if first == 0 { last = index }
    first = index
    count += 1
  }

  mutating func append(_ index: UInt32, _ nodes: UnsafeMutablePointer<AreaNode>) {
    nodes[Int(index)].next = 0
    if first == 0 { first = index } else { nodes[Int(last)].next = index }
    last = index
    count += 1
  }

  mutating func takeFirst(_ nodes: UnsafeMutablePointer<AreaNode>) -> UInt32 {
    let index = first
    guard index != 0 else { return 0 }
    first = nodes[Int(index)].next
    if first == 0 { last = 0 }
    count -= 1
    return index
  }
}
