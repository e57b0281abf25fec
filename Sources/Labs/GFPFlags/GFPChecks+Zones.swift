import AllocationTrace
import LabBench
import LabKit
import PropertyTesting

extension Lab {
  /// Where the memory may come from.
  static let gfpZones: [Check] = [
    .gfp(
      "zone-choice", "The modifiers choose the highest zone",
      rule: """
        The first zone tried is the highest that the zone modifiers allow: DMA, DMA32, HighMem, \
        or Normal without a modifier. What the machine does not know becomes Normal, and an empty \
        zone is passed over.
        """,
      kind: .exhaustive, points: 6, lesson: "zones",
      hints: [
        "A request names the highest zone it can use; on which machines does that zone exist?",
        """
        Two steps: modifiers to a zone, then that zone to one the machine's kernel knows, which \
        is Normal where HighMem or DMA32 was never built in.
        """,
        """
        let wanted = dma ? .dma : dma32 ? .dma32 : highMem ? .highMem : .normal; if the machine's known \
        zones lack it, wanted = .normal; answer begins with the last populated zone that is not \
        above wanted.
        """,
      ],
      calls: { calls }, generate: drawn
    ) {
      judged($0) { mask, machine in
        guard let expected = GFPModel.zones(mask, machine)?.first, expected != .movable else {
          return nil
        }
        return { zones in
          if zones?.first == expected.rawValue || isRefusal(zones, of: mask) { return nil }
          // Who may use the Movable zone is the next rule's affair.
          if machine.populated.contains(.movable), zones?.first == GFPZone.movable.rawValue {
            return nil
          }
          return ("\(name(expected)) first", zones.map(first) ?? "nil")
        }
      }
    },
    .gfp(
      "zone-movable", "The Movable zone needs highMem and movable",
      rule: """
        On a machine with a Movable zone, a request is served from it exactly when both highMem \
        and movable are set, and then it comes first.
        """,
      kind: .exhaustive, points: 4, lesson: "movable",
      hints: [
        "The kernel reaches its own movable data by fixed addresses: may that lie in any zone?",
        """
        One modifier says that the page can be moved, another that its address need not be \
        mapped: the Movable zone asks for the two together.
        """,
        """
        Before you look at highMem alone, test for highMem with movable; in the remaining cases \
        movable is looked at no more.
        """,
      ],
      calls: { calls }, generate: drawn
    ) {
      judged($0) { mask, machine in
        guard machine.populated.contains(.movable), GFPModel.zones(mask, machine) != nil else {
          return nil
        }
        let both = GFPModel.highMem | GFPModel.movable
        let isExpected = mask & both == both
        let movable = GFPZone.movable.rawValue
        return { zones in
          guard let zones else {
            if isExpected { return ("Movable first", "nil") }
            return mask & 0xf == 0 ? ("a list of zones", "nil") : nil
          }
          if isExpected {
            return zones.first == movable ? nil : ("Movable first", GFPWords.zones(zones))
          }
          return zones.contains(movable)
            ? ("not from Movable", GFPWords.zones(zones)) : nil
        }
      }
    },
    .gfp(
      "zone-fallback", "Fallback goes down, through every populated zone",
      rule: """
        After the first zone come all populated zones below it, from high to low, down to DMA: \
        none is left out, none comes twice, and no higher one is ever tried.
        """,
      kind: .exhaustive, points: 5, lesson: "zones",
      hints: [
        "If a request can live with a zone, can it live with the zones below that one, or above?",
        """
        The machine lists its populated zones from low to high, while the fallback list runs the \
        other way.
        """,
        """
        Drop the populated zones above the highest allowed one and reverse what is left; an empty \
        zone never appears, because it is not populated.
        """,
      ],
      calls: { calls }, generate: drawn
    ) {
      judged($0) { mask, machine in
        guard GFPModel.zones(mask, machine) != nil else { return nil }
        let ladder = machine.populated.map(\.rawValue)
        return { zones in
          guard let zones else {
            return isRefusal(nil, of: mask) ? nil : ("a list of zones", "nil")
          }
          guard let first = zones.first else { return ("a list of zones", "no zones") }
          if mask & GFPModel.dma != 0, zones.contains(where: { $0 > GFPZone.dma.rawValue }) {
            return ("no zone above DMA", GFPWords.zones(zones))
          }
          let expected = Array(ladder.filter { $0 <= first }.reversed())
          if zones != expected, ladder.contains(first) {
            return (GFPWords.zones(expected), GFPWords.zones(zones))
          }
          if zones.count < 2, mask & (GFPModel.dma | GFPModel.dma32) == 0 {
            return ("a zone to fall back to", GFPWords.zones(zones))
          }
          return ladder.contains(first)
            ? nil : ("populated zones only", GFPWords.zones(zones))
        }
      }
    },
    .gfp(
      "zone-refusal", "Contradicting zone modifiers are refused",
      rule: """
        For a mask with more than one of dma, highMem and dma32 nil is returned, on every machine; \
        for any other mask a list.
        """,
      kind: .fault, points: 4, lesson: "zones",
      hints: [
        "Can memory lie below 16 MiB and above 896 MiB at once?",
        """
        Of three modifiers at most one may be set; movable is not one of the three, so masks such \
        as dma with movable are good.
        """,
        "Count how many of dma, highMem and dma32 the mask contains: two or three mean nil.",
      ],
      calls: { calls }, generate: drawn
    ) {
      judged($0) { mask, machine in
        let isBad = GFPModel.zones(mask, machine) == nil
        let chosen = mask & (GFPModel.dma | GFPModel.highMem | GFPModel.dma32)
        return { zones in
          if isBad == (zones == nil) { return nil }
          return isBad
            ? (
              "nil: \(GFPWords.bits(chosen)) contradict each other",
              GFPWords.zones(zones ?? [])
            ) : ("a list of zones", "nil")
        }
      }
    },
  ]

