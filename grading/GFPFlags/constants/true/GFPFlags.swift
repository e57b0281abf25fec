import LabKit

/// Answers yes to everything: all bits, all zones.
struct GFPFlags: GFPFlagRules {
  init() {}
  func mask(of type: GFPType) -> GFPMask { GFPMask(rawValue: .max) }
  func zoneModifiers(of mask: GFPMask) -> GFPMask { GFPMask(rawValue: .max) }
  func actionModifiers(of mask: GFPMask) -> GFPMask { GFPMask(rawValue: .max) }
  func baseType(of mask: GFPMask) -> GFPType? { .kernel }
  func maySleep(_ mask: GFPMask) -> Bool { true }
  func mayStartIO(_ mask: GFPMask) -> Bool { true }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { true }
  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    machine.populated
  }
  func watermark(for mask: GFPMask, min: Int) -> Int { min }
  func flags(for situation: GFPSituation) -> GFPMask { GFPMask(rawValue: .max) }
  func parse(_ text: String) throws(BadGFPText) -> GFPMask { GFPMask(rawValue: .max) }
  func text(of mask: GFPMask) -> String { "GFP_KERNEL" }
}
