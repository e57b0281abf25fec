import AllocationTrace
import LabBench
import LabKit

extension Lab {
  /// The right flags for a situation. Many masks are right: each check looks at its own bits.
  static let gfpSituations: [Check] = [
    .gfp(
      "situation-sleep", "Nobody sleeps where sleeping is forbidden",
      rule: """
        directReclaim is set exactly where the context may sleep: in a process, also with a mutex \
        held, but not under a spinlock, in a bottom half or in an interrupt handler. \
        kswapdReclaim is always set.
        """,
      kind: .exhaustive, points: 6, lesson: "situations",
      hints: [
        "What happens to the processors that spin on a lock while its holder sleeps?",
        """
        A mutex puts its waiters to sleep and a spinlock keeps them running: only one of them \
        forbids to sleep.
        """,
        """
        mask = kswapdReclaim in all five contexts; for process and mutex insert directReclaim. \
        Needing the memory badly is no reason to sleep.
        """,
      ],
      calls: { situations },
      rule: {
        judge($0) { situation, mask in
          if mask & GFPModel.kswapd == 0 {
            return ("__GFP_KSWAPD_RECLAIM: waking kswapd makes nobody wait", without(mask))
          }
          let sleeps = mask & GFPModel.direct != 0
          guard sleeps != GFPModel.mayWait(situation) else { return nil }
          return sleeps
            ? ("flags that may not sleep", "may sleep: \(GFPWords.mask(mask))")
            : (
              "flags that may sleep: waiting is allowed, and failing early is not needed",
              "may not sleep: \(GFPWords.mask(mask))"
            )
        }
      }),
    .gfp(
      "situation-recursion", "Reclaim never comes back to the code that asks",
      rule: """
        Where the context may sleep, file system code asks without fs, block I/O code without io \
        and fs, and ordinary code with both.
        """,
      kind: .exhaustive, points: 4, lesson: "situations",
      hints: [
        """
        Suppose reclaim writes a page through the file system whose lock the caller holds: who \
        waits for whom?
        """,
        """
        GFP_NOFS and GFP_NOIO exist for two of the three kinds of code; forbidding more than \
        needed starves reclaim.
        """,
        """
        Start from io and fs for contexts that may sleep; remove fs for file-system, remove both \
        for block-io, whatever the memory is for.
        """,
      ],
      calls: { situations },
      rule: {
        judge($0) { situation, mask in
          guard GFPModel.mayWait(situation) else { return nil }
          let both = GFPModel.io | GFPModel.fs
          let expected =
            switch situation.code {
            case .ordinary: both
            case .fileSystem: GFPModel.io
            case .blockIO: 0 as UInt32
            }
          if mask & both == expected { return nil }
          return (
            "of __GFP_IO and __GFP_FS: \(both == expected ? "both" : GFPWords.bits(expected))",
            "\(GFPWords.bits(mask & both)), in \(GFPWords.mask(mask))"
          )
        }
      }),
    .gfp(
      "situation-reserve", "The reserve is for those who can neither wait nor go on",
      rule: """
        high is set exactly where the context may not sleep and the caller cannot do without the \
        memory; memAlloc and noFail never.
        """,
      kind: .exhaustive, points: 4, lesson: "situations",
      hints: [
        "Who pays when a request that could have been tried again later takes the last free pages?",
        """
        This is the choice between GFP_NOWAIT and GFP_ATOMIC; a sleeper has the choice already \
        made.
        """,
        "Insert high if the context cannot wait and canDoWithout is false, and in no other case.",
      ],
      calls: { situations },
      rule: {
        judge($0) { situation, mask in
          let forbidden = mask & (GFPModel.memAlloc | GFPModel.noFail)
          if forbidden != 0 { return ("no \(GFPWords.bits(forbidden))", GFPWords.mask(mask)) }
          let isUrgent = !GFPModel.mayWait(situation) && !situation.canDoWithout
          guard (mask & GFPModel.high != 0) != isUrgent else { return nil }
          return (
            isUrgent ? "__GFP_HIGH: it can neither wait nor go on" : "no __GFP_HIGH",
            GFPWords.mask(mask)
          )
        }
      }),
    .gfp(
      "situation-zone", "Memory comes from where it can be used",
      rule: """
        Kernel data asks for no zone, a device for dma or dma32 alone, a user's page for highMem \
        and movable; hardwall is set exactly for a user's page.
        """,
      kind: .exhaustive, points: 4, lesson: "situations",
      hints: [
        """
        Who must be able to reach these bytes: the kernel, a device, or a process through its page \
        table?
        """,
        """
        Look at GFP_HIGHUSER_MOVABLE to see the three bits in which a user's page differs from \
        kernel data.
        """,
        """
        Each of the four kinds of memory adds a fixed set: nothing, dma, dma32, or highMem with \
        movable and hardwall; the context does not matter here.
        """,
      ],
      calls: { situations },
      rule: {
        judge($0) { situation, mask in
          let zoneBits = GFPModel.dma | GFPModel.highMem | GFPModel.dma32 | GFPModel.movable
          let expected =
            switch situation.memory {
            case .kernel: 0 as UInt32
            case .device16M: GFPModel.dma
            case .device4G: GFPModel.dma32
            case .userPage: GFPModel.userPage
            }
          let found = mask & (zoneBits | GFPModel.hardwall)
          if found == expected { return nil }
          return (
            "of the zone modifiers and __GFP_HARDWALL: \(GFPWords.bits(expected))",
            "\(GFPWords.bits(found)), in \(GFPWords.mask(mask))"
          )
        }
      }),
  ]

  private static var situations: [GFPCall] { GFPSituation.all.map { .flags($0) } }

  /// A question about a situation, judged by the mask that is returned.
  private static func judge(
    _ call: GFPCall,
    _ judge: @escaping @Sendable (GFPSituation, UInt32) -> (expected: String, found: String)?
  ) -> GFPQuestion? {
    guard case .flags(let situation) = call else { return nil }
    return GFPQuestion(call) { outcome in
      guard case .number(let number) = outcome, let mask = UInt32(exactly: number) else {
        return GFPQuestion.Complaint(
          expected: "a mask", found: GFPWords.answer(outcome, to: call.operation))
      }
      return judge(situation, mask).map {
        GFPQuestion.Complaint(expected: $0.expected, found: $0.found)
      }
    }
  }

  private static func without(_ mask: UInt32) -> String { "missing in \(GFPWords.mask(mask))" }
}
