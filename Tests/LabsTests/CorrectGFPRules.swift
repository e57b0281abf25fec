import AllocationTrace
import LabBench
import LabKit
import Labs

/// A correct implementation to plant slips in: a subclass overrides the one method that is to be wrong.
class CorrectGFPRules: GFPFlagRules {
  required init() {}

  func mask(of type: GFPType) -> GFPMask {
    let bits: [GFPType: UInt32] = [
      .kernel: 0xcc0, .kernelAccount: 0x40_0cc0, .atomic: 0x820, .noWait: 0x2800, .noIO: 0xc00,
      .noFS: 0xc40, .user: 0x10_0cc0, .dma: 0x1, .dma32: 0x4, .highUser: 0x10_0cc2,
      .highUserMovable: 0x10_0cca, .transHugeLight: 0x1c_20ca, .transHuge: 0x1c_24ca,
    ]
    return GFPMask(rawValue: bits[type]!)
  }

  func zoneModifiers(of mask: GFPMask) -> GFPMask { GFPMask(rawValue: mask.rawValue & 0xf) }
  func actionModifiers(of mask: GFPMask) -> GFPMask { GFPMask(rawValue: mask.rawValue & ~0xf) }

  func baseType(of mask: GFPMask) -> GFPType? {
    GFPType.allCases.first { self.mask(of: $0).isSubset(of: mask) }
  }

  func maySleep(_ mask: GFPMask) -> Bool { mask.contains(.directReclaim) }
  func mayStartIO(_ mask: GFPMask) -> Bool { mask.contains([.directReclaim, .io]) }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { mask.contains([.directReclaim, .fs]) }

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    let limits: [GFPMask: GFPZone] = [
      []: .normal, .dma: .dma, .dma32: .dma32,
      .highMem: mask.contains(.movable) ? .movable : .highMem,
    ]
    guard let limit = limits[mask.intersection([.dma, .dma32, .highMem])] else { return nil }
    return machine.populated.reversed().filter {
      $0 <= (machine.known.contains(limit) ? limit : .normal)
    }
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    let isOpen = !mask.contains(.noMemAlloc)
    if mask.contains(.memAlloc), isOpen { return 0 }
    guard mask.contains(.high) else { return min }
    let half = min - min / 2
    return isOpen && !maySleep(mask) ? half - half / 4 : half
  }

  func flags(for situation: GFPSituation) -> GFPMask {
    let isAtomic = [.spinlock, .bottomHalf, .interrupt].contains(situation.context)
    let type: GFPType =
      if isAtomic {
        situation.canDoWithout ? .noWait : .atomic
      } else {
        [.ordinary: .kernel, .fileSystem: .noFS, .blockIO: .noIO][situation.code]!
      }
    let place: [GFPSituation.Memory: GFPMask] = [
      .kernel: [], .device16M: .dma, .device4G: .dma32, .userPage: [.highMem, .movable, .hardwall],
    ]
    return mask(of: type).union(place[situation.memory]!)
  }

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    if text == "none" { return [] }
    var mask: GFPMask = []
    for part in text.split(separator: "|", omittingEmptySubsequences: false).map(String.init) {
      if let bits = bits(part) {
        mask.formUnion(bits)
      } else if part.hasPrefix("0x"), (3...10).contains(part.count),
        part.dropFirst(2).allSatisfy("0123456789abcdef".contains)
      {
        mask.formUnion(GFPMask(rawValue: UInt32(part.dropFirst(2), radix: 16)!))
      } else {
        throw .unknownName(part)
      }
    }
    return mask
  }

  func bits(_ name: String) -> GFPMask? {
    GFPType(rawValue: name).map(mask(of:)) ?? GFPMask.modifier(named: name)
  }

  func text(of mask: GFPMask) -> String {
    if mask.isEmpty { return "none" }
    var rest = mask
    var parts = GFPMask.printingOrder.filter { name in
      guard bits(name)!.isSubset(of: rest) else { return false }
      rest.subtract(bits(name)!)
      return true
    }
    if !rest.isEmpty { parts.append("0x" + String(rest.rawValue, radix: 16)) }
    return parts.joined(separator: "|")
  }
}

/// Grades an implementation in process, as the students' door does.
enum GFPGrading {
  static func verdict<Rules: GFPFlagRules>(
    of rules: Rules.Type, in check: String, seed: UInt64 = 1991
  ) throws -> Verdict {
    try verdict(of: InProcessSubject(GFPFlagsDriver<Rules>.self), in: check, seed: seed)
  }

  static func verdict(
    of subject: any Subject, in check: String, seed: UInt64 = 1991
  ) throws -> Verdict {
    guard let check = Lab.gfpFlags.check(check) else { throw NoSuchCheck(id: check) }
    return check.examine(
      Examination(subject: subject, seed: checkSeed(course: seed, check: check.id)))
  }

  /// The ids of the checks that an implementation fails.
  static func failures<Rules: GFPFlagRules>(
    of rules: Rules.Type, seed: UInt64 = 1991
  ) throws -> [String] {
    try Lab.gfpFlags.checks.map(\.id).filter { id in
      if case .passed = try verdict(of: rules, in: id, seed: seed) { false } else { true }
    }
  }

  struct NoSuchCheck: Error {
    let id: String
  }
}

extension Verdict {
  var counterexample: Counterexample? {
    if case .failed(let counterexample, _) = self { counterexample } else { nil }
  }
}
