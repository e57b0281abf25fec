import AllocationTrace
import LabBench
import PropertyTesting

extension Lab {
  /// Which share of the reserves a request may use.
  static let gfpReserves: [Check] = [
    .gfp(
      "reserve-share", "Urgent requests may use a share of the reserve",
      rule: """
        With high, min − min/2 pages must stay free, and of those a quarter less, m − m/4, if the \
        request may not sleep. Without high all of min must, sleeping or not.
        """,
      kind: .property, points: 6, lesson: "reserves",
      hints: [
        "GFP_NOWAIT and GFP_ATOMIC both cannot wait: which single bit separates them here?",
        """
        Take away, rather than scale: first min/2 rounded down, then a quarter of what is left, \
        again rounded down, so that odd watermarks come out as Linux has them.
        """,
        """
        var m = min; if the mask has high { m -= m / 2; and if it has no directReclaim { m -= m / \
        4 } }; no other bit among reclaim, io and fs changes m.
        """,
      ],
      calls: { calls },
      generate: drawn
    ) { call in
      isMarked(call) ? nil : watermark(call)
    },
    .gfp(
      "reserve-memalloc", "memAlloc opens the whole reserve, noMemAlloc closes it",
      rule: """
        memAlloc alone leaves nothing to keep: 0. noMemAlloc cancels it, and also the extra \
        quarter of requests that may not sleep; half of the reserve stays open to high.
        """,
      kind: .property, points: 4, lesson: "reserves",
      hints: [
        "When both memAlloc and noMemAlloc are set, which of them is a promise to others?",
        """
        Ask for noMemAlloc first of all; it decides whether memAlloc counts and whether the \
        quarter is granted.
        """,
        """
        if memAlloc and not noMemAlloc, return 0; then halve for high; the further quarter needs three \
        things: high, no directReclaim, no noMemAlloc.
        """,
      ],
      calls: { calls },
      generate: drawn
    ) { call in
      isMarked(call) ? watermark(call) : nil
    },
  ]

  /// Whether the mask holds memAlloc or noMemAlloc: those are the affair of a rule of their own.
  private static func isMarked(_ call: GFPCall) -> Bool {
    call.mask & (GFPModel.memAlloc | GFPModel.noMemAlloc) != 0
  }

  /// The masks that this question is about with every watermark; a few watermarks with each other bit beside them, and with the
  /// masks that every question is tried on.
  private static var calls: [GFPCall] {
    let deciding = [GFPModel.high, GFPModel.direct, GFPModel.memAlloc, GFPModel.noMemAlloc]
    let masks = GFPMasks.subsets(of: deciding)
    let others = GFPMasks.everyBit.filter { !deciding.contains($0) }
    return (masks + GFPMasks.types).flatMap { mask in
      GFPMasks.watermarks.map { GFPCall.watermark(mask, min: $0) }
    }
      + (masks.flatMap { mask in others.map { mask | $0 } } + GFPMasks.forBehaviour).flatMap {
        mask in [0, 7, 8].map { GFPCall.watermark(mask, min: $0) }
      }
  }

  /// A mask with a watermark of any length.
  @Sendable private static func drawn(_ choices: Choices) throws -> [GFPCall] {
    let min = try choices.draw(0...1 << (try choices.draw(0...30)))
    return try GFPMasks.draw(choices).map { .watermark($0, min: min) }
  }

  private static func watermark(_ call: GFPCall) -> GFPQuestion? {
    guard case .watermark(let mask, let min) = call else { return nil }
    let isHigh = mask & GFPModel.high != 0
    let isClosed = mask & GFPModel.noMemAlloc != 0
    let reason =
      if mask & GFPModel.memAlloc != 0, !isClosed {
        "__GFP_MEMALLOC may take everything"
      } else if !isHigh {
        "without __GFP_HIGH the reserve is for others"
      } else if mask & GFPModel.direct != 0 {
        "min − min/2, and a request that may sleep gets no more"
      } else if isClosed {
        "min − min/2, and __GFP_NOMEMALLOC refuses more"
      } else {
        "m = min − min/2, and m − m/4 for a request that may not sleep"
      }
    return GFPQuestion(
      call, is: .number(GFPModel.watermark(mask, min: min)), because: reason)
  }
}
