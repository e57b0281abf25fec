import AllocationTrace
import LabBench
import LabKit

/// Says questions and answers of the GFPFlags lab as a student reads them.
enum GFPWords {
  /// One step: `maySleep(GFP_NOWAIT) → true`; without an answer when there was none.
  static func step(_ operation: TraceOperation, _ outcome: Outcome?) -> String {
    let question = question(operation)
    guard let outcome else { return question }
    return "\(question) → \(answer(outcome, to: operation))"
  }

  /// The question as a call of the contract's method.
  static func question(_ operation: TraceOperation) -> String {
    let words = operation.arguments.map { argument in
      switch argument {
      case .text(let text): visible(text)
      case .number(let number): String(number)
      case .block(let handle): "#\(handle.operation)"
      }
    }
    let first = words.first ?? ""
    let mask = GFPHex.mask(first).map { GFPModel.text($0) } ?? first
    switch GFPFlagsVerb(rawValue: operation.verb) {
    case .value: return "mask(of: \(first))"
    case .zoneModifiers: return "zoneModifiers(of: \(mask))"
    case .actionModifiers: return "actionModifiers(of: \(mask))"
    case .baseType: return "baseType(of: \(mask))"
    case .sleeps: return "maySleep(\(mask))"
    case .startsIO: return "mayStartIO(\(mask))"
    case .entersFileSystem: return "mayEnterFileSystem(\(mask))"
    case .zones: return "zones(for: \(mask), on: \(words.last ?? ""))"
    case .watermark: return "watermark(for: \(mask), min: \(words.last ?? ""))"
    case .flags:
      guard let situation = GFPSituation(operation.arguments) else { break }
      return "flags(for: \(self.situation(situation)))"
    case .parse: return "parse(\"\(first)\")"
    case .print: return "text(of: \(first))"
    case nil: break
    }
    return "verb \(operation.verb)"
  }

  /// An answer to `operation`: a mask, zones by name, a text in quotes.
  static func answer(_ outcome: Outcome, to operation: TraceOperation) -> String {
    switch (outcome, GFPFlagsVerb(rawValue: operation.verb)) {
    case (.none, _): "nil"
    case (.truth(let truth), _): String(truth)
    case (.number(let number), .watermark): String(number)
    case (.number(let number), _): UInt32(exactly: number).map(mask) ?? String(number)
    case (.text(let text), .print): quoted(text)
    case (.text(let text), _): visible(text)
    case (.numbers(let numbers), _): zones(numbers)
    case (.refused(let reason), _): "refused (\(visible(reason)))"
    case (.done, _): "no answer"
    case (.skipped, _): "not asked"
    }
  }

  /// An answer with what it was given for, so that it can be read on its own: `true for GFP_DMA`.
  static func finding(_ outcome: Outcome, to operation: TraceOperation) -> String {
    finding(answer(outcome, to: operation), to: operation)
  }

  /// What was found, with the mask and the machine that the question was about.
  static func finding(_ found: String, to operation: TraceOperation) -> String {
    let verb = GFPFlagsVerb(rawValue: operation.verb)
    guard verb != .print, case .text(let hex)? = operation.arguments.first,
      let mask = GFPHex.mask(hex), verb != .parse
    else { return found }
    let machine = operation.arguments.last
    guard verb == .zones, case .text(let name)? = machine else {
      return "\(found) for \(GFPModel.text(mask))"
    }
    return "\(found) for \(GFPModel.text(mask)) on \(visible(name))"
  }

  /// Why a check could not come to its end. Nothing measured is in it: the same program is told the same.
  static let tooSlow =
    "the calls took so long that the time for this check was used up before all was asked"

  /// How a run ended that did not come to its end.
  static func ending(_ ending: Transcript.Ending) -> String {
    ending.stopInWords ?? (ending == .outOfTime ? "not asked: time ran out" : "no answer")
  }

  /// A mask by its names and its number: `GFP_ATOMIC (0x820)`.
  static func mask(_ mask: UInt32) -> String { "\(GFPModel.text(mask)) (\(GFPHex.text(mask)))" }

  /// The single bits of a mask by name, the highest last: `__GFP_HIGH, __GFP_KSWAPD_RECLAIM`.
  static func bits(_ mask: UInt32) -> String {
    if mask == 0 { return "none" }
    return (0..<32).map { UInt32(1) << $0 }.filter { mask & $0 != 0 }
      .map { GFPModel.bitNames[$0] ?? GFPHex.text($0) }.joined(separator: ", ")
  }

  /// What `found` has too few and too many of: `without __GFP_HIGH, but with __GFP_IO`.
  static func difference(_ found: UInt32, from expected: UInt32) -> String {
    let missing = expected & ~found
    let extra = found & ~expected
    var parts: [String] = []
    if missing != 0 { parts.append("without \(bits(missing))") }
    if extra != 0 { parts.append("with \(bits(extra))") }
    return "\(GFPHex.text(found)): " + parts.joined(separator: ", but ")
  }

  /// Zones in order: `Normal, DMA32, DMA`; of a long list the first ten.
  static func zones(_ numbers: [Int]) -> String {
    if numbers.isEmpty { return "no zones" }
    let names = numbers.prefix(10).map(zone).joined(separator: ", ")
    return numbers.count > 10 ? "\(names), … (\(Words.grouped(numbers.count)) in all)" : names
  }

  static func zone(_ number: Int) -> String {
    switch GFPZone(rawValue: number) {
    case .dma: "DMA"
    case .dma32: "DMA32"
    case .normal: "Normal"
    case .highMem: "HighMem"
    case .movable: "Movable"
    case nil: "zone \(number)"
    }
  }

  static func situation(_ situation: GFPSituation) -> String {
    let context =
      switch situation.context {
      case .process: "process"
      case .mutex: "holding a mutex"
      case .spinlock: "holding a spinlock"
      case .bottomHalf: "bottom half"
      case .interrupt: "interrupt handler"
      }
    let code =
      switch situation.code {
      case .ordinary: ""
      case .fileSystem: ", file system code"
      case .blockIO: ", block I/O code"
      }
    let memory =
      switch situation.memory {
      case .kernel: "kernel data"
      case .device16M: "buffer below 16 MiB"
      case .device4G: "buffer below 4 GiB"
      case .userPage: "a user's page"
      }
    let need = situation.canDoWithout ? "can do without" : "cannot do without"
    return "\(context)\(code), \(memory), \(need)"
  }

  /// `text` in quotes, as ``visible(_:)`` shows it.
  static func quoted(_ text: String) -> String { "\"\(visible(text))\"" }

  /// `text` with what cannot be seen, or looks like something else, written as in Swift: `\u{FF11}` for a fullwidth 1; cut
  /// after 200 characters.
  static func visible(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(200)
    let words = shown.map { $0 == "'" ? "'" : $0.escaped(asASCII: true) }.joined()
    return shown.endIndex == text.unicodeScalars.endIndex ? words : words + "…"
  }
}
