/// What a mask means for the allocator. Source: `include/linux/gfp.h`.
extension GFPFlags {
  /// Whether the caller may sleep (`gfpflags_allow_blocking`).
  @inlinable public var mayBlock: Bool { contains(.directReclaim) }

  /// Whether reclaim on behalf of this request may start input and output.
  @inlinable public var mayStartIO: Bool { contains([.directReclaim, .io]) }

  /// Whether reclaim on behalf of this request may enter the file system.
  @inlinable public var mayEnterFileSystem: Bool { contains([.directReclaim, .fs]) }

  /// The highest zone that may serve the request on a machine (`gfp_zone`).
  ///
  /// `__GFP_MOVABLE` alone does not reach the Movable zone: `__GFP_HIGHMEM` is needed too. A zone that the machine
  /// is built without becomes Normal.
  /// - Throws: ``GFPMaskError/contradictoryZones(_:)`` for the eight combinations that Linux calls a bug.
  public func highestZone(on machine: MachineKind) throws(GFPMaskError) -> ZoneKind {
    let wanted: ZoneKind
    switch rawValue & 0xf {
    case 0x0, 0x8: wanted = .normal
    case 0x1, 0x9: wanted = .dma
    case 0x2: wanted = .highMem
    case 0x4, 0xc: wanted = .dma32
    case 0xa: wanted = .movable
    default: throw .contradictoryZones(self)
    }
    return machine.zoneKinds.contains(wanted) ? wanted : .normal
  }

  /// With which pages a block is grouped, so that unmovable ones do not scatter (`gfp_migratetype`).
  ///
  /// - Throws: ``GFPMaskError/contradictoryMobility(_:)`` when both mobility flags are set.
  public func migrateType() throws(GFPMaskError) -> MigrateType {
    switch rawValue >> 3 & 3 {
    case 0: return .unmovable
    case 1: return .movable
    case 2: return .reclaimable
    default: throw .contradictoryMobility(self)
    }
  }
}

/// How pages can be got out of the way; blocks of one type are kept together.
///
/// The first three are what requests ask for; the others are types of pageblocks alone.
/// Source: `enum migratetype` in `include/linux/mmzone.h`.
@frozen
public enum MigrateType: UInt8, CaseIterable, Hashable, Sendable {
  /// Stays where it is until its owner frees it: most kernel memory.
  case unmovable = 0
  /// Can be copied elsewhere: user memory.
  case movable = 1
  /// Cannot be moved, but its owner can be asked to give it back: caches.
  case reclaimable = 2
  /// Kept for atomic requests of several pages.
  case highAtomic = 3
  /// Taken out of use: what is freed here is not handed out.
  case isolate = 4

  /// The name as `/proc/pagetypeinfo` prints it.
  public var name: String {
    switch self {
    case .unmovable: "Unmovable"
    case .movable: "Movable"
    case .reclaimable: "Reclaimable"
    case .highAtomic: "HighAtomic"
    case .isolate: "Isolate"
    }
  }

  /// Whether free blocks of this type may merge with those of another such type (`migratetype_is_mergeable`).
  @inlinable var isMergeable: Bool { rawValue < MigrateType.highAtomic.rawValue }

  @inlinable var index: Int { Int(rawValue) }
}

/// Which free pages an allocation may use: a watermark, and rights to go below it.
///
/// Source: `ALLOC_*` in `mm/internal.h`.
@frozen
public struct AllocationFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `ALLOC_WMARK_MIN`: compare with the min watermark. The watermark is bits 0 and 1, so this is no bit.
  public static let minWatermark: AllocationFlags = []
  /// `ALLOC_WMARK_LOW`: compare with the low watermark.
  public static let lowWatermark = AllocationFlags(rawValue: 0x1)
  /// `ALLOC_WMARK_HIGH`: compare with the high watermark.
  public static let highWatermark = AllocationFlags(rawValue: 0x2)
  /// `ALLOC_NO_WATERMARKS`: do not compare at all.
  public static let noWatermarks = AllocationFlags(rawValue: 0x4)
  /// `ALLOC_OOM`: a process that is being killed for lack of memory.
  public static let oomVictim = AllocationFlags(rawValue: 0x8)
  /// `ALLOC_NON_BLOCK`: the caller cannot sleep.
  public static let nonBlock = AllocationFlags(rawValue: 0x10)
  /// `ALLOC_MIN_RESERVE`: `__GFP_HIGH`; half of the min watermark is open.
  public static let minReserve = AllocationFlags(rawValue: 0x20)
  /// `ALLOC_CPUSET`: keep to the task's cpuset.
  public static let cpuset = AllocationFlags(rawValue: 0x40)
  /// `ALLOC_NOFRAGMENT`: take no block of another mobility type that is smaller than a pageblock.
  public static let noFragment = AllocationFlags(rawValue: 0x100)
  /// `ALLOC_HIGHATOMIC`: may use the blocks kept for atomic requests of several pages.
  public static let highAtomic = AllocationFlags(rawValue: 0x200)
  /// `ALLOC_KSWAPD`: wake kswapd.
  public static let kswapd = AllocationFlags(rawValue: 0x800)

  /// `ALLOC_RESERVES`: any right to the reserves.
  public static let reserves: AllocationFlags = [.nonBlock, .minReserve, .highAtomic, .oomVictim]
}

extension GFPFlags {
  /// The rights of a request whose first try, at the low watermark, failed (`gfp_to_alloc_flags` and
  /// `__gfp_pfmemalloc_flags`, for an ordinary task).
  public func slowPathFlags(order: Int) -> AllocationFlags {
    if contains(.memalloc) && !contains(.nomemalloc) {
      return contains(.kswapdReclaim) ? [.noWatermarks, .kswapd] : .noWatermarks
    }
    var flags: AllocationFlags = [.minWatermark, .cpuset]
    if contains(.high) { flags.insert(.minReserve) }
    if contains(.kswapdReclaim) { flags.insert(.kswapd) }
    if !mayBlock {
      if !contains(.nomemalloc) {
        flags.insert(.nonBlock)
        if order > 0 && contains(.high) { flags.insert(.highAtomic) }
      }
      if contains(.high) { flags.remove(.cpuset) }
    }
    return flags
  }

  /// Which share of the min watermark a request may use up when memory is short.
  public var reserveShare: ReserveShare {
    let flags = slowPathFlags(order: 0)
    if flags.contains(.noWatermarks) { return .all }
    if flags.contains([.minReserve, .nonBlock]) { return .fiveEighths }
    return flags.contains(.minReserve) ? .half : .none
  }
}

/// The part of the min watermark that a request may use up; the rest must stay free.
public enum ReserveShare: Hashable, Sendable {
  /// Nothing: the whole min watermark stays free.
  case none
  /// `__GFP_HIGH`: min/2 may be used.
  case half
  /// `GFP_ATOMIC`: down to 3/8 of min.
  case fiveEighths
  /// `__GFP_MEMALLOC`: everything.
  case all
}
