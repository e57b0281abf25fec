import AllocationTrace
import LabBench

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
      questions: {
        let others = GFPMasks.behaviour.filter {
          ![GFPModel.memAlloc, GFPModel.noMemAlloc].contains($0)
        }
        let masks = GFPMasks.types + GFPMasks.subsets(of: others)
        return [8, 1, 2, 3, 5, 0, 659, 1 << 30].flatMap { min in
          masks.filter { $0 & GFPModel.noMemAlloc == 0 }.map { watermark($0, min: min) }
        }
      },
      generate: { choices in
        let hidden = GFPModel.memAlloc | GFPModel.noMemAlloc
        let mask = try GFPMasks.draw(choices) & ~hidden
        return watermark(mask, min: try choices.draw(0...1 << 30))
      }),
    .gfp(
      "reserve-memalloc", "memAlloc opens the whole reserve, noMemAlloc closes it",
      rule: """
        memAlloc alone leaves nothing to keep: 0. noMemAlloc cancels it, and also the extra \
        quarter of requests that may not sleep; half of the reserve stays open to high.
        """,
      kind: .exhaustive, points: 4, lesson: "reserves",
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
      questions: {
        let marks = [GFPModel.memAlloc, GFPModel.noMemAlloc]
        let bits =
          marks + [
            GFPModel.high, GFPModel.direct, GFPModel.kswapd, GFPModel.io, GFPModel.fs,
            GFPModel.bits("__GFP_NOWARN"),
          ]
        let masks = GFPMasks.subsets(of: bits).filter { $0 & (marks[0] | marks[1]) != 0 }
        return [8, 7, 659].flatMap { min in
          (masks + GFPMasks.recorded.filter { $0 & (marks[0] | marks[1]) != 0 })
            .map { watermark($0, min: min) }
        }
      }),
  ]

  private static func watermark(_ mask: UInt32, min: Int) -> GFPQuestion {
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
      GFPFlagsOperation.watermark(for: mask, min: min),
      is: .number(GFPModel.watermark(mask, min: min)), because: reason)
  }
}
