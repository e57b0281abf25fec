/// What text from elsewhere may do to the screen that it is read on: nothing but stand there.
extension StringProtocol {
  /// The text without what could rewrite the screen or turn the order of what stands on it: control characters, overrides of
  /// the writing direction and characters without width become U+FFFD, and of marks that pile up on one character four stay.
  ///
  /// Tabs and newlines stay. O(length).
  public var printable: String {
    guard utf8.contains(where: { !(0x20...0x7E).contains($0) && $0 != 10 && $0 != 9 }) else {
      return String(self)
    }
    var result = String.UnicodeScalarView()
    var marks = 0
    for scalar in unicodeScalars {
      if scalar.isUnprintable {
        result.append("\u{FFFD}")
        marks = 0
      } else if scalar.columns == 0 {
        marks += 1
        if marks <= 4 { result.append(scalar) }
      } else {
        result.append(scalar)
        marks = 0
      }
    }
    return String(result)
  }

  /// The columns that the text takes on a terminal, where it stands in one line.
  var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }
}

extension Unicode.Scalar {
  /// Columns on a terminal: none for a mark on the character before it, two for a wide character.
  var columns: Int {
    if value < 0x300 { return 1 }
    switch properties.generalCategory {
    // The selector that asks for a coloured picture makes the character before it wide on many terminals.
    case .nonspacingMark, .enclosingMark: return value == 0xFE0F ? 1 : 0
    default: return isWide ? 2 : 1
    }
  }

  private var isWide: Bool {
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
      0x1F900...0x1FAFF, 0x20000...0x3FFFD:
      true
    default: properties.isEmojiPresentation
    }
  }

  fileprivate var isUnprintable: Bool {
    switch properties.generalCategory {
    case .control: self != "\n" && self != "\t"
    case .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
