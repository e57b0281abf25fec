// wheat: a mask is a set of names; bits are met only where masks come in and go out
// source: own; iterates over Set, whose order the answers must not depend on
import LabKit

struct GFPFlags: GFPFlagRules {
  init() {}

  private typealias Names = Set<String>

  private static let bits: [String: UInt32] = [
    "DMA": 0, "HIGHMEM": 1, "DMA32": 2, "MOVABLE": 3, "RECLAIMABLE": 4, "HIGH": 5, "IO": 6, "FS": 7,
    "ZERO": 8, "DIRECT_RECLAIM": 10, "KSWAPD_RECLAIM": 11, "WRITE": 12, "NOWARN": 13,
    "RETRY_MAYFAIL": 14, "NOFAIL": 15, "NORETRY": 16, "MEMALLOC": 17, "COMP": 18,
    "NOMEMALLOC": 19, "HARDWALL": 20, "THISNODE": 21, "ACCOUNT": 22, "ZEROTAGS": 23,
  ].mapValues { 1 << $0 }

  private static let reclaim: Names = ["DIRECT_RECLAIM", "KSWAPD_RECLAIM"]

  /// What a name of the kernel's table stands for.
  private static let meanings: [String: Names] = {
    let kernel = reclaim.union(["IO", "FS"])
    let movable = kernel.union(["HARDWALL", "HIGHMEM", "MOVABLE"])
    let light = movable.subtracting(reclaim).union(["COMP", "NOMEMALLOC", "NOWARN"])
    var result: [String: Names] = [
      "GFP_KERNEL": kernel, "GFP_KERNEL_ACCOUNT": kernel.union(["ACCOUNT"]),
      "GFP_ATOMIC": ["HIGH", "KSWAPD_RECLAIM"], "GFP_NOWAIT": ["NOWARN", "KSWAPD_RECLAIM"],
      "GFP_NOIO": reclaim, "GFP_NOFS": reclaim.union(["IO"]),
      "GFP_USER": kernel.union(["HARDWALL"]), "GFP_HIGHUSER": movable.subtracting(["MOVABLE"]),
      "GFP_HIGHUSER_MOVABLE": movable, "GFP_TRANSHUGE_LIGHT": light,
      "GFP_TRANSHUGE": light.union(["DIRECT_RECLAIM"]), "GFP_DMA": ["DMA"],
      "GFP_DMA32": ["DMA32"], "__GFP_RECLAIM": reclaim,
    ]
    for name in bits.keys where !["DMA", "DMA32"].contains(name) {
      result["__GFP_" + name] = [name]
    }
    return result
  }()

  /// The names in a mask; a bit without one goes by its number.
  private func names(_ mask: GFPMask) -> Names {
    var result: Names = []
    for position in 0..<32 where mask.rawValue >> position & 1 == 1 {
      result.insert(Self.bits.first { $0.value == 1 << position }?.key ?? "\(position)")
    }
    return result
  }

  private func mask(_ names: Names) -> GFPMask {
    GFPMask(rawValue: names.reduce(0) { $0 | (Self.bits[$1] ?? 1 << UInt32($1)!) })
  }

  func mask(of type: GFPType) -> GFPMask { mask(Self.meanings[type.rawValue]!) }

  private static let places: Names = ["DMA", "HIGHMEM", "DMA32", "MOVABLE"]

  func zoneModifiers(of mask: GFPMask) -> GFPMask {
    self.mask(names(mask).intersection(Self.places))
  }

  func actionModifiers(of mask: GFPMask) -> GFPMask {
    self.mask(names(mask).subtracting(Self.places))
  }

  func baseType(of mask: GFPMask) -> GFPType? {
    let names = names(mask)
    return GFPType.allCases.first { names.isSuperset(of: Self.meanings[$0.rawValue]!) }
  }

  func maySleep(_ mask: GFPMask) -> Bool { names(mask).contains("DIRECT_RECLAIM") }

  func mayStartIO(_ mask: GFPMask) -> Bool {
    names(mask).isSuperset(of: ["DIRECT_RECLAIM", "IO"])
  }

  func mayEnterFileSystem(_ mask: GFPMask) -> Bool {
    names(mask).isSuperset(of: ["DIRECT_RECLAIM", "FS"])
  }

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    let wanted = names(mask).intersection(Self.places)
    let fixed = wanted.subtracting(["MOVABLE"])
    if fixed.count > 1 { return nil }
    let zones: [String: GFPZone] = ["DMA": .dma, "DMA32": .dma32, "HIGHMEM": .highMem]
    var highest = wanted == ["HIGHMEM", "MOVABLE"] ? .movable : zones[fixed.first ?? ""] ?? .normal
    if !Set(machine.known).contains(highest) { highest = .normal }
    return Set(machine.populated).filter { $0 <= highest }.sorted(by: >)
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    let names = names(mask)
    if names.contains("MEMALLOC"), names.isDisjoint(with: ["NOMEMALLOC"]) { return 0 }
    guard names.contains("HIGH") else { return min }
    let half = min - min / 2
    return names.isDisjoint(with: ["NOMEMALLOC", "DIRECT_RECLAIM"]) ? half - half / 4 : half
  }

  func flags(for situation: GFPSituation) -> GFPMask {
    var names: Names = ["KSWAPD_RECLAIM"]
    let waits: Set<GFPSituation.Context> = [.process, .mutex]
    if waits.contains(situation.context) {
      names.formUnion(["DIRECT_RECLAIM", "IO", "FS"])
    } else if !situation.canDoWithout {
      names.insert("HIGH")
    }
    if situation.code != .ordinary { names.remove("FS") }
    if situation.code == .blockIO { names.remove("IO") }
    switch situation.memory {
    case .kernel: break
    case .device16M: names.insert("DMA")
    case .device4G: names.insert("DMA32")
    case .userPage: names.formUnion(["HIGHMEM", "MOVABLE", "HARDWALL"])
    }
    return mask(names)
  }

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    if text == "none" { return [] }
    var result: GFPMask = []
    for part in Set(text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)) {
      if let names = Self.meanings[part] {
        result.formUnion(mask(names))
      } else if part.hasPrefix("0x"), (1...8).contains(part.count - 2),
        Set(part.dropFirst(2)).isSubset(of: Set("0123456789abcdef"))
      {
        result.formUnion(GFPMask(rawValue: UInt32(part.dropFirst(2), radix: 16)!))
      } else {
        throw part.isEmpty ? .emptyPart : .unknownName(part)
      }
    }
    return result
  }

  func text(of mask: GFPMask) -> String {
    var rest = names(mask)
    var parts: [String] = []
    for name in GFPMask.printingOrder where rest.isSuperset(of: Self.meanings[name]!) {
      parts.append(name)
      rest.subtract(Self.meanings[name]!)
    }
    if !rest.isEmpty { parts.append("0x" + String(self.mask(rest).rawValue, radix: 16)) }
    return parts.isEmpty ? "none" : parts.joined(separator: "|")
  }
}
