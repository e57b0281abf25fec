import LabKit
import PropertyTesting

/// Masks and watermarks to ask about.
enum GFPMasks {
  /// The types, those met most often first.
  static let types: [UInt32] =
    [
      "GFP_KERNEL", "GFP_ATOMIC", "GFP_NOWAIT", "GFP_NOIO", "GFP_NOFS", "GFP_USER", "GFP_DMA",
      "GFP_DMA32", "GFP_HIGHUSER", "GFP_HIGHUSER_MOVABLE", "GFP_KERNEL_ACCOUNT",
      "GFP_TRANSHUGE_LIGHT", "GFP_TRANSHUGE",
    ].map(GFPModel.bits)

  /// The bits that decide how a request is served, and some of their neighbours.
  static let behaviour: [UInt32] = [
    GFPModel.direct, GFPModel.kswapd, GFPModel.io, GFPModel.fs, GFPModel.high,
    GFPModel.bits("__GFP_NOWARN"), GFPModel.bits("__GFP_NORETRY"), GFPModel.noFail,
    GFPModel.memAlloc, GFPModel.noMemAlloc,
  ]

  /// All 32 bits, with names and without.
  static let everyBit: [UInt32] = (0..<32).map { 1 << $0 }

  /// The bits that have a name, from the lowest.
  static let namedBits: [UInt32] = everyBit.filter { GFPModel.named & $0 != 0 }

  /// The bits without a name: bit 9 and those from 24 up.
  static let unnamedBits: [UInt32] = everyBit.filter { GFPModel.named & $0 == 0 }

  /// Every mask of two bits.
  static let pairs: [UInt32] = everyBit.indices.flatMap { first in
    everyBit.indices.dropFirst(first + 1).map { everyBit[first] | everyBit[$0] }
  }

  /// Each type with one bit put in or taken out, for each of the 32 bits.
  static let aroundTypes: [UInt32] = types.flatMap { type in everyBit.map { type ^ $0 } }

  /// All bits, all but one, and all but a type's.
  static let nearlyAll: [UInt32] = [~0] + everyBit.map { ~$0 } + types.map { ~$0 }

  /// Every mask made of some of `bits`.
  static func subsets(of bits: [UInt32]) -> [UInt32] {
    (0..<(1 << bits.count)).map { choice in
      bits.indices.reduce(0) { choice >> $1 & 1 == 1 ? $0 | bits[$1] : $0 }
    }
  }

  /// The masks of the recordings.
  static let recorded: [UInt32] = GFPRecordings.combinations.compactMap { GFPModel.mask($0) }

  /// What every question about a mask is tried on.
  static let common: [UInt32] =
    [0] + everyBit + pairs + types + aroundTypes + nearlyAll + recorded

  /// What a question about behaviour is tried on: also all combinations of the reclaim bits and their neighbours.
  static let forBehaviour: [UInt32] = common + subsets(of: behaviour)

  /// Min watermarks: small ones, those of the recorded machines (422, 659, 9186, 11238), those beside a power of two, where
  /// narrow numbers overflow, and the largest that the contract allows.
  static let watermarks: [Int] =
    Array(0...33)
    + [422, 659, 9186, 11_238]
    + (6...29).flatMap { [1 << $0 - 1, 1 << $0, 1 << $0 + 1] }
    + [1 << 30 - 1, 1 << 30, 715_827_882, 715_827_883, 858_993_459, 858_993_460]

  /// Where `mask` stands among those of as many bits: types that are met often come first.
  static func rank(_ mask: UInt32) -> Int { types.firstIndex(of: mask) ?? types.count }

  /// Masks with fewer bits than `mask`, or as many and more familiar, that might go wrong in the same way.
  static func smaller(than mask: UInt32) -> [UInt32] {
    let bits = everyBit.filter { mask & $0 != 0 }
    let parts =
      bits.count <= 6 ? subsets(of: bits) : bits.map { mask & ~$0 } + halves(of: bits)
    return [0] + everyBit + types.filter { $0.nonzeroBitCount <= bits.count } + parts
  }

  /// The lower and the upper half of `bits`, and every second one.
  private static func halves(of bits: [UInt32]) -> [UInt32] {
    func mask(_ chosen: some Sequence<UInt32>) -> UInt32 { chosen.reduce(0, |) }
    let odd = bits.indices.filter { $0 % 2 == 1 }.map { bits[$0] }
    return [
      mask(bits.prefix(bits.count / 2)), mask(bits.dropFirst(bits.count / 2)), mask(odd),
      mask(bits) & ~mask(odd),
    ]
  }

  /// Draws a mask of some of `bits`, types among them, and the same mask with one bit changed: what makes no difference must
  /// make none in any company. Half of the masks have few bits, half as many as they lack.
  static func draw(_ choices: Choices, among bits: [UInt32] = everyBit) throws -> [UInt32] {
    var mask: UInt32 = 0
    if try choices.bool() {
      let word = try choices.choice(upTo: UInt64(UInt32.max))
      mask = UInt32(word) & bits.reduce(0, |)
    } else {
      try choices.commands(average: 4, max: 14) {
        mask |= try choices.bool() ? choices.element(of: types) : choices.element(of: bits)
      }
    }
    return [mask, mask ^ (try choices.element(of: bits))]
  }
}
