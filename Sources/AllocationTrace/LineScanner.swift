/// Reads the words of one line of a trace from left to right, in place.
struct LineScanner {
  private let line: UnsafeBufferPointer<UInt8>
  private var place = 0
  /// The place after the last byte that is not a space.
  private let end: Int

  init(_ line: UnsafeBufferPointer<UInt8>) {
    self.line = line
    var end = line.count
    while end > 0, Self.isSpace(line[end - 1]) { end -= 1 }
    self.end = end
    skipSpaces()
  }

  /// Whether nothing is left but a comment.
  var atEnd: Bool {
    place == end
      || place + 1 < end && line[place] == UInt8(ascii: "/") && line[place + 1] == UInt8(ascii: "/")
  }

  /// The bytes up to the next space; empty at the end.
  mutating func word() -> Slice<UnsafeBufferPointer<UInt8>> {
    guard !atEnd else { return line[place..<place] }
    let start = place
    while place < end, !Self.isSpace(line[place]) { place += 1 }
    defer { skipSpaces() }
    return line[start..<place]
  }

  /// The rest of the line, comments included.
  mutating func rest() -> Slice<UnsafeBufferPointer<UInt8>> {
    defer { place = end }
    return line[place..<end]
  }

  /// The argument for `parameter` at this place.
  mutating func argument(
    _ parameter: Parameter, of verb: Verb, _ texts: inout TextCache
  ) throws(ScanError) -> Argument {
    let start = place
    if !parameter.name.isEmpty {
      guard take(parameter.name), take("=") else { throw unexpected(parameter, verb, start) }
    }
    switch parameter.kind {
    case .number:
      guard let number = number(), isWordEnd else { throw unexpected(parameter, verb, start) }
      skipSpaces()
      return .number(number)
    case .block:
      guard let block = block(), isWordEnd else { throw unexpected(parameter, verb, start) }
      skipSpaces()
      return block
    case .text:
      if parameter.name.isEmpty && atEnd { throw unexpected(parameter, verb, start) }
      defer { skipSpaces() }
      return .text(try text(&texts))
    }
  }

  private func unexpected(_ parameter: Parameter, _ verb: Verb, _ start: Int) -> ScanError {
    var scanner = self
    scanner.place = start
    let found = scanner.atEnd ? "the end of the line" : "`\(clipped(scanner.word()))`"
    return ScanError("expected `\(parameter.usage)` in `\(verb.usage)`, found \(found)")
  }

  /// A number in decimal, which must fit 64 bits.
  private mutating func number() -> Int? {
    let isNegative = place < end && line[place] == UInt8(ascii: "-")
    if isNegative { place += 1 }
    let start = place
    var value = 0
    while place < end, case let digit = line[place] &- UInt8(ascii: "0"), digit < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, more) =
        isNegative
        ? product.subtractingReportingOverflow(Int(digit))
        : product.addingReportingOverflow(Int(digit))
      if overflow || more { return nil }
      value = sum
      place += 1
    }
    return place == start ? nil : value
  }

  /// `#3`, `#3+1`, or a plain number.
  private mutating func block() -> Argument? {
    guard place < end, line[place] == UInt8(ascii: "#") else {
      return number().map(Argument.number)
    }
    place += 1
    guard let operation = number(), operation >= 0 else { return nil }
    guard place < end, !Self.isSpace(line[place]) else { return .block(Handle(operation)) }
    if line[place] == UInt8(ascii: "+") {
      place += 1
      guard place < end, line[place] != UInt8(ascii: "-") else { return nil }
    } else if line[place] != UInt8(ascii: "-") {
      return nil
    }
    return number().map { .block(Handle(operation, offset: $0)) }
  }

  private mutating func text(_ texts: inout TextCache) throws(ScanError) -> String {
    guard place < end, line[place] == UInt8(ascii: "\"") else {
      let start = place
      while place < end, !Self.isSpace(line[place]) { place += 1 }
      return try texts.text(line[start..<place])
    }
    place += 1
    var bytes: [UInt8] = []
    while place < end, line[place] != UInt8(ascii: "\"") {
      if line[place] == UInt8(ascii: "\\") {
        place += 1
        guard let byte = escape() else {
          throw ScanError(
            "expected \\\", \\\\, \\n, \\r, \\t or \\xHH after the backslash in a quoted text")
        }
        bytes.append(byte)
      } else {
        bytes.append(line[place])
        place += 1
      }
    }
    guard place < end else {
      throw ScanError("expected a closing quote before the end of the line")
    }
    place += 1
    guard isWordEnd else { throw ScanError("expected a space after the closing quote") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ScanError("the quoted text is not UTF-8")
    }
    return text
  }

  /// The byte that the escape after a backslash stands for.
  private mutating func escape() -> UInt8? {
    guard place < end else { return nil }
    let letter = line[place]
    place += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return letter
    case UInt8(ascii: "n"): return 10
    case UInt8(ascii: "r"): return 13
    case UInt8(ascii: "t"): return 9
    case UInt8(ascii: "x"):
      guard place + 1 < end else { return nil }
      let digits = String(decoding: line[place..<place + 2], as: UTF8.self)
      place += 2
      return digits.first == "+" ? nil : UInt8(digits, radix: 16)
    default: return nil
    }
  }

  private var isWordEnd: Bool { place == end || Self.isSpace(line[place]) }

  private mutating func take(_ expected: String) -> Bool {
    let bytes = expected.utf8
    guard end - place >= bytes.count, bytes.elementsEqual(line[place..<place + bytes.count]) else {
      return false
    }
    place += bytes.count
    return true
  }

  private mutating func skipSpaces() {
    while place < end, Self.isSpace(line[place]) { place += 1 }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
}

/// Makes each of a trace's recurring texts once, so that reading a line allocates no new one.
struct TextCache {
  private var texts = [String](repeating: "", count: 256)

  /// The text of `bytes`, which must be UTF-8.
  mutating func text(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) throws(ScanError) -> String {
    var hash: UInt32 = 0x811c_9dc5
    for byte in bytes { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
    let slot = Int(hash & 255)
    if equal(bytes, texts[slot]) { return texts[slot] }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ScanError("the text is not UTF-8")
    }
    texts[slot] = text
    return text
  }
}
