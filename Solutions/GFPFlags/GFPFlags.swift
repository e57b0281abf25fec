import LabKit

/// What the flags of an allocation mean to Linux 6.12.
struct GFPFlags: GFPFlagRules {
  init() {}

  // MARK: Compose and take apart

  func mask(of type: GFPType) -> GFPMask {
    // BEGIN SOLUTION
    // STUB: // TODO: compose each type from modifiers, and larger types from smaller ones.
    // STUB: return []
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
    // END SOLUTION
  }

  func zoneModifiers(of mask: GFPMask) -> GFPMask {
    // BEGIN SOLUTION
    // STUB: // TODO: keep the bits that say where.
    // STUB: return []
    mask.intersection([.dma, .highMem, .dma32, .movable])
    // END SOLUTION
  }

  func actionModifiers(of mask: GFPMask) -> GFPMask {
    // BEGIN SOLUTION
    // STUB: // TODO: keep the bits that say how, those without a name among them.
    // STUB: return []
    mask.subtracting(zoneModifiers(of: mask))
    // END SOLUTION
  }

  func baseType(of mask: GFPMask) -> GFPType? {
    // BEGIN SOLUTION
    // STUB: // TODO: find the first type that the mask has all bits of.
    // STUB: return nil
    GFPType.allCases.first { mask.isSuperset(of: self.mask(of: $0)) }
    // END SOLUTION
  }

  // MARK: What the allocator may do on behalf of the request

  func maySleep(_ mask: GFPMask) -> Bool {
    // BEGIN SOLUTION
    // STUB: // TODO: decide whether the caller may have to wait.
    // STUB: return false
    mask.contains(.directReclaim)
    // END SOLUTION
  }

  func mayStartIO(_ mask: GFPMask) -> Bool {
    // BEGIN SOLUTION
    // STUB: // TODO: decide whether reclaim for this request may write to a disk.
    // STUB: return false
    mask.contains([.directReclaim, .io])
    // END SOLUTION
  }

  func mayEnterFileSystem(_ mask: GFPMask) -> Bool {
    // BEGIN SOLUTION
    // STUB: // TODO: decide whether reclaim for this request may call a file system.
    // STUB: return false
    mask.contains([.directReclaim, .fs])
    // END SOLUTION
  }

  // MARK: Where the memory may come from

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    // BEGIN SOLUTION
    // STUB: // TODO: refuse contradictions, find the highest zone, and list it and those below.
    // STUB: return nil
    guard var highest = highestZone(for: mask) else { return nil }
    // What needs no special zone needs Normal: a kernel built without the zone has nothing to fear there.
    if !machine.known.contains(highest) { highest = .normal }
    return machine.populated.filter { $0 <= highest }.reversed()
    // END SOLUTION
  }

  // BEGIN SOLUTION
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

  // END SOLUTION
  func watermark(for mask: GFPMask, min: Int) -> Int {
    // BEGIN SOLUTION
    // STUB: // TODO: decide how many pages this request must leave to others.
    // STUB: return min
    let isKeptOut = mask.contains(.noMemAlloc)
    if mask.contains(.memAlloc) && !isKeptOut { return 0 }
    var mark = min
    if mask.contains(.high) {
      mark -= mark / 2
      if !maySleep(mask) && !isKeptOut { mark -= mark / 4 }
    }
    return mark
    // END SOLUTION
  }

  // MARK: The right flags for a situation

  func flags(for situation: GFPSituation) -> GFPMask {
    // BEGIN SOLUTION
    // STUB: // TODO: ask only for what the situation needs, and allow all that it permits.
    // STUB: return []
    how(situation).union(whereTo(situation))
    // END SOLUTION
  }

  // BEGIN SOLUTION
  /// The action modifiers: one of the five types that kernel code chooses from.
  private func how(_ situation: GFPSituation) -> GFPMask {
    switch (situation.context, situation.code) {
    case (.process, .ordinary), (.mutex, .ordinary): mask(of: .kernel)
    case (.process, .fileSystem), (.mutex, .fileSystem): mask(of: .noFS)
    case (.process, .blockIO), (.mutex, .blockIO): mask(of: .noIO)
    case (.spinlock, _), (.bottomHalf, _), (.interrupt, _):
      // The reserve is for those who can neither wait nor go on.
      mask(of: situation.canDoWithout ? .noWait : .atomic)
    }
  }

  /// The zone modifiers, with what a user's page needs beside them.
  private func whereTo(_ situation: GFPSituation) -> GFPMask {
    switch situation.memory {
    case .kernel: []
    case .device16M: .dma
    case .device4G: .dma32
    case .userPage: [.highMem, .movable, .hardwall]
    }
  }

  // END SOLUTION
  // MARK: The kernel's text

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    // BEGIN SOLUTION
    // STUB: // TODO: cut the text at the bars and unite what its parts mean; refuse what is malformed.
    // STUB: throw .emptyPart
    if text == "none" { return [] }
    var mask: GFPMask = []
    for part in text.split(separator: "|", omittingEmptySubsequences: false) {
      mask.formUnion(try meaning(of: String(part)))
    }
    return mask
    // END SOLUTION
  }

  // BEGIN SOLUTION
  /// The bits of one part of a text: a name or a number.
  private func meaning(of part: String) throws(BadGFPText) -> GFPMask {
    if part.isEmpty { throw .emptyPart }
    if let bits = bits(named: part) { return bits }
    guard part.hasPrefix("0x") else { throw .unknownName(part) }
    // Looked at one by one, because the conversion would also take capitals and a sign.
    let digits = part.dropFirst(2)
    guard digits.allSatisfy("0123456789abcdef".contains), digits.count <= 8,
      let number = UInt32(digits, radix: 16)
    else { throw .badNumber(part) }
    return GFPMask(rawValue: number)
  }

  /// The bits of a type or modifier by its name, or nil.
  private func bits(named name: String) -> GFPMask? {
    GFPType(rawValue: name).map(mask(of:)) ?? GFPMask.modifier(named: name)
  }

  // END SOLUTION
  func text(of mask: GFPMask) -> String {
    // BEGIN SOLUTION
    // STUB: // TODO: say the names in the kernel's order until no named bit is left.
    // STUB: return ""
    var parts: [String] = []
    var rest = mask
    for name in GFPMask.printingOrder {
      guard let bits = bits(named: name), rest.isSuperset(of: bits) else { continue }
      parts.append(name)
      rest.subtract(bits)
    }
    if !rest.isEmpty { parts.append("0x" + String(rest.rawValue, radix: 16)) }
    return parts.isEmpty ? "none" : parts.joined(separator: "|")
    // END SOLUTION
  }
}
