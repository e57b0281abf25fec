import AllocationTrace
import LabKit

/// The questions of the GFPFlags lab; a raw value is the verb's index in ``vocabulary``.
public enum GFPFlagsVerb: UInt8, CaseIterable, Sendable {
  case value, zoneModifiers, actionModifiers, baseType
  case sleeps, startsIO, entersFileSystem
  case zones, watermark, flags
  case parse, print

  /// The vocabulary that a trace file of this lab names in its head.
  ///
  /// Masks are written in hexadecimal, `0xcc0`, so that a trace means the same whatever a subject
  /// makes of names.
  public static let vocabulary = Vocabulary(
    name: "GFPFlags",
    verbs: [
      Verb(
        "value", [Parameter("type", .text)],
        "Asks for the bits of a type, for example GFP_KERNEL; a mask.",
        outcomes: .number),
      Verb(
        "zone-modifiers", [mask], "Asks for the part that says where; a mask.", outcomes: .number),
      Verb(
        "action-modifiers", [mask], "Asks for the part that says how; a mask.", outcomes: .number),
      Verb(
        "base-type", [mask], "Asks which type the mask is built on; its name or none.",
        outcomes: [.text, .none]),
      Verb("sleeps", [mask], "Asks whether the request may sleep.", outcomes: .truth),
      Verb("starts-io", [mask], "Asks whether the request may start I/O.", outcomes: .truth),
      Verb(
        "enters-fs", [mask], "Asks whether the request may enter a file system.", outcomes: .truth),
      Verb(
        "zones", [mask, Parameter("machine", .text)],
        "Asks which zones are tried: 0 DMA, 1 DMA32, 2 Normal, 3 HighMem, 4 Movable; or none.",
        outcomes: [.numbers, .none]),
      Verb(
        "watermark", [mask, Parameter("min", .number)],
        "Asks how many pages the request must leave free where others leave min.",
        outcomes: .number),
      Verb(
        "flags",
        [
          Parameter("context", .text), Parameter("code", .text), Parameter("memory", .text),
          Parameter("without", .text),
        ],
        "Asks for flags that suit a situation; without=yes: the caller can do without memory.",
        outcomes: .number),
      Verb(
        "parse", [Parameter("text", .text)],
        "Asks for the mask that the kernel's text spells; a mask, or refused.",
        outcomes: [.number, .refused]),
      Verb("print", [mask], "Asks for the kernel's text.", outcomes: .text),
    ])

  private static let mask = Parameter("mask", .text)
}

/// Writes questions of the GFPFlags lab.
public enum GFPFlagsOperation {
  /// Asks for the bits of the type called `name`.
  public static func value(of name: String) -> TraceOperation {
    TraceOperation(verb: GFPFlagsVerb.value.rawValue, [.text(name)])
  }

  /// Asks `verb`, one of those that are about a mask alone.
  public static func ask(_ verb: GFPFlagsVerb, _ mask: UInt32) -> TraceOperation {
    TraceOperation(verb: verb.rawValue, [.text(GFPHex.text(mask))])
  }

  /// Asks which zones of `machine` are tried.
  public static func zones(for mask: UInt32, on machine: GFPMachine) -> TraceOperation {
    TraceOperation(
      verb: GFPFlagsVerb.zones.rawValue, [.text(GFPHex.text(mask)), .text(machine.name)])
  }

  /// Asks how many pages must stay free where others leave `min`.
  public static func watermark(for mask: UInt32, min: Int) -> TraceOperation {
    TraceOperation(
      verb: GFPFlagsVerb.watermark.rawValue, [.text(GFPHex.text(mask)), .number(min)])
  }

  /// Asks for flags that suit `situation`.
  public static func flags(for situation: GFPSituation) -> TraceOperation {
    TraceOperation(verb: GFPFlagsVerb.flags.rawValue, situation.arguments)
  }

  /// Asks for the mask that `text` spells.
  public static func parse(_ text: String) -> TraceOperation {
    TraceOperation(verb: GFPFlagsVerb.parse.rawValue, [.text(text)])
  }
}

/// How traces spell a mask.
public enum GFPHex {
  /// `0x` and the mask's digits, lower case, without leading zeros.
  public static func text(_ mask: UInt32) -> String { "0x" + String(mask, radix: 16) }

  /// The mask that `text` spells: `0x` and at most eight hexadecimal digits; or nil.
  public static func mask(_ text: String) -> UInt32? {
    let digits = text.dropFirst(2)
    guard text.hasPrefix("0x"), digits.allSatisfy(\.isHexDigit) else { return nil }
    return UInt32(digits, radix: 16)
  }
}

extension GFPSituation {
  /// The situation that the arguments of the verb `flags` spell, or nil.
  public init?(_ arguments: [Argument]) {
    let words = arguments.map { argument in
      if case .text(let word) = argument { word } else { "" }
    }
    guard words.count == 4, let context = Context(rawValue: words[0]),
      let code = Code(rawValue: words[1]), let memory = Memory(rawValue: words[2]),
      ["yes", "no"].contains(words[3])
    else { return nil }
    self.init(context: context, code: code, memory: memory, canDoWithout: words[3] == "yes")
  }

  /// The arguments of the verb `flags` that spell this situation.
  public var arguments: [Argument] {
    [
      .text(context.rawValue), .text(code.rawValue), .text(memory.rawValue),
      .text(canDoWithout ? "yes" : "no"),
    ]
  }
}
