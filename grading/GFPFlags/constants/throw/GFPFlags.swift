import LabKit

/// Refuses every text, and gives back what it is given.
struct GFPFlags: GFPFlagRules {
  init() {}
  func mask(of type: GFPType) -> GFPMask { [] }
  func zoneModifiers(of mask: GFPMask) -> GFPMask { mask }
  func actionModifiers(of mask: GFPMask) -> GFPMask { mask }
  func baseType(of mask: GFPMask) -> GFPType? { nil }
  func maySleep(_ mask: GFPMask) -> Bool { false }
  func mayStartIO(_ mask: GFPMask) -> Bool { false }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { false }
  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    machine.populated.reversed()
  }
  func watermark(for mask: GFPMask, min: Int) -> Int { min }
  func flags(for situation: GFPSituation) -> GFPMask { [.kswapdReclaim] }
  func parse(_ text: String) throws(BadGFPText) -> GFPMask { throw .unknownName(text) }
  func text(of mask: GFPMask) -> String { "0x" + String(mask.rawValue, radix: 16) }
}
