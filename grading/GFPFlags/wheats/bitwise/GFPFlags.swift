// wheat: shifts and masks on plain words, with a packed zone table as in Linux; nothing is looked up by name
// source: own; the packed table after gfp_zone() in include/linux/gfp.h
import LabKit

struct GFPFlags: GFPFlagRules {
  init() {}

  func mask(of type: GFPType) -> GFPMask { GFPMask(rawValue: Self.bits(type)) }

  private static func bits(_ type: GFPType) -> UInt32 {
    let kernel: UInt32 = 0b1100_1100_0000
    let movable = kernel | 1 << 20 | 0b1010
    return switch type {
    case .kernel: kernel
    case .kernelAccount: kernel | 1 << 22
    case .noFS: kernel & ~(1 << 7)
    case .noIO: kernel & ~(3 << 6)
    case .atomic: 1 << 11 | 1 << 5
    case .noWait: 1 << 11 | 1 << 13
    case .user: kernel | 1 << 20
    case .highUser: movable & ~(1 << 3)
    case .highUserMovable: movable
    case .transHugeLight: movable & ~(3 << 10) | 1 << 13 | 1 << 18 | 1 << 19
    case .transHuge: movable & ~(1 << 11) | 1 << 13 | 1 << 18 | 1 << 19
    case .dma: 1 << 0
    case .dma32: 1 << 2
    }
  }

  func zoneModifiers(of mask: GFPMask) -> GFPMask { GFPMask(rawValue: (mask.rawValue << 28) >> 28) }
  func actionModifiers(of mask: GFPMask) -> GFPMask { GFPMask(rawValue: (mask.rawValue >> 4) << 4) }

  func baseType(of mask: GFPMask) -> GFPType? {
    GFPType.allCases.first { ~mask.rawValue & Self.bits($0) == 0 }
  }

  func maySleep(_ mask: GFPMask) -> Bool { mask.rawValue >> 10 & 1 == 1 }
  func mayStartIO(_ mask: GFPMask) -> Bool { mask.rawValue >> 10 & mask.rawValue >> 6 & 1 == 1 }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool {
    mask.rawValue >> 10 & mask.rawValue >> 7 & 1 == 1
  }

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    let index = Int(mask.rawValue & 0xf)
    // A bit for each bad combination of the four low bits: 3, 5, 6, 7, 11, 13, 14 and 15.
    if 0b1110_1000_1110_1000 >> index & 1 == 1 { return nil }
    // Four bits a combination, the zone's number: DMA 0, DMA32 1, Normal 2, HighMem 3, Movable 4.
    let table: UInt64 = 0x0001_0402_0001_0302
    let known = machine.known.reduce(0) { $0 | 1 << $1.rawValue }
    var zone = Int(table >> (4 * UInt64(index)) & 0xf)
    if known >> zone & 1 == 0 { zone = 2 }
    let populated = machine.populated.reduce(0) { $0 | 1 << $1.rawValue }
    return stride(from: zone, through: 0, by: -1).filter { populated >> $0 & 1 == 1 }
      .map { GFPZone(rawValue: $0)! }
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    let bits = mask.rawValue
    let isKeptOut = Int(bits >> 19 & 1)
    let takesAll = Int(bits >> 17 & 1) & ~isKeptOut
    let isHigh = Int(bits >> 5 & 1)
    let isQuick = isHigh & ~Int(bits >> 10) & ~isKeptOut & 1
    let half = min - (min >> 1) * isHigh
    return (half - (half >> 2) * isQuick) * (1 - takesAll)
  }

  func flags(for situation: GFPSituation) -> GFPMask {
    var bits: UInt32 = 1 << 11
    if situation.context == .process || situation.context == .mutex {
      bits |= 1 << 10
      if situation.code != .blockIO { bits |= 1 << 6 }
      if situation.code == .ordinary { bits |= 1 << 7 }
    } else if !situation.canDoWithout {
      bits |= 1 << 5
    }
    if situation.memory == .device16M { bits |= 1 }
    if situation.memory == .device4G { bits |= 4 }
    if situation.memory == .userPage { bits |= 1 << 20 | 0b1010 }
    return GFPMask(rawValue: bits)
  }

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    if text == "none" { return [] }
    var bits: UInt32 = 0
    var rest = Substring(text)
    while true {
      let bar = rest.firstIndex(of: "|")
      bits |= try value(rest[..<(bar ?? rest.endIndex)])
      guard let bar else { return GFPMask(rawValue: bits) }
      rest = rest[rest.index(after: bar)...]
    }
  }

  private func value(_ part: Substring) throws(BadGFPText) -> UInt32 {
    if let type = GFPType(rawValue: String(part)) { return Self.bits(type) }
    if let mask = GFPMask.modifier(named: String(part)) { return mask.rawValue }
    guard part.utf8.starts(with: "0x".utf8), part.utf8.count > 2 else {
      throw part.isEmpty ? .emptyPart : .unknownName(String(part))
    }
    var number: UInt32 = 0
    var count = 0
    for byte in part.utf8.dropFirst(2) {
      count += 1
      let digit: UInt8 =
        switch byte {
        case 48...57: byte - 48
        case 97...102: byte - 87
        default: 16
        }
      guard digit < 16, count <= 8 else { throw .badNumber(String(part)) }
      number = number << 4 | UInt32(digit)
    }
    return number
  }

  func text(of mask: GFPMask) -> String {
    var rest = mask.rawValue
    let names = GFPMask.printingOrder.filter { name in
      let bits =
        GFPType(rawValue: name).map(Self.bits) ?? GFPMask.modifier(named: name)?.rawValue ?? 0
      guard ~rest & bits == 0 else { return false }
      rest ^= bits
      return true
    }
    let parts = names + (rest == 0 ? [] : ["0x" + String(rest, radix: 16)])
    return parts.isEmpty ? "none" : parts.joined(separator: "|")
  }
}
