import LabKit

/// What the flags of an allocation mean to Linux 6.12.
struct GFPFlags: GFPFlagRules {
  init() {}

  // MARK: Compose and take apart

  func mask(of type: GFPType) -> GFPMask {
    // TODO: compose each type from modifiers, and larger types from smaller ones.
    return []
  }

  func zoneModifiers(of mask: GFPMask) -> GFPMask {
    // TODO: keep the bits that say where.
    return []
  }

  func actionModifiers(of mask: GFPMask) -> GFPMask {
    // TODO: keep the bits that say how, those without a name among them.
    return []
  }

  func baseType(of mask: GFPMask) -> GFPType? {
    // TODO: find the first type that the mask has all bits of.
    return nil
  }

  // MARK: What the allocator may do on behalf of the request

  func maySleep(_ mask: GFPMask) -> Bool {
    // TODO: decide whether the caller may have to wait.
    return false
  }

  func mayStartIO(_ mask: GFPMask) -> Bool {
    // TODO: decide whether reclaim for this request may write to a disk.
    return false
  }

  func mayEnterFileSystem(_ mask: GFPMask) -> Bool {
    // TODO: decide whether reclaim for this request may call a file system.
    return false
  }

  // MARK: Where the memory may come from

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    // TODO: refuse contradictions, find the highest zone, and list it and those below.
    return nil
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    // TODO: decide how many pages this request must leave to others.
    return min
  }

  // MARK: The right flags for a situation

  func flags(for situation: GFPSituation) -> GFPMask {
    // TODO: ask only for what the situation needs, and allow all that it permits.
    return []
  }

  // MARK: The kernel's text

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    // TODO: cut the text at the bars and unite what its parts mean; refuse what is malformed.
    throw .emptyPart
  }

  func text(of mask: GFPMask) -> String {
    // TODO: say the names in the kernel's order until no named bit is left.
    return ""
  }
}
