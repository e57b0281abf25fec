/// What a caller of a kernel allocator allows and asks for: a mask of single-bit modifiers.
///
/// The composite names (``kernel``, ``atomic``, …) are the ones to use for a situation; modifiers are added to
/// or removed from them. Bit values are those of Linux 6.12 on Debian's x86-64 configuration.
/// Source: `include/linux/gfp_types.h`.
@frozen
public struct GFPFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// Zone modifiers: the low four bits choose the highest zone that may serve the request.
extension GFPFlags {
  /// `__GFP_DMA`: below 16 MiB, for devices with 24 address lines.
  @inlinable public static var dma: GFPFlags { GFPFlags(rawValue: 0x1) }
  /// `__GFP_HIGHMEM`: memory that the kernel need not be able to address permanently.
  @inlinable public static var highmem: GFPFlags { GFPFlags(rawValue: 0x2) }
  /// `__GFP_DMA32`: below 4 GiB, for devices with 32 address lines.
  @inlinable public static var dma32: GFPFlags { GFPFlags(rawValue: 0x4) }
  /// `__GFP_MOVABLE`: the page can be moved or reclaimed; also a mobility type.
  @inlinable public static var movable: GFPFlags { GFPFlags(rawValue: 0x8) }
}

/// Mobility, placement and accounting modifiers.
extension GFPFlags {
  /// `__GFP_RECLAIMABLE`: the page belongs to a cache that a shrinker can empty.
  @inlinable public static var reclaimable: GFPFlags { GFPFlags(rawValue: 0x10) }
  /// `__GFP_WRITE`: the caller is about to dirty the page; spreads dirty pages over zones.
  @inlinable public static var write: GFPFlags { GFPFlags(rawValue: 0x1000) }
  /// `__GFP_HARDWALL`: keep to the memory nodes of the task's cpuset.
  @inlinable public static var hardwall: GFPFlags { GFPFlags(rawValue: 0x100000) }
  /// `__GFP_THISNODE`: from the requested memory node or not at all.
  @inlinable public static var thisnode: GFPFlags { GFPFlags(rawValue: 0x200000) }
  /// `__GFP_ACCOUNT`: charge the allocation to the task's memory control group.
  @inlinable public static var account: GFPFlags { GFPFlags(rawValue: 0x400000) }
}

/// Watermark modifiers: how far into the emergency reserves a request may reach.
extension GFPFlags {
  /// `__GFP_HIGH`: the caller makes progress only with this memory; half of the reserve is open to it.
  @inlinable public static var high: GFPFlags { GFPFlags(rawValue: 0x20) }
  /// `__GFP_ATOMIC` of Linux 6.1; the bit has no meaning in 6.12.
  @inlinable public static var legacyAtomic: GFPFlags { GFPFlags(rawValue: 0x200) }
  /// `__GFP_MEMALLOC`: all reserves are open, because this memory will soon free more.
  @inlinable public static var memalloc: GFPFlags { GFPFlags(rawValue: 0x20000) }
  /// `__GFP_NOMEMALLOC`: no reserves at all; wins over ``memalloc``.
  @inlinable public static var nomemalloc: GFPFlags { GFPFlags(rawValue: 0x80000) }
}

/// Reclaim modifiers: what the allocator may do when memory is short.
extension GFPFlags {
  /// `__GFP_IO`: may start physical input and output.
  @inlinable public static var io: GFPFlags { GFPFlags(rawValue: 0x40) }
  /// `__GFP_FS`: may call into the file system.
  @inlinable public static var fs: GFPFlags { GFPFlags(rawValue: 0x80) }
  /// `__GFP_DIRECT_RECLAIM`: the caller may reclaim memory itself, and so may sleep.
  @inlinable public static var directReclaim: GFPFlags { GFPFlags(rawValue: 0x400) }
  /// `__GFP_KSWAPD_RECLAIM`: may wake kswapd when the low watermark is reached.
  @inlinable public static var kswapdReclaim: GFPFlags { GFPFlags(rawValue: 0x800) }
  /// `__GFP_RECLAIM`: both kinds of reclaim.
  @inlinable public static var reclaim: GFPFlags { [.directReclaim, .kswapdReclaim] }
  /// `__GFP_RETRY_MAYFAIL`: try hard, yet fail rather than kill a process.
  @inlinable public static var retryMayfail: GFPFlags { GFPFlags(rawValue: 0x4000) }
  /// `__GFP_NOFAIL`: never answer nothing; the caller cannot cope with it.
  @inlinable public static var nofail: GFPFlags { GFPFlags(rawValue: 0x8000) }
  /// `__GFP_NORETRY`: one light try at reclaim, then fail.
  @inlinable public static var noretry: GFPFlags { GFPFlags(rawValue: 0x10000) }
}

