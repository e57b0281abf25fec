import AllocationTrace
import LabBench
import PropertyTesting

extension Lab {
  /// Masks as the kernel prints them, and back.
  static let gfpText: [Check] = [
    .gfp(
      "print-names", "Names are printed greedily, in the kernel's order",
      rule: """
        Each of the 35 names is tried once, in the kernel's order; one whose bits are all still \
        there is printed, and its bits are taken away. A bar separates the names.
        """,
      kind: .property, points: 5, lesson: "text",
      hints: [
        "Once GFP_KERNEL is on the paper, which bits of the mask still wait to be said?",
        """
        Keep the unsaid bits in a variable; the order of names is GFPMask.printingOrder, with \
        HIGHMEM between two types.
        """,
        """
        var rest = mask; for each name, if rest contains all of its bits, append the name and \
        subtract the bits from rest; join with a bar at the end.
        """,
      ],
      questions: {
        let pairs = GFPModel.names.flatMap { first in
          GFPModel.names.map { first.bits | $0.bits }
        }
        return (GFPMasks.types + GFPModel.names.map(\.bits) + pairs).map(printing)
      },
      generate: { choices in
        let mask = try GFPMasks.draw(choices, among: GFPMasks.namedBits)
        try choices.assume(mask != 0)
        return printing(mask)
      }),
    .gfp(
      "print-leftover", "Bits without a name become one number at the end",
      rule: """
        Bits that no name took are printed last, together, as 0x and lower-case digits; the empty \
        mask is none; a mask whose bits all have names shows no number.
        """,
      kind: .example, points: 3, lesson: "text",
      hints: [
        "Which bits can still be left when the last of the 35 names has been tried?",
        """
        Bit 9 and those from 24 on are in no table: 0x1000000 is a control bit of the slab \
        allocator here.
        """,
        """
        After the names, if bits remain, append "0x" and String(bits, radix: 16); an empty list \
        of parts becomes none, never an empty text.
        """,
      ],
      questions: {
        let unnamed = GFPMasks.everyBit.filter { GFPModel.named & $0 == 0 }
        let masks =
          [0] + unnamed + [0xff00_0200, 0xab00_0000, 0x100_0200]
          + unnamed.map { $0 | GFPModel.bits("__GFP_ZERO") }
          + unnamed.map { $0 | GFPModel.bits("GFP_KERNEL") } + GFPModel.names.map(\.bits)
        return masks.map(leftover)
      }),
    .gfp(
      "parse-names", "A text is the union of its names",
      rule: """
        Each of the 35 names is understood, and several, with a bar between, mean all of their \
        bits together, in any order, repeated or overlapping.
        """,
      kind: .property, points: 4, lesson: "text",
      hints: [
        "What does it change when a flag is set a second time?",
        """
        Cut the text at the bars and look up each piece; types are names as well, not only \
        modifiers.
        """,
        """
        Fold: start with the empty mask and form the union with mask(of: type) or the modifier's \
        bits for every part, whatever came before it.
        """,
      ],
      questions: {
        let names = GFPModel.names.map(\.name)
        return (["GFP_KERNEL"] + names).map(parsing)
          + names.flatMap { name in
            ["GFP_KERNEL", "__GFP_ZERO"].flatMap { ["\($0)|\(name)", "\(name)|\($0)"] }
          }.map(parsing)
      },
      generate: { choices in
        var parts = [try choices.element(of: GFPModel.names).name]
        try choices.commands(average: 3, max: 12) {
          parts.append(try choices.element(of: GFPModel.names).name)
        }
        return parsing(parts.joined(separator: "|"))
      }),
    .gfp(
      "parse-numbers", "A number is 0x and one to eight digits",
      rule: """
        0x with one to eight digits 0–9, a–f stands for those bits; no digits, more than eight, \
        capitals, a sign or a missing 0x are refused.
        """,
      kind: .fault, points: 3, lesson: "text",
      hints: [
        "How many digits fit a mask of 32 bits?",
        """
        Look at the characters yourself before you convert: UInt32(_:radix:) also takes a sign and \
        capitals.
        """,
        """
        Require the prefix 0x, a count of 1...8 for the rest and each of its characters among \
        "0123456789abcdef"; then convert with radix 16.
        """,
      ],
      questions: {
        [
          "0x200", "0x1000000", "0x1", "0x0", "0xcc0", "0xffffffff", "0xabcdef", "0x00000001",
          "0x12345678", "0x1|0x200", "GFP_KERNEL|0x200", "0x200|GFP_KERNEL|0x1", "0x", "0xg",
          "0x1g", "0x123456789", "0x000000001", "0xFF", "0xaB", "0X1",
          "0x+1", "0x-1", "+0x1", "0x 1", "0x1 ", "0x1_0", "1", "200", "cc0", "x200", "0b1", "00x1",
        ].map(parsing)
      },
      generate: { choices in
        var text = try choices.bool() ? "0x" : "0x0"
        try choices.commands(average: 5, max: 9) {
          text.append(try choices.element(of: Array("0123456789abcdefABFgx+-_ ")))
        }
        return parsing(text)
      }),
    .gfp(
      "parse-malformed", "What the kernel does not write is refused",
      rule: """
        An empty text or part, white space, another spelling, another separator, or none beside \
        other parts is refused; a well-formed text is not.
        """,
      kind: .fault, points: 4, lesson: "text",
      hints: [
        "Whose mistake goes unnoticed when a misspelt flag simply counts as no flag?",
        """
        Swift's split drops empty pieces unless it is told to keep them, and equality knows no \
        prefix or capitals.
        """,
        """
        Keep empty subsequences when splitting; throw for a part that is empty or is no name; \
        take none only if it is the whole text.
        """,
      ],
      questions: {
        [
          "GFP_KERNEL", "GFP_KERNEL|__GFP_ZERO", "", "|", "GFP_KERNEL|", "|GFP_KERNEL",
          "GFP_KERNEL||__GFP_ZERO", "gfp_kernel", "Gfp_Kernel", "GFP_KERN", "GFP_KERNELS",
          "GFP_KERNEL_", "GFP_", "KERNEL", "GFP_ZERO", "__GFP_KERNEL", "__GFP_DMA", "__GFP_DMA32",
          "GFP_HIGHMEM", "GFP_HIGH", "__GFP_NOLOCKDEP", "__GFP_ATOMIC", "GFP_KERNEL,__GFP_ZERO",
          "GFP_KERNEL __GFP_ZERO", "GFP_KERNEL + __GFP_ZERO", "GFP_KERNEL | __GFP_ZERO",
          "GFP_KERNEL|~__GFP_IO", " GFP_KERNEL", "GFP_KERNEL ", "GFP_KERNEL\n", "\tGFP_KERNEL",
          "none|GFP_KERNEL", "GFP_KERNEL|none", "none|none", "None", "NONE", " none", "nothing",
        ].map(wellFormed)
      },
      generate: { choices in
        var text = try choices.element(of: GFPModel.names).name
        try choices.commands(average: 1, max: 2) {
          text += "|" + (try choices.element(of: GFPModel.names).name)
        }
        var characters = Array(text)
        let index = try choices.draw(0...characters.count - 1)
        let others = Array("|_ ,GFPgk\n")
        switch try choices.weighted([3, 1, 1, 1]) {
        case 0: characters.remove(at: index)
        case 1: characters.insert(try choices.element(of: others), at: index)
        case 2: characters[index] = try choices.element(of: others)
        default: break
        }
        return wellFormed(String(characters))
      }),
    roundTrip,
    .gfp(
      "recordings", "Every combination that a real kernel printed",
      rule: """
        The 94 combinations of flags in seven recordings of Linux 6.12, none among them, are \
        understood, and printed again byte for byte.
        """,
      kind: .example, points: 3, lesson: "text",
      hints: [
        "The recordings hold none ten times: which mask is that?",
        "Seven names in one text is the most a kernel was heard to say; do you stop earlier?",
        """
        Nothing new to write: when print and parse keep their own rules, make none a text of its \
        own.
        """,
      ],
      questions: {
        GFPRecordings.counted.flatMap { text, count in
          let mask = GFPModel.mask(text)!
          let reason = "recorded \(count == 1 ? "once" : "\(Words.grouped(count)) times")"
          return [
            GFPQuestion(
              GFPFlagsOperation.parse(text), is: .number(Int(mask)), because: reason),
            GFPQuestion(
              GFPFlagsOperation.ask(.print, mask), is: .text(text), because: reason),
          ]
        }
      }),
  ]

