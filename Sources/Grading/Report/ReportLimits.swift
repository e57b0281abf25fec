/// How much a report shows of what comes from a submission: every bound on it, in one place.
///
/// A worker's program chooses its own answers, prints what it likes and may not compile in a thousand places. Whatever it is,
/// a report stays short, and making one takes time for the size of what is shown.
enum ReportLimits {
  /// Bytes of one text: what was expected, what was found, a reason, the compiler's message.
  static let textBytes = 16 << 10
  /// Bytes of one step, of one answer and of one line of a picture.
  static let lineBytes = 1 << 10
  /// Numbers of one answer.
  static let numbers = 1_000

  /// Lines of what was expected, and of what was found.
  static let lines = 10
  /// Steps, and lines of them; where there are more steps, the first ones and the last ones.
  static let steps = 24
  static let firstSteps = 8
  /// Lines of a picture of memory.
  static let pictureLines = 20
  /// Lines of what was printed that a failure shows: so many first ones, and as many last ones.
  static let printedEnds = 4
  /// Lines of the compiler's message.
  static let messageLines = 60

  /// Operations, answers and steps of a counterexample in the JSON report.
  static let operations = 1_000
  /// Printed lines that `grade replay` shows under one step, and under all steps together.
  static let printedLinesOfStep = 40
  static let printedLinesOfReplay = 2_000
  /// Operations up to which a replay file says what came of each.
  static let notedOperations = 10_000
}

extension String {
  /// The text as a report shows it: its first `bytes` bytes without control characters, and a word on how many there are where
  /// some are left out. O(`bytes`).
  func shown(_ bytes: Int = ReportLimits.textBytes) -> String {
    guard utf8.count > bytes else { return printable }
    var end = utf8.index(utf8.startIndex, offsetBy: bytes)
    while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
    return self[..<end].printable + "… (\(Amount.grouped(utf8.count)) bytes in all)"
  }

  /// The text as one line: where it has several, the first and a sign that it goes on.
  var shownLine: String {
    let text = shown(ReportLimits.lineBytes)
    guard let end = text.unicodeScalars.firstIndex(of: "\n") else { return text }
    return String(text[..<end]) + " …"
  }
}

extension Array where Element == String {
  /// The first lines, and a word on how many are left out where there are more than `most`.
  func cut(to most: Int) -> [String] {
    guard count > most else { return self }
    return prefix(most - 1) + ["… \(Amount.of(count - most + 1, "more line"))"]
  }
}

/// Numbers as people read them.
enum Amount {
  /// `1,234`.
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number).utf8)
    var text: [UInt8] = []
    for (index, digit) in digits.enumerated() {
      let left = digits.count - index
      if index > 0, left.isMultiple(of: 3), digits[index - 1] != UInt8(ascii: "-") {
        text.append(UInt8(ascii: ","))
      }
      text.append(digit)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// `1 line`, `1,234 lines`.
  static func of(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(grouped(number)) \(noun)s"
  }
}
