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
      calls: { GFPModel.types.map { .type($0.name) } }
    ) { call in
      guard case .type(let name) = call else { return nil }
      return GFPQuestion(call, mask: GFPModel.bits(name))
    },
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
      calls: { GFPMasks.common.flatMap(groups) },
      generate: { try GFPMasks.draw($0).flatMap(groups) }
    ) { call in
      switch call {
      case .mask(.zoneModifiers, let mask): GFPQuestion(call, mask: mask & 0xf)
      case .mask(.actionModifiers, let mask): GFPQuestion(call, mask: mask & ~0xf)
      default: nil
      }
    },
    .gfp(
      "base-type", "A mask names the type it is built on",
      rule: """
        The base type is the first in the kernel's order whose bits are all in the mask; when \
        there is no such type, nil is returned.
        """,
      kind: .property, points: 4, lesson: "base-type",
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
      calls: {
        let pairs = GFPMasks.types.flatMap { first in GFPMasks.types.map { first | $0 } }
        return (GFPMasks.common + pairs).map { .mask(.baseType, $0) }
      },
      generate: { try GFPMasks.draw($0).map { .mask(.baseType, $0) } }
    ) { call in
      let type = GFPModel.types.first { call.mask & $0.bits == $0.bits }
      return GFPQuestion(
        call, is: type.map { .text($0.name) } ?? Outcome.none,
        because: type.map { "it has all of \(GFPWords.bits($0.bits))" }
          ?? "it has all bits of no type")
    },
  ]

  private static func groups(_ mask: UInt32) -> [GFPCall] {
    [.mask(.zoneModifiers, mask), .mask(.actionModifiers, mask)]
  }
}
