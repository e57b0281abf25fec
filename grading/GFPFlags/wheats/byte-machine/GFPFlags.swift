// wheat: a class that remembers what it worked out, and reads texts byte by byte in one pass, without cutting
// source: own
import LabKit

final class GFPFlags: GFPFlagRules {
  /// The kernel's names as bytes with their bits; worked out once for each instance.
  private let entries: [(name: [UInt8], bits: GFPMask)]
  private var remembered: [GFPMask: String] = [:]

  init() {
    entries = GFPMask.printingOrder.map { name in
      (Array(name.utf8), GFPFlags.bits(of: name))
    }
  }

  private static func bits(of name: String) -> GFPMask {
    switch name {
    case "GFP_TRANSHUGE": [bits(of: "GFP_TRANSHUGE_LIGHT"), .directReclaim]
    case "GFP_TRANSHUGE_LIGHT":
      [.hardwall, .highMem, .movable, .io, .fs, .comp, .noMemAlloc, .noWarn]
    case "GFP_HIGHUSER_MOVABLE": [bits(of: "GFP_HIGHUSER"), .movable]
    case "GFP_HIGHUSER": [bits(of: "GFP_USER"), .highMem]
    case "GFP_USER": [bits(of: "GFP_KERNEL"), .hardwall]
    case "GFP_KERNEL_ACCOUNT": [bits(of: "GFP_KERNEL"), .account]
    case "GFP_KERNEL": [.directReclaim, .kswapdReclaim, .io, .fs]
    case "GFP_NOFS": [.directReclaim, .kswapdReclaim, .io]
    case "GFP_NOIO": [.directReclaim, .kswapdReclaim]
    case "GFP_ATOMIC": [.kswapdReclaim, .high]
    case "GFP_NOWAIT": [.kswapdReclaim, .noWarn]
    case "GFP_DMA": .dma
    case "GFP_DMA32": .dma32
    default: GFPMask.modifiers.first { $0.name == name }?.mask ?? []
    }
  }

  func mask(of type: GFPType) -> GFPMask { GFPFlags.bits(of: type.rawValue) }

  func zoneModifiers(of mask: GFPMask) -> GFPMask { GFPMask(rawValue: mask.rawValue & 15) }
  func actionModifiers(of mask: GFPMask) -> GFPMask { GFPMask(rawValue: mask.rawValue & ~15) }

  func baseType(of mask: GFPMask) -> GFPType? {
    for entry in entries where mask.isSuperset(of: entry.bits) {
      if let type = GFPType(rawValue: String(decoding: entry.name, as: UTF8.self)) { return type }
    }
    return nil
  }

  func maySleep(_ mask: GFPMask) -> Bool { !mask.isDisjoint(with: .directReclaim) }
  func mayStartIO(_ mask: GFPMask) -> Bool { maySleep(mask) && !mask.isDisjoint(with: .io) }
  func mayEnterFileSystem(_ mask: GFPMask) -> Bool { maySleep(mask) && !mask.isDisjoint(with: .fs) }

  func zones(for mask: GFPMask, on machine: GFPMachine) -> [GFPZone]? {
    var allowed = Set(GFPZone.allCases)
    var limits = 0
    func limit(to zone: GFPZone) {
      limits += 1
      let highest = machine.known.contains(zone) ? zone : .normal
      allowed = allowed.filter { $0 <= highest }
    }
    if mask.contains(.dma) { limit(to: .dma) }
    if mask.contains(.dma32) { limit(to: .dma32) }
    if mask.contains(.highMem) { limit(to: mask.contains(.movable) ? .movable : .highMem) }
    if limits == 0 { limit(to: .normal) }
    return limits > 1 ? nil : allowed.intersection(machine.populated).sorted(by: >)
  }

