import LabKit

/// Answers the first thing there is: the lowest bit, the first type, the lowest zone.
struct GFPFlags: GFPFlagRules {
  init() {}
  func mask(of type: GFPType) -> GFPMask { .dma }
  func zoneModifiers(of mask: GFPMask) -> GFPMask { .dma }
  func actionModifiers(of mask: GFPMask) -> GFPMask { .dma }
  func baseType(of mask: GFPMask) -> GFPType? { GFPType.allCases[0] }
  func maySleep(_ mask: GFPMask) -> Bool { false }
  func mayStartIO(_ mask: GFPMask) -> Bool { true }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { true }
  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    [machine.populated[0]]
  }
  func watermark(for mask: GFPMask, min: Int) -> Int { 1 }
  func flags(for situation: GFPSituation) -> GFPMask { .dma }
  func parse(_ text: String) throws(BadGFPText) -> GFPMask { .dma }
  func text(of mask: GFPMask) -> String { GFPMask.printingOrder[0] }
}
