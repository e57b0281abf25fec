import AllocationTrace
import LabBench

extension Lab {
  /// Compose masks and take them apart.
  static let gfpComposing: [Check] = [
    .gfp(
      "types", "Types stand for their bits",
      rule: "Each type, such as GFP_KERNEL, is exactly the set of modifiers that the table gives.",
      kind: .exhaustive, points: 6, lesson: "types",
      hints: [
        "A type is nothing but a name for several modifiers that are often wanted together.",
        "Build the larger types from the smaller: GFP_USER is GFP_KERNEL and one bit more.",
        """
        Switch over the type. For GFP_TRANSHUGE_LIGHT start from GFP_HIGHUSER_MOVABLE, put in \
        comp, noMemAlloc and noWarn, and subtract both reclaim bits; GFP_TRANSHUGE then gives one \
        of the two back.
        """,
      ],
      questions: {
        GFPMasks.types.map { bits in
          let name = GFPModel.types.first { $0.bits == bits }!.name
          return GFPQuestion(GFPFlagsOperation.value(of: name), mask: bits)
        }
      }),
    .gfp(
      "groups", "Where and how are told apart",
      rule: """
        The zone modifiers are dma, highMem, dma32 and movable; every other bit is an action \
        modifier, named or not.
        """,
      kind: .property, points: 4, lesson: "three-groups",
      hints: [
        "Which bits speak of a place, and which of a manner?",
        """
        The zone modifiers are the four lowest bits; what remains when they are taken away is the \
        other group.
        """,
        """
        Intersect with the set of the four for the one half, and subtract that same set for the \
        other; nothing may be lost, so do not list the action bits.
        """,
      ],
      questions: {
        let masks = [0] + GFPMasks.everyBit + GFPMasks.types + GFPMasks.recorded
        return masks.flatMap { [zoneModifiers($0), actionModifiers($0)] }
      },
      generate: { choices in
        let mask = try GFPMasks.draw(choices)
        return try choices.bool() ? actionModifiers(mask) : zoneModifiers(mask)
      }),
    .gfp(
      "base-type", "A mask names the type it is built on",
      rule: """
        The base type is the first in the kernel's order whose bits are all in the mask; when \
        there is no such type, the answer is nil.
        """,
      kind: .property, points: 4, lesson: "three-groups",
      hints: [
        "When GFP_NOFS is part of GFP_KERNEL, which of them should a full mask be called?",
        """
        The order of GFPType.allCases puts what contains more before what it contains: the first \
        fit wins.
        """,
        """
        Return the first case for which the mask is a superset of the case's bits. A single \
        shared bit is not enough, and further bits in the mask do no harm.
        """,
      ],
      questions: {
        let masks =
          GFPMasks.types + [0] + GFPMasks.everyBit
          + GFPMasks.types.flatMap { type in
            GFPMasks.namedBits.flatMap { [type | $0, type & ~$0] }
          } + GFPMasks.recorded
        return masks.map(baseType)
      },
      generate: { baseType(try GFPMasks.draw($0)) }),
  ]

  private static func zoneModifiers(_ mask: UInt32) -> GFPQuestion {
    GFPQuestion(GFPFlagsOperation.ask(.zoneModifiers, mask), mask: mask & 0xf)
  }

  private static func actionModifiers(_ mask: UInt32) -> GFPQuestion {
    GFPQuestion(GFPFlagsOperation.ask(.actionModifiers, mask), mask: mask & ~0xf)
  }

  private static func baseType(_ mask: UInt32) -> GFPQuestion {
    let type = GFPModel.types.first { mask & $0.bits == $0.bits }
    return GFPQuestion(
      GFPFlagsOperation.ask(.baseType, mask), is: type.map { .text($0.name) } ?? Outcome.none,
      because: type.map { "it has all of \(GFPWords.bits($0.bits))" }
        ?? "it has all bits of no type")
  }
}

extension GFPQuestion {
  /// A question whose answer is right only if it is the mask `bits`; a complaint says which bits
  /// differ.
  init(_ operation: TraceOperation, mask bits: UInt32) {
    self.init(operation) { outcome in
      if outcome == .number(Int(bits)) { return nil }
      let names = GFPWords.bits(bits)
      let expected = names == GFPHex.text(bits) ? names : "\(GFPHex.text(bits)): \(names)"
      guard case .number(let number) = outcome, let found = UInt32(exactly: number) else {
        return Complaint(expected: expected, found: GFPWords.answer(outcome, to: operation))
      }
      return Complaint(expected: expected, found: GFPWords.difference(found, from: bits))
    }
  }
}
