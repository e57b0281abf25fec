import Foundation

/// One error of the compiler, taken from its output.
struct CompilerMessage: Hashable, Sendable {
  /// The file as messages name it; nil when the compiler named none.
  var file: String?
  var line: Int?
  var text: String
  /// The whole message with the source line it quotes and its notes, bounded in lines and their lengths.
  var quotation: String
  /// The notes that belong to it.
  var notes: [Note] = []

  /// A note of the compiler's to an error.
  struct Note: Hashable, Sendable {
    /// The file as the compiler named it, and the line.
    var file: String?
    var line: Int?
    var text: String
    /// The source line that the compiler shows below it.
    var source: String?
  }

  /// What a quotation shows of a message: a line of source may be as long as a file, and notes may be many.
  static let mostLines = 24
  static let longestLine = 200
  /// Messages beyond these are not looked at.
  static let mostMessages = 200

  /// The errors in a compiler's output of the `llvm` style; warnings and remarks are left out.
  ///
  /// - Parameter places: how messages name a file that the compiler knows by another path.
  static func errors(in output: String, places: [String: String]) -> [CompilerMessage] {
    var messages: [CompilerMessage] = []
    var quoted: [[String]] = []
    var isQuoting = false
    var isBelowNote = false
    for line in SourceFile.lines(of: output) {
      guard let heading = Heading(line) else {
        if isQuoting { quoted[quoted.count - 1].append(cut(line)) }
        if isBelowNote, let note = messages.last?.notes.indices.last {
          messages[messages.count - 1].notes[note].source = cut(line).trimmingCharacters(
            in: .whitespaces)
        }
        isBelowNote = false
        continue
      }
      isBelowNote = heading.kind == "note"
      let shown = heading.shown(places)
      switch heading.kind {
      case "error":
        guard messages.count < mostMessages else { isQuoting = false; continue }
        messages.append(
          CompilerMessage(
            file: heading.file.map { places[$0] ?? $0 }, line: heading.line,
            text: cut(heading.text[...]), quotation: ""))
        quoted.append([shown])
        isQuoting = true
      case "note":
        guard !messages.isEmpty else { continue }
        messages[messages.count - 1].notes.append(
          Note(file: heading.file, line: heading.line, text: cut(heading.text[...])))
        // Advice that leads to what is not available here helps nobody.
        isQuoting = !["@MainActor", "@preconcurrency", "'async'"].contains {
          heading.text.contains($0)
        }
        if isQuoting { quoted[quoted.count - 1].append(shown) }
      default: isQuoting = false
      }
    }
    for index in messages.indices {
      var lines = quoted[index]
      if lines.count > mostLines { lines.replaceSubrange(mostLines..., with: ["…"]) }
      messages[index].quotation = lines.joined(separator: "\n").trimmingCharacters(in: .newlines)
    }
    return messages
  }

  /// A line cut to a length that can be read.
  private static func cut(_ line: Substring) -> String {
    let kept = line.unicodeScalars.prefix(longestLine)
    return String(kept) + (kept.endIndex < line.endIndex ? "…" : "")
  }

  /// The first line of a message: `file:line:column: error: text`, `<unknown>:0: error: text` or `error: text`.
  private struct Heading {
    var file: String?
    var line: Int?
    /// `:line:column`, where there is one.
    var position = ""
    var kind: String
    var text: String

    init?(_ line: Substring) {
      // Headings are short; what comes later in a line is quoted source.
      let start = line.utf8.prefix(1_000)
      for kind in ["error", "warning", "note", "remark"] {
        if line.hasPrefix("\(kind): ") {
          self.kind = kind
          text = String(line.dropFirst(kind.count + 2))
          return
        }
        let mark = ": \(kind): "
        guard let range = Substring(start).range(of: mark) else { continue }
        let parts = line[..<range.lowerBound].split(
          separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, let last = Int(parts[parts.count - 1]) else { continue }
        self.kind = kind
        text = String(line[range.upperBound...])
        guard parts.count >= 3, let number = Int(parts[parts.count - 2]) else { return }
        file = parts.dropLast(2).joined(separator: ":")
        self.line = number
        position = ":\(number):\(last)"
        return
      }
      return nil
    }

    /// The line as a message shows it.
    func shown(_ places: [String: String]) -> String {
      let place = file.map { (places[$0] ?? $0) + position + ": " } ?? ""
      return CompilerMessage.cut((place + kind + ": " + text)[...])
    }
  }
}