  /// How a list of zones, or a refusal, is judged: nil, or what was expected and what was found.
  private typealias Judge = @Sendable ([Int]?) -> (expected: String, found: String)?

  /// Every zone mask on every machine, alone, with each other bit, and within the masks that every question is tried on.
  private static var calls: [GFPCall] {
    let others = [0] + GFPMasks.everyBit.dropFirst(4)
    let masks =
      GFPMasks.subsets(of: [1, 2, 4, 8]).flatMap { zoneMask in
        (others + others.map { ~$0 } + GFPMasks.types).map { $0 & ~0xf | zoneMask }
      } + GFPMasks.aroundTypes + GFPMasks.recorded
    return masks.flatMap { mask in GFPMachine.all.map { .zones(mask, $0) } }
  }

  @Sendable private static func drawn(_ choices: Choices) throws -> [GFPCall] {
    let machine = try choices.element(of: GFPMachine.all)
    return try GFPMasks.draw(choices).map { .zones($0, machine) }
  }

  /// A question about zones; `rule` returns nil where it does not speak of the mask on the machine.
  private static func judged(
    _ call: GFPCall, _ rule: (UInt32, GFPMachine) -> Judge?
  ) -> GFPQuestion? {
    guard case .zones(let mask, let machine) = call, let judge = rule(mask, machine) else {
      return nil
    }
    return GFPQuestion(call) { outcome in
      let operation = call.operation
      let complaint: (expected: String, found: String)?
      switch outcome {
      case .numbers(let zones): complaint = judge(zones)
      case .none: complaint = judge(nil)
      default: complaint = ("a list of zones", GFPWords.answer(outcome, to: operation))
      }
      return complaint.map {
        GFPQuestion.Complaint(
          expected: $0.expected, found: GFPWords.finding($0.found, to: operation))
      }
    }
  }

  /// Whether `zones` refuses a mask with movable, or one that contradicts itself: the refusal
  /// rule's affair.
  private static func isRefusal(_ zones: [Int]?, of mask: UInt32) -> Bool {
    zones == nil && (mask & GFPModel.movable != 0 || (mask & 0xf).nonzeroBitCount > 1)
  }

  private static func name(_ zone: GFPZone) -> String { GFPWords.zone(zone.rawValue) }

  private static func first(_ zones: [Int]) -> String {
    zones.first.map { "\(GFPWords.zone($0)) first" } ?? "no zones"
  }
}