/// Action modifiers.
extension GFPFlags {
  /// `__GFP_ZERO`: the memory is handed out filled with zeros.
  @inlinable public static var zero: GFPFlags { GFPFlags(rawValue: 0x100) }
  /// `__GFP_NOWARN`: no message when the allocation fails.
  @inlinable public static var nowarn: GFPFlags { GFPFlags(rawValue: 0x2000) }
  /// `__GFP_COMP`: a block of several pages is one compound page.
  @inlinable public static var comp: GFPFlags { GFPFlags(rawValue: 0x40000) }
  /// `__GFP_ZEROTAGS`: memory tags are zeroed with the memory.
  @inlinable public static var zerotags: GFPFlags { GFPFlags(rawValue: 0x800000) }
  /// `__GFP_NO_OBJ_EXT` of Linux 6.12: no slab extension vector for this object; in no table of names.
  @inlinable public static var noObjExt: GFPFlags { GFPFlags(rawValue: 0x1000000) }
}

/// Composites, each for one situation.
extension GFPFlags {
  /// `GFP_ATOMIC`: cannot sleep (interrupt handler, spinlock held), and must not fail lightly.
  @inlinable public static var atomic: GFPFlags { [.high, .kswapdReclaim] }
  /// `GFP_KERNEL`: process context that may sleep; the usual choice.
  @inlinable public static var kernel: GFPFlags { [.reclaim, .io, .fs] }
  /// `GFP_KERNEL_ACCOUNT`: ``kernel``, charged to the task's memory control group.
  @inlinable public static var kernelAccount: GFPFlags { [.kernel, .account] }
  /// `GFP_NOWAIT`: cannot sleep, and failing is cheap.
  @inlinable public static var nowait: GFPFlags { [.kswapdReclaim, .nowarn] }
  /// `GFP_NOIO`: may reclaim, but start no input or output (block layer).
  @inlinable public static var noio: GFPFlags { .reclaim }
  /// `GFP_NOFS`: may reclaim and start input and output, but not enter the file system (file systems).
  @inlinable public static var nofs: GFPFlags { [.reclaim, .io] }
  /// `GFP_USER`: memory for a user process that the kernel or hardware also reaches directly.
  @inlinable public static var user: GFPFlags { [.kernel, .hardwall] }
  /// `GFP_HIGHUSER`: a user's memory that the kernel maps when it needs it; cannot be moved.
  @inlinable public static var highuser: GFPFlags { [.user, .highmem] }
  /// `GFP_HIGHUSER_MOVABLE`: a user's page, the most frequent request for a page there is.
  @inlinable public static var highuserMovable: GFPFlags { [.highuser, .movable] }
  /// `GFP_TRANSHUGE_LIGHT`: a transparent huge page, without any reclaim.
  @inlinable public static var transhugeLight: GFPFlags {
    highuserMovable.union([.comp, .nomemalloc, .nowarn]).subtracting(.reclaim)
  }
  /// `GFP_TRANSHUGE`: a transparent huge page, with direct reclaim.
  @inlinable public static var transhuge: GFPFlags { [.transhugeLight, .directReclaim] }
}

extension GFPFlags: CustomStringConvertible {
  /// The text of the kernel's `gfp_flags=` field, by the table of Linux 6.12.
  public var description: String { GFPFlagTable.linux6_12.describe(self) }
}
