// wheat: rules are values that are folded over, and situations get more flags than the plainest types have
// source: own; W-GFP-04 (nobody who may not sleep ever sleeps, whatever else its mask holds)
import LabKit

struct GFPFlags: GFPFlagRules {
  init() {}

  /// A type as another one with bits put in and bits taken out.
  private static let recipes: [GFPType: (from: GFPType?, with: GFPMask, without: GFPMask)] = [
    .noIO: (nil, .reclaim, []),
    .noFS: (.noIO, .io, []),
    .kernel: (.noFS, .fs, []),
    .kernelAccount: (.kernel, .account, []),
    .user: (.kernel, .hardwall, []),
    .highUser: (.user, .highMem, []),
    .highUserMovable: (.highUser, .movable, []),
    .transHugeLight: (.transHuge, [], .directReclaim),
    .transHuge: (.highUserMovable, [.comp, .noMemAlloc, .noWarn], .kswapdReclaim),
    .atomic: (nil, [.kswapdReclaim, .high], []),
    .noWait: (nil, [.kswapdReclaim, .noWarn], []),
    .dma: (nil, .dma, []),
    .dma32: (nil, .dma32, []),
  ]

  func mask(of type: GFPType) -> GFPMask {
    let recipe = Self.recipes[type]!
    return (recipe.from.map(mask(of:)) ?? []).union(recipe.with).subtracting(recipe.without)
  }

  func zoneModifiers(of mask: GFPMask) -> GFPMask {
    mask.subtracting(actionModifiers(of: mask))
  }

  func actionModifiers(of mask: GFPMask) -> GFPMask {
    [GFPMask.dma, .highMem, .dma32, .movable].reduce(mask) { $0.subtracting($1) }
  }

  func baseType(of mask: GFPMask) -> GFPType? {
    GFPType.allCases.first { self.mask(of: $0).subtracting(mask).isEmpty }
  }

  /// Whether `mask` holds direct reclaim and all of `others`.
  private func reclaims(_ mask: GFPMask, _ others: GFPMask...) -> Bool {
    others.reduce(mask.contains(.directReclaim)) { $0 && mask.contains($1) }
  }

  func maySleep(_ mask: GFPMask) -> Bool { reclaims(mask) }
  func mayStartIO(_ mask: GFPMask) -> Bool { reclaims(mask, .io) }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { reclaims(mask, .fs) }

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    let limits: [(GFPMask, GFPZone)] = [
      (.dma, .dma), (.dma32, .dma32), (.highMem, mask.contains(.movable) ? .movable : .highMem),
    ]
    let found = limits.filter { mask.contains($0.0) }.map(\.1)
    if found.count > 1 { return nil }
    let wanted = found.first.flatMap { machine.known.contains($0) ? $0 : nil } ?? .normal
    var answer: [GFPZone] = []
    for zone in machine.populated where zone <= wanted { answer.insert(zone, at: 0) }
    return answer
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    let isFriendly = mask.contains(.noMemAlloc)
    // The part to take off as 1 / divisor of what is there, for each right that the mask has.
    let rights: [(holds: Bool, divisor: Int)] = [
      (mask.contains(.memAlloc) && !isFriendly, 1),
      (mask.contains(.high), 2),
      (mask.contains(.high) && !maySleep(mask) && !isFriendly, 4),
    ]
    return rights.filter(\.holds).reduce(min) { $0 - $0 / $1.divisor }
  }

  func flags(for situation: GFPSituation) -> GFPMask {
    var mask: GFPMask = [.kswapdReclaim, .zero, .noWarn]
    switch situation.context {
    case .process, .mutex:
      mask.formUnion([.directReclaim, .account])
      if situation.canDoWithout { mask.insert(.noRetry) }
    case .spinlock, .bottomHalf, .interrupt:
      // Of no consequence to a request that does not reclaim.
      mask.formUnion([.io, .fs])
      mask.insert(situation.canDoWithout ? .noMemAlloc : .high)
    }
    if mask.contains(.directReclaim) {
      let allowed: [GFPSituation.Code: GFPMask] = [.ordinary: [.io, .fs], .fileSystem: .io]
      mask.formUnion(allowed[situation.code] ?? [])
    }
    switch situation.memory {
    case .kernel: mask.insert(.comp)
    case .device16M: mask.insert(.dma)
    case .device4G: mask.insert(.dma32)
    case .userPage: mask.formUnion([.highMem, .movable, .hardwall, .write])
    }
    return mask
  }

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    guard text != "none" else { return [] }
    let parts = text.split(separator: "|", maxSplits: .max, omittingEmptySubsequences: false)
    guard !parts.contains("") else { throw .emptyPart }
    var union: GFPMask = []
    // From the last part to the first: a union has no order.
    for part in parts.reversed() {
      let readers: [(String) -> GFPMask?] = [
        { GFPType(rawValue: $0).map(mask(of:)) }, { GFPMask.modifier(named: $0) }, number,
      ]
      guard let bits = readers.lazy.compactMap({ $0(String(part)) }).first else {
        throw .unknownName(String(part))
      }
      union.formUnion(bits)
    }
    return union
  }

  private func number(_ part: String) -> GFPMask? {
    guard part.hasPrefix("0x"), part.count <= 10 else { return nil }
    let digits = part.dropFirst(2)
    guard let value = UInt32(digits, radix: 16) else { return nil }
    // What the conversion takes and the kernel does not write: capitals and a sign.
    let written = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits.count - written.count)) + written == digits
      ? GFPMask(rawValue: value) : nil
  }

  func text(of mask: GFPMask) -> String {
    if mask.isEmpty { return "none" }
    return say(mask, GFPMask.printingOrder[...]).joined(separator: "|")
  }

  private func say(_ rest: GFPMask, _ names: ArraySlice<String>) -> [String] {
    guard let name = names.first else {
      return rest.isEmpty ? [] : ["0x\(String(rest.rawValue, radix: 16))"]
    }
    let bits = GFPType(rawValue: name).map(mask(of:)) ?? GFPMask.modifier(named: name)!
    guard rest.isSuperset(of: bits) else { return say(rest, names.dropFirst()) }
    return [name] + say(rest.subtracting(bits), names.dropFirst())
  }
}
