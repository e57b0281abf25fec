/// What the flags of an allocation mean, as pure functions: the contract of the GFPFlags lab.
///
/// What a method returns depends on its arguments alone, and it returns for every mask: bits that a
/// question does not speak of make no difference to it. The counterpart in Linux 6.12 is `include/linux/gfp.h`,
/// with `gfp_to_alloc_flags` in `mm/page_alloc.c` and the names of
/// `include/trace/events/mmflags.h`.
public protocol GFPFlagRules {
  /// An instance that has been asked nothing yet; every instance returns the same.
  init()

  // MARK: Compose and take apart

  /// The bits that a type stands for.
  ///
  /// - `GFP_ATOMIC`: high, kswapdReclaim
  /// - `GFP_KERNEL`: both kinds of reclaim, io, fs
  /// - `GFP_KERNEL_ACCOUNT`: those of `GFP_KERNEL`, and account
  /// - `GFP_NOWAIT`: kswapdReclaim, noWarn
  /// - `GFP_NOIO`: both kinds of reclaim
  /// - `GFP_NOFS`: both kinds of reclaim, io
  /// - `GFP_USER`: those of `GFP_KERNEL`, and hardwall
  /// - `GFP_DMA`: dma. `GFP_DMA32`: dma32
  /// - `GFP_HIGHUSER`: those of `GFP_USER`, and highMem
  /// - `GFP_HIGHUSER_MOVABLE`: those of `GFP_HIGHUSER`, and movable
  /// - `GFP_TRANSHUGE_LIGHT`: those of `GFP_HIGHUSER_MOVABLE`, without both kinds of reclaim, and
  ///   comp, noMemAlloc, noWarn
  /// - `GFP_TRANSHUGE`: those of `GFP_TRANSHUGE_LIGHT`, and directReclaim
  func mask(of type: GFPType) -> GFPMask

  /// The part of `mask` that says where the memory may lie: dma, highMem, dma32, movable.
  func zoneModifiers(of mask: GFPMask) -> GFPMask

  /// The rest of `mask`: how the allocator may go about it. Bits without a name belong here.
  func actionModifiers(of mask: GFPMask) -> GFPMask

  /// The type that `mask` is built on: the first of `GFPType.allCases` whose bits it all has, or
  /// nil.
  func baseType(of mask: GFPMask) -> GFPType?

  // MARK: What the allocator may do on behalf of the request

  /// Whether the caller may be put to sleep: exactly when directReclaim is set.
  ///
  /// kswapdReclaim wakes another thread and never makes the caller wait.
  func maySleep(_ mask: GFPMask) -> Bool

  /// Whether the request may start I/O: it needs io, and directReclaim, since nothing else reclaims
  /// for it.
  func mayStartIO(_ mask: GFPMask) -> Bool

  /// Whether the request may call into a file system: it needs fs and directReclaim. io makes no
  /// difference.
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool

  // MARK: Where the memory may come from

  /// The zones that may serve the request, in the order in which they are tried, or nil for a bad
  /// combination.
  ///
  /// More than one of dma, highMem and dma32 contradict each other: nil, with movable or without.
  /// Otherwise the request has a highest zone:
  /// - dma: DMA. dma32: DMA32. highMem with movable: Movable. highMem alone: HighMem. Nothing:
  ///   Normal.
  /// - movable is of consequence together with highMem only.
  /// - A zone that is not among the machine's known ones becomes Normal.
  ///
  /// The list holds the machine's populated zones from that one (if populated) downwards, none left
  /// out.
  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]?

  /// The min watermark that the request is held to once memory is short, in pages.
  ///
  /// A zone keeps `min` pages free; only some requests may go below. In this order:
  /// 1. memAlloc without noMemAlloc: 0, nothing is kept from it.
  /// 2. high: min − min/2. If it also may not sleep and has no noMemAlloc, a quarter of that result
  ///    is taken off again: m − m/4.
  /// 3. All others: min.
  ///
  /// Divisions round down. Source: `gfp_to_alloc_flags`, `__gfp_pfmemalloc_flags`,
  /// `__zone_watermark_ok`.
  ///
  /// - Parameter min: the zone's min watermark in pages, 0 or more, at most 2^30.
  func watermark(for mask: GFPMask, min: Int) -> Int

  // MARK: The right flags for a situation

  /// Flags for a request in `situation`. Many masks are right: those that keep these rules.
  ///
  /// - directReclaim is set exactly where the context may sleep; kswapdReclaim in every situation.
  /// - Where the context may sleep: fs is set exactly for ordinary code, io for all code but block
  ///   I/O. Where it may not, io and fs are of no consequence.
  /// - high is set exactly where the context may not sleep and the caller cannot do without the
  ///   memory: the reserve is for those who can neither wait nor go on. memAlloc and noFail are
  ///   never set.
  /// - Kernel data: none of dma, highMem, dma32, movable. A device's buffer: dma for 16 MiB or
  ///   dma32 for 4 GiB, and none of the other three. A user's page: highMem and movable, without
  ///   dma and dma32.
  /// - hardwall is set exactly for a user's page.
  ///
  /// All other bits are free.
  func flags(for situation: GFPSituation) -> GFPMask

  // MARK: The kernel's text

  /// The mask that `text` spells, in the names and numbers that Linux 6.12 prints in the
  /// `gfp_flags=` field of its traces.
  ///
  /// - `none`, standing alone, is the empty mask.
  /// - Otherwise one part or more, any number, separated by `|`, together the union of what each
  ///   part means. Order makes no difference, and parts may repeat or overlap.
  /// - A part is one of the 35 names of `GFPMask.printingOrder`, in exactly that spelling, or `0x`
  ///   and one to eight digits `0`–`9`, `a`–`f` (no capitals, no sign, no digits of other scripts).
  ///
  /// - Throws: ``BadGFPText`` for any other text: an empty text or part, white space, another
  ///   spelling, any other character, `none` among other parts. Stopping the program is not a
  ///   refusal.
  func parse(_ text: String) throws(BadGFPText) -> GFPMask

  /// The text that Linux 6.12 prints for `mask` in its traces.
  ///
  /// The names of `GFPMask.printingOrder` are tried once each, in that order. A name is printed
  /// when all its bits are still there; they are then taken away. If bits are left at the end, they
  /// are printed last as one number: `0x` and lower-case digits without leading zeros. `|`
  /// separates the parts. The empty mask is `none`.
  func text(of mask: GFPMask) -> String
}

/// Why a text is not a mask. Which case is thrown is for people to read: every case counts as a
/// refusal.
public enum BadGFPText: Error, Hashable, Sendable {
  /// The text is empty, or has an empty part: at its start, its end or between two bars.
  case emptyPart
  /// The part is no name that Linux prints, or is `none` among other parts.
  case unknownName(String)
  /// The part starts as a number, `0x`, and does not go on as one.
  case badNumber(String)
}
