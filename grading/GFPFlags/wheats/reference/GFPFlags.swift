// wheat: the reference: the GFP flags of KernelMemory
// source: include/linux/gfp.h and mm/page_alloc.c of Linux 6.12, as KernelMemory builds them
// links: KernelMemory
import KernelMemory
import LabKit

struct GFPFlags: GFPFlagRules {
  private typealias Reference = KernelMemory.GFPFlags

  init() {}

  private func reference(_ mask: GFPMask) -> Reference { Reference(rawValue: mask.rawValue) }
  private func mask(_ flags: Reference) -> GFPMask { GFPMask(rawValue: flags.rawValue) }

  func mask(of type: GFPType) -> GFPMask {
    let flags: Reference =
      switch type {
      case .transHuge: .transhuge
      case .transHugeLight: .transhugeLight
      case .highUserMovable: .highuserMovable
      case .highUser: .highuser
      case .user: .user
      case .kernelAccount: .kernelAccount
      case .kernel: .kernel
      case .noFS: .nofs
      case .atomic: .atomic
      case .noIO: .noio
      case .noWait: .nowait
      case .dma: .dma
      case .dma32: .dma32
      }
    return mask(flags)
  }

  private static let placement: Reference = [.dma, .highmem, .dma32, .movable]

  func zoneModifiers(of mask: GFPMask) -> GFPMask {
    self.mask(reference(mask).intersection(Self.placement))
  }

  func actionModifiers(of mask: GFPMask) -> GFPMask {
    self.mask(reference(mask).subtracting(Self.placement))
  }

  func baseType(of mask: GFPMask) -> GFPType? {
    GFPFlagTable.linux6_12.entries.lazy.filter { reference(mask).isSuperset(of: $0.flags) }
      .compactMap { GFPType(rawValue: $0.name) }.first
  }

  func maySleep(_ mask: GFPMask) -> Bool { reference(mask).mayBlock }
  func mayStartIO(_ mask: GFPMask) -> Bool { reference(mask).mayStartIO }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { reference(mask).mayEnterFileSystem }

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    let kind: MachineKind = machine.known.contains(.highMem) ? .x86_32 : .x86_64
    let zones: [ZoneKind: GFPZone] = [
      .dma: .dma, .dma32: .dma32, .normal: .normal, .highMem: .highMem, .movable: .movable,
    ]
    guard let highest = try? reference(mask).highestZone(on: kind) else { return nil }
    let end = kind.zoneKinds.firstIndex(of: highest)!
    return kind.zoneKinds[...end].reversed().compactMap { zones[$0] }
      .filter(machine.populated.contains)
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    let half = min - min / 2
    return switch reference(mask).reserveShare {
    case .none: min
    case .half: half
    case .fiveEighths: half - half / 4
    case .all: 0
    }
  }

  func flags(for situation: GFPSituation) -> GFPMask {
    let how: Reference =
      switch (situation.context, situation.code) {
      case (.process, .ordinary), (.mutex, .ordinary): .kernel
      case (.process, .fileSystem), (.mutex, .fileSystem): .nofs
      case (.process, .blockIO), (.mutex, .blockIO): .noio
      default: situation.canDoWithout ? .nowait : .atomic
      }
    let place: Reference =
      switch situation.memory {
      case .kernel: []
      case .device16M: .dma
      case .device4G: .dma32
      case .userPage: [.highmem, .movable, .hardwall]
      }
    return mask(how.union(place))
  }

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    // The reference also reads numbers that no kernel writes: capitals, and zeros in front without end.
    for part in text.split(separator: "|") where part.hasPrefix("0x") {
      let digits = part.dropFirst(2)
      guard digits.count <= 8, digits.allSatisfy("0123456789abcdef".contains) else {
        throw .badNumber(String(part))
      }
    }
    do {
      return mask(try GFPFlagTable.linux6_12.parse(text))
    } catch {
      throw .unknownName(text)
    }
  }

  func text(of mask: GFPMask) -> String { GFPFlagTable.linux6_12.describe(reference(mask)) }
}
