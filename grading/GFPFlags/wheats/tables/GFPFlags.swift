// wheat: every answer is looked up in a table; no rule is written as code
// source: own; W-GFP-05 (HighMem and DMA32 are aliases of Normal where the kernel does not know them)
import LabKit

struct GFPFlags: GFPFlagRules {
  init() {}

  /// The kernel's names and values, in the order in which it prints them.
  private static let names: [(String, UInt32)] = [
    ("GFP_TRANSHUGE", 0x1c_24ca), ("GFP_TRANSHUGE_LIGHT", 0x1c_20ca),
    ("GFP_HIGHUSER_MOVABLE", 0x10_0cca), ("GFP_HIGHUSER", 0x10_0cc2), ("GFP_USER", 0x10_0cc0),
    ("GFP_KERNEL_ACCOUNT", 0x40_0cc0), ("GFP_KERNEL", 0xcc0), ("GFP_NOFS", 0xc40),
    ("GFP_ATOMIC", 0x820), ("GFP_NOIO", 0xc00), ("GFP_NOWAIT", 0x2800), ("GFP_DMA", 0x1),
    ("__GFP_HIGHMEM", 0x2), ("GFP_DMA32", 0x4), ("__GFP_HIGH", 0x20), ("__GFP_IO", 0x40),
    ("__GFP_FS", 0x80), ("__GFP_NOWARN", 0x2000), ("__GFP_RETRY_MAYFAIL", 0x4000),
    ("__GFP_NOFAIL", 0x8000), ("__GFP_NORETRY", 0x1_0000), ("__GFP_COMP", 0x4_0000),
    ("__GFP_ZERO", 0x100), ("__GFP_NOMEMALLOC", 0x8_0000), ("__GFP_MEMALLOC", 0x2_0000),
    ("__GFP_HARDWALL", 0x10_0000), ("__GFP_THISNODE", 0x20_0000), ("__GFP_RECLAIMABLE", 0x10),
    ("__GFP_MOVABLE", 0x8), ("__GFP_ACCOUNT", 0x40_0000), ("__GFP_WRITE", 0x1000),
    ("__GFP_RECLAIM", 0xc00), ("__GFP_DIRECT_RECLAIM", 0x400), ("__GFP_KSWAPD_RECLAIM", 0x800),
    ("__GFP_ZEROTAGS", 0x80_0000),
  ]

  /// Zones by the four low bits: on a kernel that knows DMA32, and on one that knows HighMem.
  private static let zones64: [GFPZone?] = [
    .normal, .dma, .normal, nil, .dma32, nil, nil, nil,
    .normal, .dma, .movable, nil, .dma32, nil, nil, nil,
  ]
  private static let zones32: [GFPZone?] = [
    .normal, .dma, .highMem, nil, .normal, nil, nil, nil,
    .normal, .dma, .movable, nil, .normal, nil, nil, nil,
  ]

  /// What a request may do, by direct reclaim (1), io (2) and fs (4).
  private static let does: [(sleep: Bool, io: Bool, fs: Bool)] = [
    (false, false, false), (true, false, false), (false, false, false), (true, true, false),
    (false, false, false), (true, false, true), (false, false, false), (true, true, true),
  ]

  /// Steps down from min, by direct reclaim (1), high (2), memAlloc (4) and noMemAlloc (8); -1 for all of it.
  private static let steps = [0, 0, 2, 1, -1, -1, -1, -1, 0, 0, 1, 1, 0, 0, 1, 1]

  /// Action modifiers by whether the context may sleep and the code, or by whether it can do without.
  private static let how: [String: UInt32] = [
    "ordinary": 0xcc0, "file-system": 0xc40, "block-io": 0xc00, "urgent": 0x820, "optional": 0x2800,
  ]
  private static let place: [GFPSituation.Memory: UInt32] = [
    .kernel: 0, .device16M: 0x1, .device4G: 0x4, .userPage: 0x10_000a,
  ]

  func mask(of type: GFPType) -> GFPMask {
    GFPMask(rawValue: Self.names.first { $0.0 == type.rawValue }!.1)
  }

  func zoneModifiers(of mask: GFPMask) -> GFPMask { GFPMask(rawValue: mask.rawValue % 16) }

  func actionModifiers(of mask: GFPMask) -> GFPMask {
    GFPMask(rawValue: mask.rawValue / 16 * 16)
  }

  func baseType(of mask: GFPMask) -> GFPType? {
    for (name, bits) in Self.names where mask.rawValue & bits == bits {
      if let type = GFPType(rawValue: name) { return type }
    }
    return nil
  }

  func maySleep(_ mask: GFPMask) -> Bool { row(mask).sleep }
  func mayStartIO(_ mask: GFPMask) -> Bool { row(mask).io }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { row(mask).fs }

  private func row(_ mask: GFPMask) -> (sleep: Bool, io: Bool, fs: Bool) {
    Self.does[index(mask, [.directReclaim, .io, .fs])]
  }

  /// A number with bit i set where `mask` holds the i-th of `flags`.
  private func index(_ mask: GFPMask, _ flags: [GFPMask]) -> Int {
    flags.indices.reduce(0) { $0 + (mask.contains(flags[$1]) ? 1 << $1 : 0) }
  }

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    let table = machine.known.contains(.dma32) ? Self.zones64 : Self.zones32
    guard let highest = table[Int(mask.rawValue % 16)] else { return nil }
    return Array(machine.populated.prefix { $0 <= highest }.reversed())
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    switch Self.steps[index(mask, [.directReclaim, .high, .memAlloc, .noMemAlloc])] {
    case 0: min
    case 1: min - min / 2
    case 2: min - min / 2 - (min - min / 2) / 4
    default: 0
    }
  }

  func flags(for situation: GFPSituation) -> GFPMask {
    let key =
      switch situation.context {
      case .process, .mutex: situation.code.rawValue
      case .spinlock, .bottomHalf, .interrupt: situation.canDoWithout ? "optional" : "urgent"
      }
    return GFPMask(rawValue: Self.how[key]! | Self.place[situation.memory]!)
  }

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    if text == "none" { return [] }
    var bits: UInt32 = 0
    for part in text.split(separator: "|", omittingEmptySubsequences: false).map(String.init) {
      if let entry = Self.names.first(where: { $0.0 == part }) {
        bits |= entry.1
      } else if (3...10).contains(part.count), part.hasPrefix("0x"),
        part.dropFirst(2).allSatisfy({ $0.isHexDigit && !$0.isUppercase && $0.isASCII })
      {
        bits |= UInt32(part.dropFirst(2), radix: 16)!
      } else {
        throw .unknownName(part)
      }
    }
    return GFPMask(rawValue: bits)
  }

  func text(of mask: GFPMask) -> String {
    if mask.isEmpty { return "none" }
    var rest = mask.rawValue
    var text = ""
    for (name, bits) in Self.names where rest & bits == bits {
      text += text.isEmpty ? name : "|" + name
      rest -= bits
    }
    if rest == 0 { return text }
    let number = "0x" + String(rest, radix: 16)
    return text.isEmpty ? number : text + "|" + number
  }
}
