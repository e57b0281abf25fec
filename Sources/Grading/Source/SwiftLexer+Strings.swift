extension SwiftLexer {
  /// What a string literal is made of, innermost last: strings, and code interpolated into them.
  private enum Level {
    case string(hashes: Int, isMultiline: Bool)
    /// Code in `\( … )`, with so many parentheses open in it.
    case code(parentheses: Int)
  }

  /// Skips a string whose first quote stands at the place, after `hashes` hashes.
  ///
  /// Strings in interpolations in strings go as deep as they like: the levels are kept in a list, not on the stack. An
  /// open string ends with its line, with several lines it ends with the source.
  mutating func skipString(hashes: Int) {
    var levels: [Level] = []
    open(hashes: hashes, &levels)
    while let level = levels.last, place < bytes.count {
      switch level {
      case .string(let hashes, let isMultiline):
        inString(hashes: hashes, isMultiline: isMultiline, &levels)
      case .code(let parentheses): inCode(parentheses: parentheses, &levels)
      }
    }
  }

  private mutating func open(hashes: Int, _ levels: inout [Level]) {
    // `#"""#` is a string of one quote.
    let isMultiline = sees("\"\"\"") && (hashes == 0 || !closes(hashes, at: place + 3))
    place += isMultiline ? 3 : 1
    levels.append(.string(hashes: hashes, isMultiline: isMultiline))
  }

  private mutating func inString(hashes: Int, isMultiline: Bool, _ levels: inout [Level]) {
    switch peek() {
    case UInt8(ascii: "\n") where !isMultiline:
      levels.removeAll()
    case UInt8(ascii: "\""):
      if isMultiline, !sees("\"\"\"") {
        place += 1
        return
      }
      place += isMultiline ? 3 : 1
      if closes(hashes, at: place) {
        place += hashes
        levels.removeLast()
      }
    case UInt8(ascii: "\\") where closes(hashes, at: place + 1):
      place += 1 + hashes
      if peek() == UInt8(ascii: "(") {
        place += 1
        levels.append(.code(parentheses: 0))
      } else if peek() != UInt8(ascii: "\n") {
        place = min(place + 1, bytes.count)
      }
    default: place += 1
    }
  }

  private mutating func inCode(parentheses: Int, _ levels: inout [Level]) {
    switch peek() {
    case UInt8(ascii: "("):
      place += 1
      levels[levels.count - 1] = .code(parentheses: parentheses + 1)
    case UInt8(ascii: ")"):
      place += 1
      if parentheses == 0 {
        levels.removeLast()
      } else {
        levels[levels.count - 1] = .code(parentheses: parentheses - 1)
      }
    case UInt8(ascii: "\""): open(hashes: 0, &levels)
    case UInt8(ascii: "#"):
      let hashes = run(of: UInt8(ascii: "#"), from: place)
      place += hashes
      if peek() == UInt8(ascii: "\"") { open(hashes: hashes, &levels) }
    case UInt8(ascii: "/"):
      if !skipComment() { place += 1 }
    default: place += 1
    }
  }
}
