/// One word or sign of Swift source; blanks and comments lie between tokens.
struct SwiftToken: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    /// A name or keyword, with its backticks.
    case word
    case number
    /// A whole string literal, with what is interpolated into it.
    case string
    case regex
    /// `+`, `..<`, `->`, and also `=`.
    case sign
    /// A bracket, or one of `,` `;` `:` `.` `\`.
    case punctuation
    /// `@name`, or `#name` as in `#if`.
    case attribute
    /// Something that no Swift source has outside of strings.
    case unknown
  }

  let kind: Kind
  /// Where the token stands in the source, in UTF-8 bytes.
  let range: Range<Int>
  /// Whether it is the first token of its line.
  let startsLine: Bool
}

/// Swift source cut into tokens.
///
/// The cut is total: any text gives tokens, in time linear in its length, and none is refused. What the compiler
/// would refuse (an open string, a stray byte) becomes some token, so callers let the compiler judge.
struct SwiftTokens: Sendable {
  /// The source's bytes.
  let bytes: [UInt8]
  let tokens: [SwiftToken]
  /// For an opening bracket the index of the bracket that closes it, for a closing one that of the one it closes;
  /// nil for other tokens and where a bracket's partner is missing.
  let partners: [Int?]

  init(_ source: String) {
    var lexer = SwiftLexer(Array(source.utf8))
    tokens = lexer.run()
    bytes = lexer.bytes
    partners = Self.partners(of: tokens, in: bytes)
  }

  /// The text of the token at `index`; empty where there is none.
  subscript(index: Int) -> String {
    tokens.indices.contains(index) ? text(tokens[index].range) : ""
  }

  /// Whether the token at `index` reads `text`. Cheaper than making its text.
  func reads(_ index: Int, _ text: StaticString) -> Bool {
    guard tokens.indices.contains(index) else { return false }
    let range = tokens[index].range
    guard range.count == text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { $0.elementsEqual(bytes[range]) }
  }

  /// The source's text in a range of bytes.
  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// The texts of the tokens from one index to another.
  func texts(_ indices: Range<Int>) -> [String] { indices.map { self[$0] } }

  /// The number of the line that holds the byte at `offset`, counted from 1. O(offset).
  func line(at offset: Int) -> Int {
    bytes[..<offset].count { $0 == UInt8(ascii: "\n") } + 1
  }

  private static func partners(of tokens: [SwiftToken], in bytes: [UInt8]) -> [Int?] {
    var partners = [Int?](repeating: nil, count: tokens.count)
    var open: [(index: Int, byte: UInt8)] = []
    var openBraces = 0
    for (index, token) in tokens.enumerated() where token.kind == .punctuation {
      let byte = bytes[token.range.lowerBound]
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        if byte == UInt8(ascii: "{") { openBraces += 1 }
        open.append((index, byte))
      case UInt8(ascii: "}") where openBraces > 0:
        // A brace also ends the brackets that were forgotten within it.
        while let last = open.popLast() {
          guard last.byte == UInt8(ascii: "{") else { continue }
          openBraces -= 1
          partners[index] = last.index
          partners[last.index] = index
          break
        }
      case UInt8(ascii: ")"), UInt8(ascii: "]"):
        let wanted = byte == UInt8(ascii: ")") ? UInt8(ascii: "(") : UInt8(ascii: "[")
        guard let last = open.last, last.byte == wanted else { continue }
        open.removeLast()
        partners[index] = last.index
        partners[last.index] = index
      default: break
      }
    }
    return partners
  }
}
