/// Cuts bytes into ``SwiftToken``s from left to right; each byte is looked at a bounded number of times.
struct SwiftLexer {
  let bytes: [UInt8]
  var place = 0
  private var tokens: [SwiftToken] = []
  private var startsLine = true
  /// No slash before this place ends a regex: a search from the left has found none.
  private var noRegexBefore = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// All tokens.
  mutating func run() -> [SwiftToken] {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    while true {
      skipBlanks()
      guard place < bytes.count else { return tokens }
      let start = place
      let kind = token()
      tokens.append(SwiftToken(kind: kind, range: start..<place, startsLine: startsLine))
      startsLine = false
    }
  }

  // MARK: Looking

  /// The byte `distance` after the place, or 0 past the end.
  func peek(_ distance: Int = 0) -> UInt8 {
    place + distance < bytes.count ? bytes[place + distance] : 0
  }

  /// Whether `text` stands at the place.
  func sees(_ text: StaticString) -> Bool {
    guard bytes.count - place >= text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { bytes[place..<place + $0.count].elementsEqual($0) }
  }

  /// How often `byte` stands in a row from `start` on.
  func run(of byte: UInt8, from start: Int) -> Int {
    var end = start
    while end < bytes.count, bytes[end] == byte { end += 1 }
    return end - start
  }

