import AllocationTrace
import LabBench
import PropertyTesting

extension Lab {
  /// What the allocator may do on behalf of the request.
  static let gfpBehaviour: [Check] = [
    .gfp(
      "sleeping", "Direct reclaim alone decides whether a request may sleep",
      rule: "A request may sleep exactly when directReclaim is set, whatever else its mask holds.",
      kind: .exhaustive, points: 7, lesson: "sleeping",
      hints: [
        "Who waits when kswapd is woken: the caller, or another thread?",
        """
        GFP_NOIO and GFP_NOFS may sleep too, so comparing with GFP_KERNEL, or asking for all of \
        its bits, is too strict.
        """,
        "One question to the mask is enough: does it contain directReclaim?",
      ],
      calls: { ask(.sleeps) }, generate: { try drawn(.sleeps, $0) }, neighbours: neighbours
    ) { call in
      let expected = call.mask & GFPModel.direct != 0
      return GFPQuestion(
        call, is: .truth(expected),
        because: "__GFP_DIRECT_RECLAIM is \(expected ? "" : "not ")among its bits")
    },
    .gfp(
      "starting-io", "I/O needs io and direct reclaim",
      rule: "A request may start I/O exactly when both io and directReclaim are set.",
      kind: .exhaustive, points: 4, lesson: "recursion",
      hints: [
        "On whose behalf would pages be written out, when the caller does not reclaim at all?",
        "GFP_NOFS may start I/O and GFP_NOIO may not; find the one bit in which those two differ.",
        "Both io and directReclaim have to be contained; fs has no say in it.",
      ],
      calls: { ask(.startsIO) }, generate: { try drawn(.startsIO, $0) }, neighbours: neighbours
    ) { recursion($0, "__GFP_IO") },
    .gfp(
      "entering-fs", "File systems need fs and direct reclaim",
      rule: """
        A request may call into a file system exactly when both fs and directReclaim are set; io \
        makes no difference.
        """,
      kind: .exhaustive, points: 4, lesson: "recursion",
      hints: [
        "Which bit does GFP_NOFS lack, compared with GFP_KERNEL?",
        "Each prohibition has a bit of its own: judge by fs, and leave io to the rule about I/O.",
        "The mask has to be a superset of the pair fs and directReclaim, no more and no less.",
      ],
      calls: { ask(.entersFileSystem) }, generate: { try drawn(.entersFileSystem, $0) },
      neighbours: neighbours
    ) { recursion($0, "__GFP_FS") },
  ]

  private static func ask(_ verb: GFPFlagsVerb) -> [GFPCall] {
    GFPMasks.forBehaviour.map { .mask(verb, $0) }
  }

  private static func drawn(_ verb: GFPFlagsVerb, _ choices: Choices) throws -> [GFPCall] {
    try GFPMasks.draw(choices).map { .mask(verb, $0) }
  }

  /// The three questions of this group about a mask that makes them differ: all three answer true or false, and who keeps what
  /// was answered may mix them up.
  @Sendable private static func neighbours(_ call: GFPCall) -> [GFPCall] {
    let deciding = GFPModel.direct | GFPModel.kswapd | GFPModel.io | GFPModel.fs
    guard call.mask & ~deciding == 0 else { return [] }
    return [.sleeps, .startsIO, .entersFileSystem].map { .mask($0, call.mask) }
  }

  /// A question whose answer is yes exactly when the mask holds the bit called `name` and direct
  /// reclaim.
  private static func recursion(_ call: GFPCall, _ name: String) -> GFPQuestion {
    let hasBit = call.mask & GFPModel.bits(name) != 0
    let hasDirect = call.mask & GFPModel.direct != 0
    let reason =
      switch (hasBit, hasDirect) {
      case (true, true): "it has both \(name) and __GFP_DIRECT_RECLAIM"
      case (true, false): "it lacks __GFP_DIRECT_RECLAIM"
      case (false, true): "it lacks \(name)"
      case (false, false): "it lacks \(name) and __GFP_DIRECT_RECLAIM"
      }
    return GFPQuestion(call, is: .truth(hasBit && hasDirect), because: reason)
  }
}
