import AllocationTrace
import LabKit

/// The lab's words for steps, answers, blocks and memory.
enum Words {
  /// `5`, or `4–7`.
  static func frames(_ range: Range<Int>) -> String {
    range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound - 1)"
  }

  /// `1 frame`, `16 frames`.
  static func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(grouped(number)) \(noun)s"
  }

  /// `1,234`: digits in groups of three.
  static func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3), digit != "-" { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }

  /// `a block of order 2 (4 frames)`.
  static func block(order: Int) -> String {
    (0...maxOrder).contains(order)
      ? "a block of order \(order) (\(count(1 << order, "frame")))" : "a block of order \(order)"
  }

  /// `order 0: 0, 1   order 1: 2–3`, by zones where there are several; long lists are cut.
  static func blocks(_ blocks: [FreeBlock], zones: Int, most: Int = 12) -> String {
    if blocks.isEmpty { return "no free block" }
    var parts: [String] = []
    var last: FreeBlock?
    for block in blocks.prefix(most) {
      let frames = block.frames.isEmpty ? "\(block.frame)" : Words.frames(block.frames)
      if last?.zone == block.zone, last?.order == block.order {
        parts[parts.count - 1] += ", " + frames
      } else {
        let zone = zones > 1 && last?.zone != block.zone ? "zone \(block.zone) " : ""
        parts.append("\(zone)order \(block.order): \(frames)")
      }
      last = block
    }
    if blocks.count > most { parts.append("and \(grouped(blocks.count - most)) more") }
    return parts.joined(separator: "   ")
  }

  /// Two lists of blocks, whole when they are short and otherwise only where they differ.
  static func comparing(
    expected: [FreeBlock], found: [FreeBlock], zones: Int
  ) -> (expected: String, found: String) {
    if expected.count <= 10, found.count <= 10 {
      return (blocks(expected, zones: zones), blocks(found, zones: zones))
    }
    let missing = expected.subtracting(found)
    let extra = found.subtracting(expected)
    guard !missing.isEmpty else {
      return (
        "\(grouped(expected.count)) free blocks, and no others",
        "besides them " + blocks(extra, zones: zones, most: 6)
      )
    }
    return (
      "among the free blocks " + blocks(missing, zones: zones, most: 6),
      extra.isEmpty ? "not there" : "in their place " + blocks(extra, zones: zones, most: 6)
    )
  }

  /// One operation with its answer: `allocate(order 0) → frame 0`, `free(0, order 0)`.
  static func step(
    _ operations: [TraceOperation], _ outcomes: [Outcome], _ index: Int, answered: Bool = true
  ) -> String {
    let hasZones = operations.first?.bootLayout?.contains("|") ?? false
    let call: String
    switch operations[index].lab {
    case .boot(let layout): call = "boot(\(layout))"
    case .allocate(let order, let zone):
      let isPlain = !hasZones && zone == 0
      call = "allocate(order \(order)\(isPlain ? "" : ", zone \(zone)"))"
    case .free(let block, let order):
      call = "free(\(name(of: block, outcomes)), order \(order))"
    case .show: call = "free blocks"
    case .list(let order, let zone): call = "freeBlocks(order \(order), zone \(zone))"
    case nil: call = "verb \(operations[index].verb)"
    }
    guard answered else { return call }
    guard outcomes.indices.contains(index) else { return call + " → no answer" }
    switch (operations[index].lab, outcomes[index]) {
    case (_, .done): return call
    case (.allocate, .number(let frame)): return call + " → frame \(frame)"
    case (.show, .numbers(let numbers)):
      let zones = hasZones ? 2 : 1
      return call + " → " + (FreeBlock.list(numbers).map { blocks($0, zones: zones) } ?? "?")
    default: return call + " → " + answer(outcomes[index])
    }
  }

  private static func name(of block: Argument, _ outcomes: [Outcome]) -> String {
    switch block {
    case .number(let frame): return "\(frame)"
    case .text(let text): return text
    case .block(let handle):
      if outcomes.indices.contains(handle.operation),
        case .number(let frame) = outcomes[handle.operation]
      {
        return "\(frame &+ handle.offset)"
      }
      return "nothing"
    }
  }

  /// What a subject answered, in words.
  static func answer(_ outcome: Outcome) -> String {
    switch outcome {
    case .done: "done"
    case .none: "nil"
    case .number(let number): "\(number)"
    case .truth(let truth): "\(truth)"
    case .text(let text): text.isEmpty ? "an empty text" : text
    case .numbers(let numbers):
      numbers.isEmpty
        ? "no block"
        : numbers.prefix(12).map(String.init).joined(separator: ", ")
          + (numbers.count > 12 ? " …" : "")
    case .refused(let why): "refused: " + why
    case .skipped: "not tried: there was no block to name"
    }
  }

  /// Why a run ended early, in words; nil when it did not.
  static func ending(_ ending: Transcript.Ending) -> String? {
    ending.stopInWords
  }

  /// Draws memory of at most 64 frames: `█` in use, a digit and dots a free block of that order, `?` in no list, `!` in
  /// use and free, or free twice; a space for a hole and `|` between zones. Nil for larger machines.
  static func picture(_ walk: Walk, window: [FreeBlock]) -> String? {
    let machine = walk.machine
    guard machine.isSmall, let first = machine.frames.first else { return nil }
    var glyphs = (first..<machine.end).map { frame -> Character in
      machine.zone(of: frame) == nil ? " " : walk.isTaken(frame) ? "█" : "?"
    }
    for block in window {
      for frame in block.frames.clamped(to: first..<machine.end) {
        let isStart = frame == block.frame
        let glyph: Character =
          isStart ? (block.order == 10 ? "X" : Character("\(block.order)")) : "·"
        glyphs[frame - first] = glyphs[frame - first] == "?" ? glyph : "!"
      }
    }
    return picture(of: machine) { glyphs[$0 - first] }
  }

  /// Draws a small machine with one sign for each frame; a space for a hole and `|` between zones. Nil for larger machines.
  static func picture(of machine: Machine, glyphs: (_ frame: Int) -> Character) -> String? {
    guard machine.isSmall, let first = machine.frames.first else { return nil }
    var text = ""
    for frame in first..<machine.end {
      if frame > first, let zone = machine.zone(of: frame), zone > 0,
        machine.zones[zone].usable[0].lowerBound == frame
      {
        text.append("|")
      }
      text.append(machine.zone(of: frame) == nil ? " " : glyphs(frame))
    }
    return text
  }
}

extension Machine {
  /// Whether memory can be drawn in one line.
  fileprivate var isSmall: Bool {
    zones.first?.usable.first.map { end - $0.lowerBound <= 64 } ?? false
  }
}
