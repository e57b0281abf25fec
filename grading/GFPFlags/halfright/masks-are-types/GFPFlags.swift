// half-right: compares masks with a few known types, so that a modifier beside a type goes wrong
// expects: 35...65
import LabKit

/// What the flags of an allocation mean, as far as the usual types go.
struct GFPFlags: GFPFlagRules {
  init() {}

  func mask(of type: GFPType) -> GFPMask {
    switch type {
    case .atomic: [.high, .kswapdReclaim]
    case .kernel: [.reclaim, .io, .fs]
    case .kernelAccount: [.reclaim, .io, .fs, .account]
    case .noWait: [.kswapdReclaim, .noWarn]
    case .noIO: .reclaim
    case .noFS: [.reclaim, .io]
    case .user: [.reclaim, .io, .fs, .hardwall]
    case .dma: .dma
    case .dma32: .dma32
    case .highUser: [.reclaim, .io, .fs, .hardwall, .highMem]
    case .highUserMovable: [.reclaim, .io, .fs, .hardwall, .highMem, .movable]
    case .transHugeLight: [.io, .fs, .hardwall, .highMem, .movable, .comp, .noMemAlloc, .noWarn]
    case .transHuge:
      [.directReclaim, .io, .fs, .hardwall, .highMem, .movable, .comp, .noMemAlloc, .noWarn]
    }
  }

  func zoneModifiers(of mask: GFPMask) -> GFPMask {
    mask.intersection([.dma, .highMem, .dma32, .movable])
  }

  func actionModifiers(of mask: GFPMask) -> GFPMask {
    mask.subtracting([.dma, .highMem, .dma32, .movable])
  }

  func baseType(of mask: GFPMask) -> GFPType? {
    GFPType.allCases.first { self.mask(of: $0) == mask }
  }

  func maySleep(_ mask: GFPMask) -> Bool {
    mask != self.mask(of: .atomic) && mask != self.mask(of: .noWait)
  }

  func mayStartIO(_ mask: GFPMask) -> Bool { maySleep(mask) && mask != self.mask(of: .noIO) }

  func mayEnterFileSystem(_ mask: GFPMask) -> Bool {
    mayStartIO(mask) && mask != self.mask(of: .noFS)
  }

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    switch zoneModifiers(of: mask) {
    case []: machine.populated.filter { $0 <= .normal }.reversed()
    case .dma: [.dma]
    case .dma32: machine.populated.filter { $0 <= .dma32 }.reversed()
    case .highMem: machine.populated.filter { $0 <= .highMem }.reversed()
    case [.highMem, .movable]: machine.populated.reversed()
    default: nil
    }
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    mask == self.mask(of: .atomic) ? min - min / 2 - (min - min / 2) / 4 : min
  }

  func flags(for situation: GFPSituation) -> GFPMask {
    let mask =
      switch (situation.context, situation.code) {
      case (.interrupt, _), (.bottomHalf, _), (.spinlock, _):
        mask(of: situation.canDoWithout ? .noWait : .atomic)
      case (_, .ordinary): mask(of: .kernel)
      case (_, .fileSystem): mask(of: .noFS)
      case (_, .blockIO): mask(of: .noIO)
      }
    switch situation.memory {
    case .kernel: return mask
    case .device16M: return mask.union(.dma)
    case .device4G: return mask.union(.dma32)
    case .userPage: return mask.union([.highMem, .movable, .hardwall])
    }
  }

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    if text == "none" { return [] }
    var mask: GFPMask = []
    for part in text.split(separator: "|", omittingEmptySubsequences: false).map(String.init) {
      if let type = GFPType(rawValue: part) {
        mask.formUnion(self.mask(of: type))
      } else if let modifier = GFPMask.modifier(named: part) {
        mask.formUnion(modifier)
      } else {
        throw .unknownName(part)
      }
    }
    return mask
  }

  func text(of mask: GFPMask) -> String {
    baseType(of: mask)?.rawValue ?? "0x" + String(mask.rawValue, radix: 16)
  }
}
