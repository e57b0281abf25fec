import Foundation

/// One error of the compiler, taken from its output.
struct CompilerMessage: Hashable, Sendable {
  /// The file as the compiler named it; nil when it named none.
  var file: String?
  var line: Int?
  var text: String
  /// The whole message with the source line it quotes and its notes, folders cut from file names.
  var quotation: String

  /// The errors in a compiler's output of the `llvm` style; warnings and remarks are left out.
  static func errors(in output: String, folder: String) -> [CompilerMessage] {
    var messages: [CompilerMessage] = []
    var isInError = false
    for rawLine in output.split(separator: "\n", omittingEmptySubsequences: false) {
      let line = String(rawLine.replacing(folder + "/", with: ""))
      if let (head, kind, text) = heading(line) {
        switch kind {
        case "error":
          isInError = true
          let parts = head.split(separator: ":", omittingEmptySubsequences: false)
          let isNamed = parts.count >= 3 && !line.hasPrefix("<unknown>")
          let name = isNamed ? parts.dropLast(2).joined(separator: ":") : nil
          messages.append(
            CompilerMessage(
              file: name, line: isNamed ? Int(parts[parts.count - 2]) : nil, text: text,
              quotation: line))
          continue
        case "note": break
        default: isInError = false
        }
      }
      if isInError, !messages.isEmpty { messages[messages.count - 1].quotation += "\n" + line }
    }
    for index in messages.indices {
      messages[index].quotation = messages[index].quotation.trimmingCharacters(in: .newlines)
    }
    return messages
  }

  /// Splits `file:line:column: error: text`, `<unknown>:0: error: text` and `error: text`.
  private static func heading(_ line: String) -> (head: String, kind: String, text: String)? {
    for kind in ["error", "warning", "note", "remark"] {
      if line.hasPrefix("\(kind): ") { return ("", kind, String(line.dropFirst(kind.count + 2))) }
      guard let range = line.range(of: ": \(kind): ") else { continue }
      let head = String(line[..<range.lowerBound])
      guard head.last?.isNumber == true else { continue }
      return (head, kind, String(line[range.upperBound...]))
    }
    return nil
  }
}
