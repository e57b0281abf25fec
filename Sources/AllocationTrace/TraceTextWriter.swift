/// Prints a trace piece by piece into a buffer of bytes, so that a large file is never whole in memory.
public struct TraceTextWriter: Sendable {
  /// The verbs that the operations index.
  public let vocabulary: Vocabulary

  public init(vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  /// Appends the header's lines and the empty line after them.
  ///
  /// Line ends within a value are printed as spaces: a value is the rest of one line.
  public func append(header: TraceHeader, to bytes: inout [UInt8]) {
    bytes += TraceText.signature.utf8
    bytes += "\nvocabulary: \(vocabulary.name)\n".utf8
    for field in header.fields {
      bytes += field.key.utf8
      bytes += ": ".utf8
      bytes += field.value.utf8.map {
        $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? 32 : $0
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Appends the line of `operation`, and `note` as a comment at its end.
  public func append(_ operation: TraceOperation, note: String? = nil, to bytes: inout [UInt8]) {
    let verb = vocabulary.verb(of: operation)
    bytes += verb.name.utf8
    for (parameter, argument) in zip(verb.parameters, operation.arguments) {
      bytes.append(UInt8(ascii: " "))
      if !parameter.name.isEmpty {
        bytes += parameter.name.utf8
        bytes.append(UInt8(ascii: "="))
      }
      append(argument, to: &bytes)
    }
    if let note {
      bytes += "  // ".utf8
      bytes += note.utf8.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? 32 : $0 }
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  private func append(_ argument: Argument, to bytes: inout [UInt8]) {
    switch argument {
    case .number(let number): append(number, to: &bytes)
    case .block(let handle):
      bytes.append(UInt8(ascii: "#"))
      append(handle.operation, to: &bytes)
      if handle.offset != 0 {
        if handle.offset > 0 { bytes.append(UInt8(ascii: "+")) }
        append(handle.offset, to: &bytes)
      }
    case .text(let text): append(text, to: &bytes)
    }
  }

  private func append(_ number: Int, to bytes: inout [UInt8]) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    var magnitude = number.magnitude
    let start = bytes.count
    repeat {
      let (quotient, digit) = magnitude.quotientAndRemainder(dividingBy: 10)
      bytes.append(UInt8(ascii: "0") + UInt8(digit))
      magnitude = quotient
    } while magnitude != 0
    bytes[start...].reverse()
  }

  private func append(_ text: String, to bytes: inout [UInt8]) {
    guard needsQuotes(text) else {
      bytes += text.utf8
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case UInt8(ascii: "\n"): bytes += "\\n".utf8
      case UInt8(ascii: "\r"): bytes += "\\r".utf8
      case UInt8(ascii: "\t"): bytes += "\\t".utf8
      case 0..<32, 127:
        bytes += "\\x".utf8
        for digit in [byte >> 4, byte & 15] {
          bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Whether `text` would be misread bare: it is empty, holds a space, a quote, a backslash or a control byte, or could open a comment.
  private func needsQuotes(_ text: String) -> Bool {
    if text.isEmpty || text.utf8.starts(with: "//".utf8) { return true }
    return text.utf8.contains {
      $0 <= 32 || $0 == 127 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\")
    }
  }
}
