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

  /// `left`, then `right` so that it ends at `column`, or at the line's end where that comes first; at least two spaces apart.
  ///
  /// What of `left` has no room is cut.
  func spread(_ left: String, _ right: String, column: Int) -> String {
    let column = min(column, width)
    let left = left.cut(toColumns: max(1, column - right.columns - 2))
    return left + String(repeating: " ", count: max(2, column - left.columns - right.columns))
      + right
  }

  /// A label in the first `indent` columns, and the lines of its value behind it.
  func entry(_ label: String, _ values: [String], indent: Int, margin: Int = 0) -> [String] {
    values.enumerated().map { index, value in
      let name = index == 0 ? label : ""
      let gap = String(repeating: " ", count: indent - margin - name.count)
      let start = String(repeating: " ", count: margin) + (name.isEmpty ? "" : faint(name))
      return (start + gap + value).trimmingEnd()
    }
  }

  /// Breaks `text` at spaces, and at its own line ends, into lines of at most `columns` columns; what has no space within a
  /// line's length is broken where the line ends. The lines hold no control characters.
  ///
  /// - Complexity: O(length of `text`).
  static func lines(_ text: String, columns: Int) -> [String] {
    var scalars = text.printable.unicodeScalars
    if scalars.contains("\t") {
      scalars = .init(scalars.flatMap { $0 == "\t" ? Array("    ".unicodeScalars) : [$0] })
    }
    return scalars.split(separator: "\n", omittingEmptySubsequences: false).flatMap {
      wrapped($0, columns: max(2, columns))
    }
  }

  private static func wrapped(
    _ text: Substring.UnicodeScalarView, columns: Int
  ) -> [String] {
    var lines: [String] = []
    var start = text.startIndex
    // The last space behind a word of the line, and whether there was a word.
    var space: Substring.Index?
    var hasWord = false
    var width = 0
    var index = start
    while index < text.endIndex {
      let scalar = text[index]
      if width + scalar.columns > columns, scalar.columns > 0 {
        let end = scalar == " " ? index : space ?? index
        lines.append(String(text[start..<end]).trimmingEnd())
        start = end
        // A line that was broken within a word goes on with what comes next, be it a space.
        if end != index || scalar == " " {
          while start < text.endIndex, text[start] == " " { start = text.index(after: start) }
        }
        index = start
        (space, hasWord, width) = (nil, false, 0)
        continue
      }
      if scalar != " " {
        hasWord = true
      } else if hasWord {
        space = index
      }
      width += scalar.columns
      index = text.index(after: index)
    }
    return start < text.endIndex || lines.isEmpty ? lines + [String(text[start...])] : lines
  }

  /// Joins `parts` with `separator` and breaks between parts alone, unless one is longer than a line.
  static func joined(_ parts: [String], separator: String, columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    var width = 0
    let tail = separator.trimmingEnd()
    let gap = separator.count - tail.count
    for (index, part) in parts.enumerated() {
      let text = index == parts.count - 1 ? part : part + tail
      let needed = text.columns
      if width > 0, width + gap + needed > columns {
        lines.append(line)
        (line, width) = ("", 0)
      }
      if width > 0 {
        line += String(repeating: " ", count: gap)
        width += gap
      }
      line += text
      width += needed
    }
    return (lines + [line]).flatMap { Self.lines($0, columns: columns) }
  }
}

extension String {
  func trimmingEnd() -> String {
    var text = unicodeScalars[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }

  /// The text, or its beginning and an ellipsis where it takes more than `columns` columns.
  func cut(toColumns columns: Int) -> String {
    var width = 0
    var end = unicodeScalars.startIndex
    // Where the ellipsis stands if there is no room for the rest.
    var fitting = end
    for scalar in unicodeScalars {
      width += scalar.columns
      if width > columns { return self[..<fitting].description.trimmingEnd() + "…" }
      end = unicodeScalars.index(after: end)
      if width < columns { fitting = end }
    }
    return self
  }
}