  func watermark(for mask: GFPMask, min: Int) -> Int {
    switch (mask.contains(.high), mask.contains(.memAlloc), mask.contains(.noMemAlloc)) {
    case (_, true, false): 0
    case (false, _, _): min
    case (true, _, true): (min + 1) / 2
    case (true, false, false): maySleep(mask) ? (min + 1) / 2 : ((min + 1) / 2 * 3 + 3) / 4
    }
  }

  func flags(for situation: GFPSituation) -> GFPMask {
    let canWait = situation.context == .process || situation.context == .mutex
    let type: GFPType =
      if canWait {
        [.ordinary: .kernel, .fileSystem: .noFS, .blockIO: .noIO][situation.code]!
      } else {
        situation.canDoWithout ? .noWait : .atomic
      }
    let places: [GFPSituation.Memory: GFPMask] = [
      .device16M: .dma, .device4G: .dma32, .userPage: [.highMem, .movable, .hardwall],
    ]
    return mask(of: type).union(places[situation.memory] ?? [])
  }

  /// Where in a text the reader is.
  private enum State {
    /// At the start of a part.
    case start
    /// Within a name; these entries still fit the first `count` bytes.
    case name(candidates: [Int], count: Int)
    /// Behind a 0 that starts a part.
    case zero
    /// Within a number of `count` digits.
    case number(UInt32, count: Int)
  }

  func parse(_ text: String) throws(BadGFPText) -> GFPMask {
    if Array(text.utf8) == Array("none".utf8) { return [] }
    var union: GFPMask = []
    var state = State.start
    for byte in Array(text.utf8) + [UInt8(ascii: "|")] {
      switch (state, byte) {
      case (.number(let value, 1...8), UInt8(ascii: "|")):
        union.insert(GFPMask(rawValue: value))
        state = .start
      case (.name(let candidates, let count), UInt8(ascii: "|")):
        guard let entry = candidates.first(where: { entries[$0].name.count == count }) else {
          throw .unknownName(text)
        }
        union.formUnion(entries[entry].bits)
        state = .start
      case (.start, UInt8(ascii: "0")): state = .zero
      case (.zero, UInt8(ascii: "x")): state = .number(0, count: 0)
      case (.number(let value, 0..<8), UInt8(ascii: "0")...UInt8(ascii: "9")):
        state = .number(value << 4 | UInt32(byte - 48), count: count(state) + 1)
      case (.number(let value, 0..<8), UInt8(ascii: "a")...UInt8(ascii: "f")):
        state = .number(value << 4 | UInt32(byte - 87), count: count(state) + 1)
      case (.start, _): state = try narrow(Array(entries.indices), 0, byte, text)
      case (.name(let candidates, let count), _):
        state = try narrow(candidates, count, byte, text)
      case (.zero, _), (.number, _): throw .badNumber(text)
      }
    }
    return union
  }

  private func count(_ state: State) -> Int {
    if case .number(_, let count) = state { count } else { 0 }
  }

  private func narrow(
    _ candidates: [Int], _ count: Int, _ byte: UInt8, _ text: String
  ) throws(BadGFPText) -> State {
    let fitting = candidates.filter {
      entries[$0].name.count > count && entries[$0].name[count] == byte
    }
    guard !fitting.isEmpty else { throw .unknownName(text) }
    return .name(candidates: fitting, count: count + 1)
  }

  func text(of mask: GFPMask) -> String {
    if let text = remembered[mask] { return text }
    var bytes: [UInt8] = []
    var rest = mask
    for entry in entries where entry.bits.isSubset(of: rest) {
      rest.subtract(entry.bits)
      if !bytes.isEmpty { bytes.append(UInt8(ascii: "|")) }
      bytes += entry.name
    }
    if !rest.isEmpty {
      bytes += (bytes.isEmpty ? "0x" : "|0x").utf8
      bytes += String(rest.rawValue, radix: 16).utf8
    }
    let text = bytes.isEmpty ? "none" : String(decoding: bytes, as: UTF8.self)
    remembered[mask] = text
    return text
  }
}
