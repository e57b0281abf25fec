/// How text meets the reader's terminal: with colours or without, and how wide.
public struct Style: Sendable {
  public let colours: Bool
  /// Columns a line may take.
  public let width: Int

  public init(colours: Bool = false, width: Int = 100) {
    self.colours = colours
    self.width = max(60, min(width, 100))
  }

  func good(_ text: String) -> String { wrap(text, "32") }
  func bad(_ text: String) -> String { wrap(text, "31") }
  func bold(_ text: String) -> String { wrap(text, "1") }
  func faint(_ text: String) -> String { wrap(text, "2") }

  private func wrap(_ text: String, _ code: String) -> String {
    colours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }

  /// Breaks `text` at spaces, and at its own line ends, into lines of at most `columns` characters.
  static func lines(_ text: String, columns: Int) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { paragraph in
      var lines: [String] = []
      var line = Substring(paragraph)
      while line.count > columns {
        let limit = line.index(line.startIndex, offsetBy: columns + 1)
        let leading = line.prefix { $0 == " " }.endIndex
        guard let space = line[leading..<limit].lastIndex(of: " ") else {
          lines.append(String(line.prefix(columns)))
          line = line.dropFirst(columns)
          continue
        }
        lines.append(String(line[..<space]).trimmingEnd())
        line = line[space...].drop { $0 == " " }
      }
      return lines + [String(line)]
    }
  }

  /// Joins `parts` with `separator` and breaks between parts alone, unless one is longer than a line.
  static func joined(_ parts: [String], separator: String, columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for (index, part) in parts.enumerated() {
      let text = index == parts.count - 1 ? part : part + separator.trimmingEnd()
      let gap = separator.count - separator.trimmingEnd().count
      if !line.isEmpty, line.count + gap + text.count > columns {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : String(repeating: " ", count: gap)) + text
    }
    return (lines + [line]).flatMap { Self.lines($0, columns: columns) }
  }

  /// `left`, then `right` so that it ends at `column`; at least two spaces apart.
  static func spread(_ left: String, _ right: String, column: Int) -> String {
    left + String(repeating: " ", count: max(2, column - left.count - right.count)) + right
  }
}

extension String {
  func trimmingEnd() -> String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
