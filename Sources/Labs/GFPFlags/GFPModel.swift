import LabBench
import LabKit

/// What Linux 6.12 answers, as plain numbers and tables: independent of the masks that students are
/// given.
enum GFPModel {
  /// The kernel's table of names with their values, in its order.
  static let names: [(name: String, bits: UInt32)] = [
    ("GFP_TRANSHUGE", 0x1c_24ca), ("GFP_TRANSHUGE_LIGHT", 0x1c_20ca),
    ("GFP_HIGHUSER_MOVABLE", 0x10_0cca), ("GFP_HIGHUSER", 0x10_0cc2), ("GFP_USER", 0x10_0cc0),
    ("GFP_KERNEL_ACCOUNT", 0x40_0cc0), ("GFP_KERNEL", 0xcc0), ("GFP_NOFS", 0xc40),
    ("GFP_ATOMIC", 0x820), ("GFP_NOIO", 0xc00), ("GFP_NOWAIT", 0x2800), ("GFP_DMA", 0x1),
    ("__GFP_HIGHMEM", 0x2), ("GFP_DMA32", 0x4), ("__GFP_HIGH", 0x20), ("__GFP_IO", 0x40),
    ("__GFP_FS", 0x80), ("__GFP_NOWARN", 0x2000), ("__GFP_RETRY_MAYFAIL", 0x4000),
    ("__GFP_NOFAIL", 0x8000), ("__GFP_NORETRY", 0x1_0000), ("__GFP_COMP", 0x4_0000),
    ("__GFP_ZERO", 0x100), ("__GFP_NOMEMALLOC", 0x8_0000), ("__GFP_MEMALLOC", 0x2_0000),
    ("__GFP_HARDWALL", 0x10_0000), ("__GFP_THISNODE", 0x20_0000),
    ("__GFP_RECLAIMABLE", 0x10), ("__GFP_MOVABLE", 0x8), ("__GFP_ACCOUNT", 0x40_0000),
    ("__GFP_WRITE", 0x1000), ("__GFP_RECLAIM", 0xc00), ("__GFP_DIRECT_RECLAIM", 0x400),
    ("__GFP_KSWAPD_RECLAIM", 0x800), ("__GFP_ZEROTAGS", 0x80_0000),
  ]

  /// The names of single bits, by bit; `__GFP_DMA` and `__GFP_DMA32` as source code spells them.
  static let bitNames: [UInt32: String] = {
    var result: [UInt32: String] = [dma: "__GFP_DMA", dma32: "__GFP_DMA32"]
    for (name, bits) in names where bits.nonzeroBitCount == 1 && name.hasPrefix("__") {
      result[bits] = name
    }
    return result
  }()

  static let types = names.filter { !$0.name.hasPrefix("__") }

  static let dma: UInt32 = 0x1
  static let highMem: UInt32 = 0x2
  static let dma32: UInt32 = 0x4
  static let movable: UInt32 = 0x8
  static let high: UInt32 = 0x20
  static let io: UInt32 = 0x40
  static let fs: UInt32 = 0x80
  static let direct: UInt32 = 0x400
  static let kswapd: UInt32 = 0x800
  static let noFail: UInt32 = 0x8000
  static let memAlloc: UInt32 = 0x2_0000
  static let noMemAlloc: UInt32 = 0x8_0000
  static let hardwall: UInt32 = 0x10_0000
  /// The bits that the kernel has a name for.
  static let named = names.reduce(0) { $0 | $1.bits }

  /// The bits of the type or modifier called `name`; the name must be in the table.
  static func bits(_ name: String) -> UInt32 { names.first { $0.name == name }!.bits }

  // MARK: Zones

  /// The highest zone for each of the 16 zone masks, or nil for a bad one, on a kernel that knows
  /// every zone.
  static let zoneTable: [GFPZone?] = [
    .normal, .dma, .highMem, nil, .dma32, nil, nil, nil,
    .normal, .dma, .movable, nil, .dma32, nil, nil, nil,
  ]

  static func zones(_ mask: UInt32, _ machine: GFPMachine) -> [GFPZone]? {
    guard let zone = zoneTable[Int(mask & 0xf)] else { return nil }
    let highest = machine.known.contains(zone) ? zone : .normal
    return machine.populated.reversed().filter { $0.rawValue <= highest.rawValue }
  }

  // MARK: Situations

  static func mayWait(_ situation: GFPSituation) -> Bool {
    [.process, .mutex].contains(situation.context)
  }

  /// What a user's page needs beside the type.
  static let userPage = highMem | movable | hardwall

  // MARK: Reserves

  /// The pages a request leaves free: of 8 parts of min 0, 3, 4 or 8, each rounded as Linux's two
  /// steps round.
  static func watermark(_ mask: UInt32, min: Int) -> Int {
    // Any number may stand in a trace that somebody wrote: nothing here overflows.
    let half = min / 2 + min % 2
    switch (mask & memAlloc != 0, mask & noMemAlloc != 0, mask & high != 0, mask & direct != 0) {
    case (true, false, _, _): return 0
    case (_, _, false, _): return min
    case (_, true, true, _), (_, _, true, true): return half
    case (_, false, true, false): return half - half / 4
    }
  }

  // MARK: Text

  /// The kernel's text for `mask`, or what it would be if the table of names were another.
  static func text(_ mask: UInt32, names: [(name: String, bits: UInt32)] = names) -> String {
    if mask == 0 { return "none" }
    var rest = mask
    var parts: [String] = []
    for (name, bits) in names where rest & bits == bits {
      parts.append(name)
      rest ^= bits
    }
    if rest != 0 { parts.append(GFPHex.text(rest)) }
    return parts.joined(separator: "|")
  }

  /// The mask that `text` spells, or nil where it is to be refused.
  static func mask(_ text: String, names: [(name: String, bits: UInt32)] = names) -> UInt32? {
    if text == "none" { return 0 }
    var mask: UInt32 = 0
    for part in text.utf8.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false) {
      guard let bits = value(Array(part), names) else { return nil }
      mask |= bits
    }
    return mask
  }

  private static func value(
    _ part: [UInt8], _ names: [(name: String, bits: UInt32)]
  ) -> UInt32? {
    if let entry = names.first(where: { $0.name.utf8.elementsEqual(part) }) { return entry.bits }
    guard part.starts(with: "0x".utf8), (3...10).contains(part.count) else { return nil }
    var number: UInt32 = 0
    for byte in part.dropFirst(2) {
      switch byte {
      case 0x30...0x39: number = number << 4 | UInt32(byte - 0x30)
      case 0x61...0x66: number = number << 4 | UInt32(byte - 0x61 + 10)
      default: return nil
      }
    }
    return number
  }
}