  private static func printing(_ mask: UInt32) -> GFPQuestion {
    GFPQuestion(GFPFlagsOperation.ask(.print, mask), is: .text(GFPModel.text(mask)))
  }

  /// Judges how the text ends: with the number of the bits that have no name, or without a number.
  private static func leftover(_ mask: UInt32) -> GFPQuestion {
    let operation = GFPFlagsOperation.ask(.print, mask)
    let unnamed = mask & ~GFPModel.named
    return GFPQuestion(operation) { outcome in
      let found = GFPWords.answer(outcome, to: operation)
      guard case .text(let text) = outcome else {
        return GFPQuestion.Complaint(expected: "a text", found: found)
      }
      let last = text.split(separator: "|", omittingEmptySubsequences: false).last ?? ""
      if mask == 0 {
        return text == "none" ? nil : GFPQuestion.Complaint(expected: "\"none\"", found: found)
      }
      if unnamed != 0 {
        return last == GFPHex.text(unnamed)
          ? nil
          : GFPQuestion.Complaint(
            expected: "\(GFPHex.text(unnamed)) at the end: no name has these bits", found: found)
      }
      return text.isEmpty || text == "none" || last.hasPrefix("0x")
        ? GFPQuestion.Complaint(expected: "names alone: every bit has one", found: found) : nil
    }
  }

  /// A text that is to be understood as its mask, or to be refused.
  private static func parsing(_ text: String) -> GFPQuestion {
    let operation = GFPFlagsOperation.parse(text)
    if let mask = GFPModel.mask(text) { return GFPQuestion(operation, mask: mask) }
    return refusal(operation)
  }

  /// A text that is to be refused, or to be understood in any way: what it means is judged
  /// elsewhere.
  private static func wellFormed(_ text: String) -> GFPQuestion {
    let operation = GFPFlagsOperation.parse(text)
    guard GFPModel.mask(text) != nil else { return refusal(operation) }
    return GFPQuestion(operation) { outcome in
      if case .number = outcome { return nil }
      return GFPQuestion.Complaint(
        expected: "a mask: the kernel writes this",
        found: GFPWords.answer(outcome, to: operation))
    }
  }

  private static func refusal(_ operation: TraceOperation) -> GFPQuestion {
    GFPQuestion(operation) { outcome in
      if case .refused = outcome { return nil }
      return GFPQuestion.Complaint(
        expected: "refused: the kernel never writes this",
        found: GFPWords.answer(outcome, to: operation))
    }
  }
}
