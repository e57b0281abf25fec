import Foundation

/// A Swift file of a submission.
public struct SourceFile: Sendable {
  /// The file's name without its folder.
  public let name: String
  public let text: String
  /// The file's path as the person who asked would write it, for messages; its name unless said.
  public let place: String

  public init(name: String, text: String, place: String? = nil) {
    self.name = name
    self.text = text
    self.place = place ?? name
  }

  /// Whether both say the same on every line.
  ///
  /// A file that went through an editor on Windows, and so has other line ends or a byte order mark, is still the same.
  func isSame(as other: SourceFile) -> Bool {
    name == other.name && lines == other.lines
  }

  /// The text's lines without their ends, be these LF or CRLF, and without a byte order mark.
  ///
  /// Bytes are compared, not characters: CR and LF together are one character of Swift's, and no LF.
  var lines: [Substring] { Self.lines(of: text) }

  /// The lines of a text, see ``lines``.
  static func lines(of text: String) -> [Substring] {
    let bytes =
      text.utf8.starts(with: [0xEF, 0xBB, 0xBF]) ? text.utf8.dropFirst(3) : text.utf8[...]
    return bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
      Substring($0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0)
    }
  }
}

/// Where a file lies is no part of what it is.
extension SourceFile: Hashable {
  public static func == (a: SourceFile, b: SourceFile) -> Bool {
    a.name.utf8.elementsEqual(b.name.utf8) && a.text.utf8.elementsEqual(b.text.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(text)
  }
}
