/// A part of memory with an address limit, served from lists of its own.
///
/// Source: `enum zone_type` in `include/linux/mmzone.h`.
public enum ZoneKind: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
  case dma = "DMA"
  case dma32 = "DMA32"
  case normal = "Normal"
  case highMem = "HighMem"
  case movable = "Movable"
  case device = "Device"

  /// The name as `/proc/zoneinfo` prints it.
  public var description: String { rawValue }

  /// One page in this many of the zones above is kept back from requests that could use those
  /// (`sysctl_lowmem_reserve_ratio`); 0 keeps nothing back.
  public var lowmemReserveRatio: Int {
    switch self {
    case .dma, .dma32: 256
    case .normal: 32
    case .highMem, .movable, .device: 0
    }
  }

  /// Whether the kernel reaches the zone's pages at all times; such zones share the minimum of free memory.
  public var isLowMemory: Bool { self != .highMem && self != .movable }
}

/// The two machines the kit simulates: which zones they have, and where each ends.
public enum MachineKind: String, CaseIterable, Hashable, Sendable {
  /// 64-bit x86: DMA to 16 MiB, DMA32 to 4 GiB, Normal above; Movable and Device stay empty.
  case x86_64 = "x86-64"
  /// 32-bit x86 with PAE: DMA to 16 MiB, Normal to 896 MiB, HighMem above; Movable stays empty.
  ///
  /// 896 MiB is 1 GiB less 128 MiB for vmalloc, the textbook border; a real kernel's lies a few MiB lower.
  case x86_32 = "x86-32"

  /// Every zone in order, the empty ones included. Source: `arch/x86/mm/init.c`.
  public var zoneKinds: [ZoneKind] {
    switch self {
    case .x86_64: [.dma, .dma32, .normal, .movable, .device]
    case .x86_32: [.dma, .normal, .highMem, .movable]
    }
  }

  /// The most memory the machine can have, in bytes.
  public var maximumMemory: Int {
    switch self {
    case .x86_64: 1 << 40
    case .x86_32: 1 << 36
    }
  }

  /// Whether the kernel offers transparent huge pages, which raises the watermarks and keeps 2 MiB blocks per CPU.
  public var hasHugePages: Bool { self == .x86_64 }

  /// The frames of each zone on a machine with `frames` page frames from 0; empty for a zone that has none.
  public func zoneRanges(frames: Int) -> [Range<Int>] {
    var start = 0
    return zoneKinds.map { kind in
      let limit: Int? =
        switch kind {
        case .dma: 16 << 20
        case .dma32: 4 << 30
        case .normal: self == .x86_32 ? 896 << 20 : nil
        case .highMem: nil
        case .movable, .device: 0
        }
      let end = max(start, min(frames, limit.map { $0 / pageSize } ?? frames))
      defer { start = end }
      return start..<end
    }
  }
}
