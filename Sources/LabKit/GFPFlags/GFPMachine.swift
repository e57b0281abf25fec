/// A part of memory that requests are directed to; the raw value orders them from lowest to
/// highest.
public enum GFPZone: Int, CaseIterable, Hashable, Sendable, Comparable {
  /// The lowest 16 MiB.
  case dma = 0
  /// From 16 MiB to 4 GiB, on 64-bit machines.
  case dma32 = 1
  /// What the kernel has mapped: above 4 GiB on 64-bit machines, 16 to 896 MiB on 32-bit ones.
  case normal = 2
  /// Above 896 MiB on 32-bit machines.
  case highMem = 3
  /// Holds movable pages alone, so that memory can be emptied and unplugged.
  case movable = 4

  public static func < (left: GFPZone, right: GFPZone) -> Bool { left.rawValue < right.rawValue }
}

/// A machine as its zones.
public struct GFPMachine: Hashable, Sendable {
  /// As a trace spells it, for example `x86-64`.
  public let name: String
  /// The zones that its kernel was built to know, lowest first, with memory or without; `.normal`
  /// is always there.
  public let known: [GFPZone]
  /// The zones that hold memory, lowest first: some of ``known``, at least two, `.dma` among them.
  public let populated: [GFPZone]

  public init(name: String, known: [GFPZone], populated: [GFPZone]) {
    self.name = name
    self.known = known
    self.populated = populated
  }

  /// A 64-bit PC with more than 4 GiB.
  public static let x86_64 = GFPMachine(
    name: "x86-64", known: [.dma, .dma32, .normal, .movable], populated: [.dma, .dma32, .normal])
  /// A 64-bit PC with 512 MiB: everything lies below 4 GiB, so Normal is empty.
  public static let x86_64Small = GFPMachine(
    name: "x86-64-512M", known: [.dma, .dma32, .normal, .movable], populated: [.dma, .dma32])
  /// A 64-bit PC that keeps a part of its memory movable (`kernelcore=` on the command line).
  public static let x86_64Movable = GFPMachine(
    name: "x86-64-movable", known: [.dma, .dma32, .normal, .movable],
    populated: [.dma, .dma32, .normal, .movable])
  /// A 32-bit PC with more than 896 MiB.
  public static let x86_32 = GFPMachine(
    name: "x86-32", known: [.dma, .normal, .highMem, .movable],
    populated: [.dma, .normal, .highMem])
  /// A 32-bit PC that keeps a part of its memory movable.
  public static let x86_32Movable = GFPMachine(
    name: "x86-32-movable", known: [.dma, .normal, .highMem, .movable],
    populated: [.dma, .normal, .highMem, .movable])

  /// The machines that the checks ask about.
  public static let all: [GFPMachine] = [
    .x86_64, .x86_64Small, .x86_64Movable, .x86_32, .x86_32Movable,
  ]
}
