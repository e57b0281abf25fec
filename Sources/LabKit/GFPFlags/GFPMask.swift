/// A set of GFP flags ("get free pages"): how an allocation may behave, and where its memory may
/// lie.
///
/// Every request to the kernel's allocators carries one. The bits are those of Linux 6.12
/// (`include/linux/gfp_types.h`); bit 9 and the bits from 24 up have no name here, yet a mask may
/// hold them.
public struct GFPMask: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }
}

// MARK: Zone modifiers: where the memory may lie

extension GFPMask {
  /// The lowest 16 MiB, for devices with 24 address lines (`__GFP_DMA`, printed as `GFP_DMA`).
  public static let dma = GFPMask(rawValue: 1 << 0)
  /// Memory that the kernel need not have mapped: 32-bit machines beyond 896 MiB (`__GFP_HIGHMEM`).
  public static let highMem = GFPMask(rawValue: 1 << 1)
  /// The lowest 4 GiB, for devices with 32 address lines (`__GFP_DMA32`, printed as `GFP_DMA32`).
  public static let dma32 = GFPMask(rawValue: 1 << 2)
  /// The kernel may move the page elsewhere later (`__GFP_MOVABLE`).
  public static let movable = GFPMask(rawValue: 1 << 3)
}

// MARK: Action modifiers: how the allocator may go about it

extension GFPMask {
  /// The kernel can get the page back when memory runs short (`__GFP_RECLAIMABLE`).
  public static let reclaimable = GFPMask(rawValue: 1 << 4)
  /// Urgent: may use part of the reserve below the min watermark (`__GFP_HIGH`).
  public static let high = GFPMask(rawValue: 1 << 5)
  /// Reclaim on behalf of this request may start I/O (`__GFP_IO`).
  public static let io = GFPMask(rawValue: 1 << 6)
  /// Reclaim on behalf of this request may call into a file system (`__GFP_FS`).
  public static let fs = GFPMask(rawValue: 1 << 7)
  /// The memory is handed out filled with zeros (`__GFP_ZERO`).
  public static let zero = GFPMask(rawValue: 1 << 8)
  /// The caller itself may reclaim memory, and so wait (`__GFP_DIRECT_RECLAIM`).
  public static let directReclaim = GFPMask(rawValue: 1 << 10)
  /// May wake kswapd, the thread that reclaims in the background (`__GFP_KSWAPD_RECLAIM`).
  public static let kswapdReclaim = GFPMask(rawValue: 1 << 11)
  /// The page will be written soon (`__GFP_WRITE`).
  public static let write = GFPMask(rawValue: 1 << 12)
  /// No message in the log when the request fails (`__GFP_NOWARN`).
  public static let noWarn = GFPMask(rawValue: 1 << 13)
  /// Try hard, yet fail in the end (`__GFP_RETRY_MAYFAIL`).
  public static let retryMayFail = GFPMask(rawValue: 1 << 14)
  /// Never fail: try for ever (`__GFP_NOFAIL`).
  public static let noFail = GFPMask(rawValue: 1 << 15)
  /// Reclaim once at most, then fail (`__GFP_NORETRY`).
  public static let noRetry = GFPMask(rawValue: 1 << 16)
  /// May use the whole reserve: for code that frees more than it takes (`__GFP_MEMALLOC`).
  public static let memAlloc = GFPMask(rawValue: 1 << 17)
  /// The pages of the block form one compound page (`__GFP_COMP`).
  public static let comp = GFPMask(rawValue: 1 << 18)
  /// Keeps off the reserve that `__GFP_MEMALLOC` opens, and wins over it (`__GFP_NOMEMALLOC`).
  public static let noMemAlloc = GFPMask(rawValue: 1 << 19)
  /// Stay on the memory nodes that the task is confined to (`__GFP_HARDWALL`).
  public static let hardwall = GFPMask(rawValue: 1 << 20)
  /// This memory node or none (`__GFP_THISNODE`).
  public static let thisNode = GFPMask(rawValue: 1 << 21)
  /// Charge the memory to the task's control group (`__GFP_ACCOUNT`).
  public static let account = GFPMask(rawValue: 1 << 22)
  /// Clear the memory tags too, where the processor has them (`__GFP_ZEROTAGS`).
  public static let zeroTags = GFPMask(rawValue: 1 << 23)

