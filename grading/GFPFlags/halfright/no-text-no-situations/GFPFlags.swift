// half-right: masks are neither parsed nor printed, and every situation gets GFP_KERNEL
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
    guard var highest = highestZone(for: mask) else { return nil }
    // What needs no special zone needs Normal: a kernel built without the zone has nothing to fear there.
    if !machine.known.contains(highest) { highest = .normal }
    return machine.populated.filter { $0 <= highest }.reversed()
  }

  /// The highest zone that suits the mask on a kernel that knows them all; nil when the mask contradicts itself.
  private func highestZone(for mask: GFPMask) -> GFPZone? {
    switch mask.intersection([.dma, .dma32, .highMem]) {
    case []: .normal
    case .dma: .dma
    case .dma32: .dma32
    case .highMem: mask.contains(.movable) ? .movable : .highMem
    default: nil
    }
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    let isKeptOut = mask.contains(.noMemAlloc)
    if mask.contains(.memAlloc) && !isKeptOut { return 0 }
    var mark = min
    if mask.contains(.high) {
      mark -= mark / 2
      if !maySleep(mask) && !isKeptOut { mark -= mark / 4 }
    }
    return mark
  }

  // MARK: The right flags for a situation

  func flags(for situation: GFPSituation) -> GFPMask {
    mask(of: .kernel)
  }

  // MARK: The kernel's text

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    throw .emptyPart
  }

  func text(of mask: GFPMask) -> String {
    return ""
  }
}
