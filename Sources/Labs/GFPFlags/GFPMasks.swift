import PropertyTesting

/// Masks to ask about.
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

  /// Every mask made of some of `bits`, those with the fewest bits first.
  static func subsets(of bits: [UInt32]) -> [UInt32] {
    (0..<(1 << bits.count)).map { choice in
      bits.indices.reduce(0) { choice >> $1 & 1 == 1 ? $0 | bits[$1] : $0 }
    }.sorted { ($0.nonzeroBitCount, $0) < ($1.nonzeroBitCount, $1) }
  }

  /// The masks of the recordings.
  static let recorded: [UInt32] = GFPRecordings.combinations.compactMap(GFPModel.mask)

  /// What a question about behaviour is tried on: every type, all combinations of the reclaim bits
  /// and their neighbours, each other bit alone, and what the recordings hold.
  static let forBehaviour: [UInt32] = types + subsets(of: behaviour) + everyBit + recorded

  /// Draws a mask of some of `bits`, types among them; it shrinks towards few bits.
  static func draw(
    _ choices: Choices, among bits: [UInt32] = everyBit, types: [UInt32] = types
  ) throws -> UInt32 {
    var mask: UInt32 = 0
    try choices.commands(average: 4, max: 14) {
      switch try choices.weighted([4, types.isEmpty ? 0 : 1]) {
      case 0: mask |= try choices.element(of: bits)
      default: mask |= try choices.element(of: types)
      }
    }
    return mask
  }
}
