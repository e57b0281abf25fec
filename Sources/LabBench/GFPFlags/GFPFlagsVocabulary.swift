import AllocationTrace
import LabKit

/// The questions that a trace of the GFPFlags lab asks, in the order of its vocabulary.
///
/// Masks are written in hexadecimal, `0xcc0`, so that a trace means the same whatever a subject makes of names.
public enum GFPFlagsVerb: UInt8, CaseIterable, Sendable {
  case value, zoneModifiers, actionModifiers, baseType
  case sleeps, startsIO, entersFileSystem
  case zones, watermark, flags
  case parse, print

  /// The verb as the vocabulary describes it.
  var description: Verb {
    let mask = Parameter("mask", .text)
    switch self {
    case .value:
      return Verb(
        "value", [Parameter("type", .text)], "The bits of the type, for example GFP_KERNEL.")
    case .zoneModifiers:
      return Verb("zone-modifiers", [mask], "The part of the mask that says where.")
    case .actionModifiers:
      return Verb("action-modifiers", [mask], "The part of the mask that says how.")
    case .baseType:
      return Verb("base-type", [mask], "The name of the type the mask is built on, or none.")
    case .sleeps:
      return Verb("sleeps", [mask], "Whether the request may sleep.")
    case .startsIO:
      return Verb("starts-io", [mask], "Whether the request may start I/O.")
    case .entersFileSystem:
      return Verb("enters-fs", [mask], "Whether the request may enter a file system.")
    case .zones:
      return Verb(
        "zones", [mask, Parameter("machine", .text)],
        "The zones to try: 0 DMA, 1 DMA32, 2 Normal, 3 HighMem, 4 Movable; or none.")
    case .watermark:
      return Verb(
        "watermark", [mask, Parameter("min", .number)],
        "The pages that the request must leave free, where others leave min.")
    case .flags:
      return Verb(
        "flags",
        [
          Parameter("context", .text), Parameter("code", .text), Parameter("memory", .text),
          Parameter("without", .text),
        ], "The right mask for a situation; without=yes where the caller can do without the memory."
      )
    case .parse:
      return Verb("parse", [Parameter("text", .text)], "The mask that the kernel's text spells.")
    case .print:
      return Verb("print", [mask], "The kernel's text for the mask.")
    }
  }
}

extension Vocabulary {
  /// The questions of the GFPFlags lab.
  public static let gfpFlags = Vocabulary(
    name: "GFPFlags", verbs: GFPFlagsVerb.allCases.map(\.description))
}

/// Spelling of masks in traces.
public enum GFPHex {
  /// `0x` and the mask's digits, lower case, without leading zeros.
  public static func text(_ mask: UInt32) -> String { "0x" + String(mask, radix: 16) }

  /// The mask that ``text(_:)`` spells so, or nil.
  public static func mask(_ text: String) -> UInt32? {
    guard text.hasPrefix("0x") else { return nil }
    return UInt32(text.dropFirst(2), radix: 16)
  }
}