  /// Both kinds of reclaim, under the one name `__GFP_RECLAIM`.
  public static let reclaim: GFPMask = [.directReclaim, .kswapdReclaim]
}

// MARK: Names

extension GFPMask {
  /// The modifiers that Linux 6.12 has a printed name for, each with its bits.
  ///
  /// `GFP_DMA` and `GFP_DMA32` are missing: they are printed as types. See ``GFPType``.
  public static let modifiers: [(name: String, mask: GFPMask)] = [
    ("__GFP_HIGHMEM", .highMem), ("__GFP_HIGH", .high), ("__GFP_IO", .io), ("__GFP_FS", .fs),
    ("__GFP_NOWARN", .noWarn), ("__GFP_RETRY_MAYFAIL", .retryMayFail),
    ("__GFP_NOFAIL", .noFail), ("__GFP_NORETRY", .noRetry), ("__GFP_COMP", .comp),
    ("__GFP_ZERO", .zero), ("__GFP_NOMEMALLOC", .noMemAlloc), ("__GFP_MEMALLOC", .memAlloc),
    ("__GFP_HARDWALL", .hardwall), ("__GFP_THISNODE", .thisNode),
    ("__GFP_RECLAIMABLE", .reclaimable), ("__GFP_MOVABLE", .movable),
    ("__GFP_ACCOUNT", .account), ("__GFP_WRITE", .write), ("__GFP_RECLAIM", .reclaim),
    ("__GFP_DIRECT_RECLAIM", .directReclaim), ("__GFP_KSWAPD_RECLAIM", .kswapdReclaim),
    ("__GFP_ZEROTAGS", .zeroTags),
  ]

  /// The bits of the modifier called `name`, spelled as in ``modifiers``, or nil.
  public static func modifier(named name: String) -> GFPMask? {
    modifiers.first { $0.name == name }?.mask
  }

  /// The 35 names that Linux 6.12 prints, types and modifiers, in the order in which it tries them.
  ///
  /// Source: `include/trace/events/mmflags.h`.
  public static let printingOrder: [String] = [
    "GFP_TRANSHUGE", "GFP_TRANSHUGE_LIGHT", "GFP_HIGHUSER_MOVABLE", "GFP_HIGHUSER", "GFP_USER",
    "GFP_KERNEL_ACCOUNT", "GFP_KERNEL", "GFP_NOFS", "GFP_ATOMIC", "GFP_NOIO", "GFP_NOWAIT",
    "GFP_DMA", "__GFP_HIGHMEM", "GFP_DMA32", "__GFP_HIGH", "__GFP_IO", "__GFP_FS",
    "__GFP_NOWARN", "__GFP_RETRY_MAYFAIL", "__GFP_NOFAIL", "__GFP_NORETRY", "__GFP_COMP",
    "__GFP_ZERO", "__GFP_NOMEMALLOC", "__GFP_MEMALLOC", "__GFP_HARDWALL", "__GFP_THISNODE",
    "__GFP_RECLAIMABLE", "__GFP_MOVABLE", "__GFP_ACCOUNT", "__GFP_WRITE", "__GFP_RECLAIM",
    "__GFP_DIRECT_RECLAIM", "__GFP_KSWAPD_RECLAIM", "__GFP_ZEROTAGS",
  ]
}

/// The names that bundle modifiers for a common need; the raw value is the name in the kernel.
///
/// In the order in which Linux 6.12 tries them when it prints a mask. Their bits are part of the
/// exercise.
public enum GFPType: String, CaseIterable, Hashable, Sendable {
  case transHuge = "GFP_TRANSHUGE"
  case transHugeLight = "GFP_TRANSHUGE_LIGHT"
  case highUserMovable = "GFP_HIGHUSER_MOVABLE"
  case highUser = "GFP_HIGHUSER"
  case user = "GFP_USER"
  case kernelAccount = "GFP_KERNEL_ACCOUNT"
  case kernel = "GFP_KERNEL"
  case noFS = "GFP_NOFS"
  case atomic = "GFP_ATOMIC"
  case noIO = "GFP_NOIO"
  case noWait = "GFP_NOWAIT"
  case dma = "GFP_DMA"
  case dma32 = "GFP_DMA32"
}
