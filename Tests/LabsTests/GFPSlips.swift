import LabKit

final class EverythingSleeps: CorrectGFPRules {
  override func maySleep(_ mask: GFPMask) -> Bool { mask != self.mask(of: .atomic) }
}

final class OnlyKernelStartsIO: CorrectGFPRules {
  override func mayStartIO(_ mask: GFPMask) -> Bool { mask.contains(self.mask(of: .kernel)) }
}

final class MovableReachesMovable: CorrectGFPRules {
  override func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    guard let zones = super.zones(for: mask, on: machine) else { return nil }
    return mask.contains(.movable) && machine.populated.contains(.movable)
      ? [.movable] + zones.filter { $0 != .movable } : zones
  }
}

final class FallsBackUpwards: CorrectGFPRules {
  override func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    guard let zones = super.zones(for: mask, on: machine) else { return nil }
    return zones + machine.populated.filter { !zones.contains($0) }
  }
}

final class NoWaitGetsTheReserve: CorrectGFPRules {
  override func watermark(for mask: GFPMask, min: Int) -> Int {
    super.watermark(for: maySleep(mask) ? mask : mask.union(.high), min: min)
  }
}

final class SleepsUnderASpinlock: CorrectGFPRules {
  override func flags(for situation: GFPSituation) -> GFPMask {
    situation.context == .spinlock ? mask(of: .kernel) : super.flags(for: situation)
  }
}

final class DropsTheNumber: CorrectGFPRules {
  override func text(of mask: GFPMask) -> String {
    super.text(of: mask.subtracting(GFPMask(rawValue: 0xff00_0200)))
  }
}

final class SkipsEmptyParts: CorrectGFPRules {
  override func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    let parts = text.split(separator: "|").joined(separator: "|")
    return parts.isEmpty ? [] : try super.parse(parts)
  }
}

final class RefusesMixedParts: CorrectGFPRules {
  override func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    if text.contains("|0x") { throw .unknownName(text) }
    return try super.parse(text)
  }
}

/// Answers rightly for the first thousand questions.
final class GrowsTired: CorrectGFPRules {
  private var asked = 0

  override func maySleep(_ mask: GFPMask) -> Bool {
    asked += 1
    return asked > 1000 ? false : super.maySleep(mask)
  }
}

struct EmptyAnswers: GFPFlagRules {
  func mask(of type: GFPType) -> GFPMask { [] }
  func zoneModifiers(of mask: GFPMask) -> GFPMask { [] }
  func actionModifiers(of mask: GFPMask) -> GFPMask { [] }
  func baseType(of mask: GFPMask) -> GFPType? { nil }
  func maySleep(_ mask: GFPMask) -> Bool { false }
  func mayStartIO(_ mask: GFPMask) -> Bool { false }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { false }
  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? { nil }
  func watermark(for mask: GFPMask, min: Int) -> Int { 0 }
  func flags(for situation: GFPSituation) -> GFPMask { [] }
  func parse(_ text: String) throws(BadGFPText) -> GFPMask { [] }
  func text(of mask: GFPMask) -> String { "none" }
}

struct FullAnswers: GFPFlagRules {
  private let all = GFPMask(rawValue: .max)

  func mask(of type: GFPType) -> GFPMask { all }
  func zoneModifiers(of mask: GFPMask) -> GFPMask { mask }
  func actionModifiers(of mask: GFPMask) -> GFPMask { mask }
  func baseType(of mask: GFPMask) -> GFPType? { .kernel }
  func maySleep(_ mask: GFPMask) -> Bool { true }
  func mayStartIO(_ mask: GFPMask) -> Bool { true }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { true }
  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    machine.populated.reversed()
  }
  func watermark(for mask: GFPMask, min: Int) -> Int { min }
  func flags(for situation: GFPSituation) -> GFPMask { all }
  func parse(_ text: String) throws(BadGFPText) -> GFPMask { throw .unknownName(text) }
  func text(of mask: GFPMask) -> String { "GFP_KERNEL" }
}

// MARK: Memories

/// Keeps zones by the mask, whatever the machine.
final class KeepsTheZones: CorrectGFPRules {
  private var kept: [GFPMask: [GFPZone]] = [:]

  override func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    if let zones = kept[mask] { return zones }
    kept[mask] = super.zones(for: mask, on: machine)
    return kept[mask]
  }
}

/// Keeps what it was asked of a mask, whichever of two questions it was.
final class KeepsWhatWasAsked: CorrectGFPRules {
  private var kept: [GFPMask: Bool] = [:]

  private func once(_ mask: GFPMask, _ answer: Bool) -> Bool {
    if kept[mask] == nil { kept[mask] = answer }
    return kept[mask] ?? answer
  }

  override func maySleep(_ mask: GFPMask) -> Bool {
    mask == .directReclaim ? once(mask, true) : super.maySleep(mask)
  }

  override func mayStartIO(_ mask: GFPMask) -> Bool {
    mask == .directReclaim ? once(mask, false) : super.mayStartIO(mask)
  }
}

/// Understands each text once.
final class RefusesTheSecondTime: CorrectGFPRules {
  private var seen: Set<String> = []

  override func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    guard seen.insert(text).inserted else { throw .unknownName(text) }
    return try super.parse(text)
  }
}

// MARK: Wrong types

class ForgetsHardwall: CorrectGFPRules {
  override func mask(of type: GFPType) -> GFPMask {
    type == .user ? super.mask(of: .kernel) : super.mask(of: type)
  }
}

final class ForgetsHardwallAndOrder: ForgetsHardwall {
  override func text(of mask: GFPMask) -> String {
    mask == [.dma, .highMem] ? "__GFP_HIGHMEM|GFP_DMA" : super.text(of: mask)
  }
}

final class KernelWithoutKswapd: CorrectGFPRules {
  override func mask(of type: GFPType) -> GFPMask {
    type == .kernel ? [.directReclaim, .io, .fs] : super.mask(of: type)
  }
}
