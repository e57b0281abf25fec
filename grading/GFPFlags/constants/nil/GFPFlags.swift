import LabKit

/// Answers nothing: nil, no bits, no text.
struct GFPFlags: GFPFlagRules {
  init() {}
  func mask(of type: GFPType) -> GFPMask { [] }
  func zoneModifiers(of mask: GFPMask) -> GFPMask { [] }
  func actionModifiers(of mask: GFPMask) -> GFPMask { [] }
  func baseType(of mask: GFPMask) -> GFPType? { nil }
  func maySleep(_ mask: GFPMask) -> Bool { false }
  func mayStartIO(_ mask: GFPMask) -> Bool { false }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { false }
  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    nil
  }
  func watermark(for mask: GFPMask, min: Int) -> Int { 0 }
  func flags(for situation: GFPSituation) -> GFPMask { [] }
  func parse(_ text: String) throws(BadGFPText) -> GFPMask { [] }
  func text(of mask: GFPMask) -> String { "none" }
}