  static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  static func isHexDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 32) &- UInt8(ascii: "a") < 6
  }

  /// Whether a name may begin with the byte; every byte of a character outside ASCII counts.
  static func isLetter(_ byte: UInt8) -> Bool {
    (byte | 32) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
      || byte >= 0x80
  }

  private static let signBytes = Set("/=-+!*%<>&|^~?".utf8)

  // MARK: Between tokens

  private mutating func skipBlanks() {
    while place < bytes.count {
      if peek() == UInt8(ascii: "\n") || peek() == UInt8(ascii: "\r") {
        startsLine = true
        place += 1
      } else if peek() == 32 || peek() == 9 {
        place += 1
      } else if !skipComment() {
        return
      }
    }
  }

  /// Skips a comment that starts at the place, nested ones within it too; an open one ends with the source.
  mutating func skipComment() -> Bool {
    if sees("//") {
      while place < bytes.count, peek() != UInt8(ascii: "\n") { place += 1 }
      return true
    }
    guard sees("/*") else { return false }
    var depth = 0
    repeat {
      if sees("/*") {
        depth += 1
        place += 2
      } else if sees("*/") {
        depth -= 1
        place += 2
      } else {
        if peek() == UInt8(ascii: "\n") { startsLine = true }
        place += 1
      }
    } while depth > 0 && place < bytes.count
    return true
  }

  // MARK: Tokens

  /// Moves past one token and says what it is.
  private mutating func token() -> SwiftToken.Kind {
    let byte = peek()
    if Self.isLetter(byte) {
      skipName()
      return .word
    }
    if Self.isDigit(byte) {
      skipNumber()
      return .number
    }
    switch byte {
    case UInt8(ascii: "\""):
      skipString(hashes: 0)
      return .string
    case UInt8(ascii: "#"): return hash()
    case UInt8(ascii: "@"):
      place += 1
      skipName()
      return .attribute
    case UInt8(ascii: "`"): return backtick()
    case UInt8(ascii: "/") where skipRegex(): return .regex
    case UInt8(ascii: ".") where peek(1) == UInt8(ascii: "."):
      skipSign(dotted: true)
      return .sign
    case UInt8(ascii: "!"), UInt8(ascii: "?"):
      // After an operand without a blank, each stands for itself: `x!=y` is `x!` and `=y`.
      if touchesOperand { place += 1 } else { skipSign(dotted: false) }
      return .sign
    case _ where Self.signBytes.contains(byte):
      skipSign(dotted: false)
      return .sign
    default:
      place += 1
      return "()[]{},;:.\\".utf8.contains(byte) ? .punctuation : .unknown
    }
  }

  private mutating func skipName() {
    while Self.isLetter(peek()) || Self.isDigit(peek()) { place += 1 }
  }

  private mutating func skipNumber() {
    if peek() == UInt8(ascii: "0"), [98, 111, 120].contains(peek(1)) {
      let isHexadecimal = peek(1) == UInt8(ascii: "x")
      place += 2
      while Self.isHexDigit(peek()) || peek() == UInt8(ascii: "_") { place += 1 }
      if isHexadecimal { skipHexFraction() }
    } else {
      skipDigits()
      if peek() == UInt8(ascii: "."), Self.isDigit(peek(1)) {
        place += 1
        skipDigits()
      }
      skipExponent(UInt8(ascii: "e"))
    }
    // Letters that belong to no number stay with it: `12ab` is one mistake.
    skipName()
  }

  private mutating func skipDigits() {
    while Self.isDigit(peek()) || peek() == UInt8(ascii: "_") { place += 1 }
  }

  /// `.8p3` or `p3`. Without the exponent the point is no part of the number: `0xff.description`.
  private mutating func skipHexFraction() {
    let start = place
    if peek() == UInt8(ascii: "."), Self.isHexDigit(peek(1)) {
      place += 1
      while Self.isHexDigit(peek()) || peek() == UInt8(ascii: "_") { place += 1 }
      if peek() | 32 != UInt8(ascii: "p") { place = start }
    }
    skipExponent(UInt8(ascii: "p"))
  }

  private mutating func skipExponent(_ letter: UInt8) {
    guard peek() | 32 == letter else { return }
    let signed = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-") ? 2 : 1
    guard Self.isDigit(peek(signed)) else { return }
    place += signed
    skipDigits()
  }

  /// `#if`, `#"raw"#`, `#/regex/#`, or hashes that mean nothing.
  private mutating func hash() -> SwiftToken.Kind {
    let hashes = run(of: UInt8(ascii: "#"), from: place)
    switch peek(hashes) {
    case UInt8(ascii: "\""):
      place += hashes
      skipString(hashes: hashes)
      return .string
    case UInt8(ascii: "/"):
      skipExtendedRegex(hashes: hashes)
      return .regex
    case let byte where hashes == 1 && Self.isLetter(byte):
      place += 1
      skipName()
      return .attribute
    default:
      place += hashes
      return .unknown
    }
  }

  /// A name in backticks; a backtick that none follows on its line stands for itself.
  private mutating func backtick() -> SwiftToken.Kind {
    var end = place + 1
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n") {
      if bytes[end] == UInt8(ascii: "`") {
        place = end + 1
        return .word
      }
      end += 1
    }
    place += 1
    return .unknown
  }

  private mutating func skipSign(dotted: Bool) {
    let start = place
    while place < bytes.count {
      // A comment ends a sign.
      if place > start, sees("//") || sees("/*") { return }
      guard Self.signBytes.contains(peek()) || (dotted && peek() == UInt8(ascii: ".")) else {
        return
      }
      place += 1
    }
  }

  // MARK: Regex literals

  /// Skips a regex `/…/`, or answers false where the slash divides.
  private mutating func skipRegex() -> Bool {
    guard place >= noRegexBefore, !followsOperand, ![32, 9, 10, 13, 0].contains(peek(1)) else {
      return false
    }
    var end = place + 1
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n") {
      if bytes[end] == UInt8(ascii: "\\") {
        end += 1
      } else if bytes[end] == UInt8(ascii: "/") {
        place = end + 1
        return true
      }
      end += 1
    }
    noRegexBefore = min(end, bytes.count)
    return false
  }

  /// Skips `#/…/#`, over several lines where nothing follows the first slash; an open one ends with its line or the source.
  private mutating func skipExtendedRegex(hashes: Int) {
    place += hashes + 1
    let isMultiline = peek() == UInt8(ascii: "\n") || peek() == UInt8(ascii: "\r")
    while place < bytes.count {
      switch peek() {
      case UInt8(ascii: "\n") where !isMultiline: return
      case UInt8(ascii: "\\"): place = min(place + 2, bytes.count)
      case UInt8(ascii: "/"):
        place += 1
        if closes(hashes, at: place) {
          place += hashes
          return
        }
      default: place += 1
      }
    }
  }

  /// Whether `hashes` hashes stand at `start`.
  func closes(_ hashes: Int, at start: Int) -> Bool {
    var end = start
    while end < bytes.count, end - start < hashes, bytes[end] == UInt8(ascii: "#") { end += 1 }
    return end - start == hashes
  }

  /// Whether the last token ends a value, after which a slash divides.
  private var followsOperand: Bool {
    guard let last = tokens.last else { return false }
    switch last.kind {
    case .number, .string, .regex: return true
    case .word: return !Self.openers.contains(String(decoding: bytes[last.range], as: UTF8.self))
    case .punctuation: return ")]}".utf8.contains(bytes[last.range.lowerBound])
    case .sign:
      // Postfix signs end a value too: `x!/2`.
      return last.range.count == 1 && "!?".utf8.contains(bytes[last.range.lowerBound])
    case .attribute, .unknown: return false
    }
  }

  /// Whether a value ends right at the place, without a blank.
  private var touchesOperand: Bool { tokens.last?.range.upperBound == place && followsOperand }

  /// Keywords that a value follows.
  private static let openers: Set<String> = [
    "return", "throw", "try", "await", "case", "in", "if", "guard", "while", "switch", "where",
    "else", "is", "as", "repeat", "yield",
  ]
}
