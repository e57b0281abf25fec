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
      kind: .property, points: 5, lesson: "print",
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
      calls: {
        let pairs = GFPModel.names.flatMap { first in
          GFPModel.names.map { first.bits | $0.bits }
        }
        return (GFPMasks.common + pairs + [GFPModel.named]).map { .mask(.print, $0) }
      },
      generate: {
        try (GFPMasks.draw($0, among: GFPMasks.namedBits) + GFPMasks.draw($0))
          .map { .mask(.print, $0) }
      },
      rule: names
    ),
    .gfp(
      "print-leftover", "Bits without a name become one number at the end",
      rule: """
        Bits that no name took are printed last, together, as 0x and lower-case digits; the empty \
        mask is none; a mask whose bits all have names shows no number.
        """,
      kind: .property, points: 3, lesson: "print",
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
      calls: {
        let masks =
          GFPMasks.subsets(of: GFPMasks.unnamedBits)
          + GFPMasks.namedBits.flatMap { bit in
            ([0xff00_0200] + GFPMasks.unnamedBits).map { bit | $0 }
          } + GFPModel.names.map(\.bits) + GFPMasks.common
        return masks.map { .mask(.print, $0) }
      },
      generate: { try GFPMasks.draw($0).map { .mask(.print, $0) } },
      rule: leftover
    ),
    .gfp(
      "parse-names", "A text is the union of its names",
      rule: """
        Each of the 35 names is understood, and several, with a bar between, mean all of their \
        bits together, in any order, repeated or overlapping.
        """,
      kind: .property, points: 4, lesson: "parse",
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
      calls: { GFPTexts.names.map { .parse($0) } },
      generate: { choices in
        var parts = [try choices.element(of: GFPModel.names).name]
        try choices.commands(average: 6, max: 40) {
          parts.append(try choices.element(of: GFPModel.names).name)
        }
        return [.parse(parts.joined(separator: "|"))]
      },
      rule: parsing
    ),
    .gfp(
      "parse-numbers", "A number is 0x and one to eight digits",
      rule: """
        0x with one to eight digits 0–9, a–f stands for those bits; no digits, more than eight, \
        capitals, a sign or a missing 0x are refused.
        """,
      kind: .fault, points: 3, lesson: "parse",
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
      calls: { GFPTexts.numbers.map { .parse($0) } },
      generate: { choices in
        var parts: [String] = []
        repeat {
          var text = try choices.bool() ? "0x" : "0x0"
          try choices.commands(average: 5, max: 9) {
            text.append(try choices.element(of: Array("0123456789abcdefABFgx+-_ ")))
          }
          parts.append(text)
        } while try choices.more(average: 1, max: 3)
        return [.parse(parts.joined(separator: "|"))]
      },
      rule: numbers
    ),
    .gfp(
      "parse-malformed", "Malformed texts are refused",
      rule: """
        An empty text or part, white space, another spelling, another separator, or none beside \
        other parts is refused; a well-formed text is not.
        """,
      kind: .fault, points: 4, lesson: "parse",
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
      calls: { GFPTexts.malformed.map { .parse($0) } },
      generate: { [.parse(try GFPTexts.drawNearlyWellFormed($0))] },
      rule: wellFormed
    ),
    roundTrip,
    .gfp(
      "recordings", "Every combination that a real kernel printed",
      rule: """
        The 94 combinations of flags in seven recordings of Linux 6.12, none among them, are \
        understood, and printed again byte for byte.
        """,
      kind: .example, points: 3, lesson: "text",
      hints: [
        "The recordings hold none four times: which mask is that?",
        "Seven names in one text is the most a kernel was heard to say; do you stop earlier?",
        """
        Nothing new to write: when print and parse keep their own rules, make none a text of its \
        own.
        """,
      ],
      calls: {
        GFPRecordings.combinations.flatMap { text in
          [.parse(text), .mask(.print, GFPModel.mask(text)!)]
        }
      },
      rule: recorded
    ),
  ]

  /// Whether the text is recorded and how often, as a reason: `recorded 4 times`.
  private static let recordings: [String: String] = Dictionary(
    uniqueKeysWithValues: GFPRecordings.counted.map { text, count in
      (text, "recorded \(count == 1 ? "once" : "\(Words.grouped(count)) times")")
    })

  @Sendable private static func recorded(_ call: GFPCall) -> GFPQuestion? {
    switch call {
    case .parse(let text):
      guard let reason = recordings[text], let mask = GFPModel.mask(text) else { return nil }
      return GFPQuestion(call, is: .number(Int(mask)), because: reason)
    case .mask(.print, let mask):
      let text = GFPModel.text(mask)
      return recordings[text].map { GFPQuestion(call, is: .text(text), because: $0) }
    default:
      return nil
    }
  }

  /// Judges the names of a text, wherever a number stands.
  @Sendable private static func names(_ call: GFPCall) -> GFPQuestion? {
    guard case .mask(.print, let mask) = call, mask != 0 else { return nil }
    let expected = GFPModel.text(mask & GFPModel.named)
    let right = mask & GFPModel.named == 0 ? "" : expected
    return GFPQuestion(call) { outcome in
      let found = GFPWords.answer(outcome, to: call.operation)
      guard case .text(let text) = outcome else {
        return GFPQuestion.Complaint(expected: "a text", found: found)
      }
      // Most texts are right, and need no cutting.
      if text == right { return nil }
      let names = text.utf8.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
        .filter { !$0.starts(with: "0x".utf8) }
      if names.joined(separator: "|".utf8).elementsEqual(right.utf8) { return nil }
      if right.isEmpty {
        // Whether the number is there is the next rule's affair.
        return text == "none" || text.isEmpty
          ? nil : GFPQuestion.Complaint(expected: "no name: no bit has one", found: found)
      }
      return GFPQuestion.Complaint(
        expected: mask & ~GFPModel.named == 0
          ? GFPWords.quoted(right) : "\(GFPWords.quoted(right)) and a number", found: found)
    }
  }

  /// Judges how a text ends: with the number of the bits that have no name, or without a number.
  @Sendable private static func leftover(_ call: GFPCall) -> GFPQuestion? {
    guard case .mask(.print, let mask) = call else { return nil }
    let unnamed = mask & ~GFPModel.named
    return GFPQuestion(call) { outcome in
      let found = GFPWords.answer(outcome, to: call.operation)
      guard case .text(let text) = outcome else {
        return GFPQuestion.Complaint(expected: "a text", found: found)
      }
      if mask == 0 {
        return text == "none" ? nil : GFPQuestion.Complaint(expected: "\"none\"", found: found)
      }
      let numbers = text.utf8.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
        .enumerated().filter { $0.element.starts(with: "0x".utf8) }
      if unnamed == 0 {
        return numbers.isEmpty && !text.isEmpty && text != "none"
          ? nil : GFPQuestion.Complaint(expected: "names alone: every bit has one", found: found)
      }
      let number = GFPHex.text(unnamed)
      let isLast =
        text.utf8.elementsEqual(number.utf8)
        || text.utf8.reversed().starts(with: "|\(number)".utf8.reversed())
      return isLast && numbers.count == 1
        ? nil
        : GFPQuestion.Complaint(
          expected: "\(number) at the end, once: no name has these bits", found: found)
    }
  }

  /// Judges what the numbers of a text come to, and what only looks like one; what its names mean is another rule's affair.
  @Sendable private static func numbers(_ call: GFPCall) -> GFPQuestion? {
    guard case .parse(let text) = call, GFPTexts.isAboutNumbers(text) else { return nil }
    guard let mask = GFPModel.mask(text) else { return refusal(call) }
    let right = GFPQuestion(call, mask: mask)
    let names = text.split(separator: "|").filter { !$0.hasPrefix("0x") }
    if names.isEmpty { return right }
    let numbers = text.split(separator: "|").filter { $0.hasPrefix("0x") }
    let bits = GFPModel.mask(numbers.joined(separator: "|")) ?? 0
    return GFPQuestion(call) { outcome in
      if case .number(let number) = outcome, number & Int(bits) == Int(bits) { return nil }
      return right.judge(outcome)
    }
  }

  /// A text that is to be understood as its mask, or to be refused.
  @Sendable private static func parsing(_ call: GFPCall) -> GFPQuestion? {
    guard case .parse(let text) = call else { return nil }
    if let mask = GFPModel.mask(text) { return GFPQuestion(call, mask: mask) }
    return refusal(call)
  }

  /// A text that is to be refused, or to be understood in any way: what it means is judged
  /// elsewhere.
  @Sendable private static func wellFormed(_ call: GFPCall) -> GFPQuestion? {
    guard case .parse(let text) = call else { return nil }
    guard GFPModel.mask(text) != nil else { return refusal(call) }
    return GFPQuestion(call) { outcome in
      if case .number = outcome { return nil }
      return GFPQuestion.Complaint(
        expected: "a mask: the text is well-formed",
        found: GFPWords.answer(outcome, to: call.operation))
    }
  }

  private static func refusal(_ call: GFPCall) -> GFPQuestion {
    GFPQuestion(call) { outcome in
      if case .refused = outcome { return nil }
      return GFPQuestion.Complaint(
        expected: "refused: the text is malformed",
        found: GFPWords.answer(outcome, to: call.operation))
    }
  }
}
