// half-right: knows names and bits, not zones, reserves or situations
// expects: 35...65
import LabKit

/// What the flags of an allocation mean to Linux 6.12.
struct GFPFlags: GFPFlagRules {
  init() {}

  // MARK: Compose and take apart

  func mask(of type: GFPType) -> GFPMask {
    switch type {
    case .atomic: [.high, .kswapdReclaim]
    case .kernel: [.reclaim, .io, .fs]
    case .kernelAccount: [mask(of: .kernel), .account]
    case .noWait: [.kswapdReclaim, .noWarn]
    case .noIO: [.reclaim]
    case .noFS: [.reclaim, .io]
    case .user: [mask(of: .kernel), .hardwall]
    case .dma: [.dma]
    case .dma32: [.dma32]
    case .highUser: [mask(of: .user), .highMem]
    case .highUserMovable: [mask(of: .highUser), .movable]
    case .transHugeLight:
      mask(of: .highUserMovable).union([.comp, .noMemAlloc, .noWarn]).subtracting(.reclaim)
    case .transHuge: [mask(of: .transHugeLight), .directReclaim]
    }
  }

  func zoneModifiers(of mask: GFPMask) -> GFPMask {
    mask.intersection([.dma, .highMem, .dma32, .movable])
  }

  func actionModifiers(of mask: GFPMask) -> GFPMask {
    mask.subtracting(zoneModifiers(of: mask))
  }

  func baseType(of mask: GFPMask) -> GFPType? {
    GFPType.allCases.first { mask.isSuperset(of: self.mask(of: $0)) }
  }

  // MARK: What the allocator may do on behalf of the request

  func maySleep(_ mask: GFPMask) -> Bool {
    mask.contains(.directReclaim)
  }

  func mayStartIO(_ mask: GFPMask) -> Bool {
    mask.contains([.directReclaim, .io])
  }

  func mayEnterFileSystem(_ mask: GFPMask) -> Bool {
    mask.contains([.directReclaim, .fs])
  }

  // MARK: Where the memory may come from

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    return nil
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    return min
  }

  // MARK: The right flags for a situation

  func flags(for situation: GFPSituation) -> GFPMask {
    return []
  }

  // MARK: The kernel's text

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    if text == "none" { return [] }
    var mask: GFPMask = []
    for part in text.split(separator: "|", omittingEmptySubsequences: false) {
      mask.formUnion(try meaning(of: String(part)))
    }
    return mask
  }

  /// The bits of one part of a text: a name or a number.
  private func meaning(of part: String) throws(BadGFPText) -> GFPMask {
    if part.isEmpty { throw .emptyPart }
    if let bits = bits(named: part) { return bits }
    guard part.hasPrefix("0x") else { throw .unknownName(part) }
    // Looked at one by one, because the conversion would also take capitals and a sign.
    let digits = part.dropFirst(2)
    guard digits.allSatisfy("0123456789abcdef".contains), digits.count <= 8,
      let number = UInt32(digits, radix: 16)
    else { throw .badNumber(part) }
    return GFPMask(rawValue: number)
  }

  /// The bits of a type or modifier by its name, or nil.
  private func bits(named name: String) -> GFPMask? {
    GFPType(rawValue: name).map(mask(of:)) ?? GFPMask.modifier(named: name)
  }

  func text(of mask: GFPMask) -> String {
    var parts: [String] = []
    var rest = mask
    for name in GFPMask.printingOrder {
      guard let bits = bits(named: name), rest.isSuperset(of: bits) else { continue }
      parts.append(name)
      rest.subtract(bits)
    }
    if !rest.isEmpty { parts.append("0x" + String(rest.rawValue, radix: 16)) }
    return parts.isEmpty ? "none" : parts.joined(separator: "|")
  }
}
