import AllocationTrace
import Foundation
import Labs
import Testing

@testable import Grading

/// No text from a submission traps a report, breaks out of its lines, or reaches the terminal as more than text.
@Suite struct ReportFuzzTests {
  /// Numbers from a fixed seed.
  struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  static let pieces = [
    " ", "  ", String(repeating: " ", count: 120), "\t", "\n", "\r\n", "\r", "\0", "a", "word", "…",
    String(repeating: "x", count: 130), "👩‍👩‍👧‍👦", "🇩🇪", "e\u{301}",
    String(repeating: "\u{301}", count: 40),
    "全角", "\u{200B}", "\u{202E}", "\u{2066}", "\u{FEFF}", "\u{2028}", "\u{85}", "\u{9B}31m",
    "\u{1B}[31m",
    "\u{7F}", "☃\u{FE0F}", "\u{AD}", "\u{10FFFF}", "✘", "note:", "\u{1100}\u{1161}",
  ]

  static func text(_ dice: inout Dice, pieces count: Int) -> String {
    (0..<Int.random(in: 0...count, using: &dice)).map { _ in
      pieces.randomElement(using: &dice)!
    }.joined()
  }

  /// What a terminal would do more with than show it.
  static func isPlain(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control: scalar == "\n"
      case .format, .lineSeparator, .paragraphSeparator: false
      default: true
      }
    }
  }

  @Test func everyLineFits() {
    var dice = Dice(state: 8)
    for _ in 0..<3_000 {
      let columns = Int.random(in: 2...100, using: &dice)
      let text = Self.text(&dice, pieces: 30)
      for line in Style.lines(text, columns: columns) {
        #expect(line.columns <= columns)
        #expect(Self.isPlain(line) && !line.contains("\n"))
      }
      let parts = (0..<3).map { _ in Self.text(&dice, pieces: 6) }
      for line in Style.joined(parts, separator: ";  ", columns: columns) {
        #expect(line.columns <= columns)
      }
      let style = Style(width: columns)
      #expect(
        style.spread(text.shownLine, "1 of 2 points", column: 72).columns <= min(72, style.width))
    }
  }

  @Test func nothingIsLost() {
    var dice = Dice(state: 9)
    for _ in 0..<1_000 {
      let text = Self.text(&dice, pieces: 20).printable.replacing("\t", with: "    ")
      let lines = Style.lines(text, columns: Int.random(in: 2...100, using: &dice))
      let blanks: Set<Unicode.Scalar> = [" ", "\n"]
      #expect(
        lines.joined().unicodeScalars.filter { !blanks.contains($0) }.elementsEqual(
          text.unicodeScalars.filter { !blanks.contains($0) }))
    }
  }

  @Test(arguments: [60, 73, 80, 99, 100]) func reportsStayWithinTheirLines(width: Int) {
    var dice = Dice(state: UInt64(width))
    for _ in 0..<40 {
      let result = Self.result(&dice) { Self.text(&$0, pieces: 25) }
      let text = TextReport(
        result, commands: Commands(labs: [.boxes]), style: Style(width: width), all: true,
        courseLabs: [.boxes]
      ).text
      #expect(Self.isPlain(text))
      for line in text.split(separator: "\n") {
        // Commands (swift run grade …, swift test …) stay whole, so that they can be copied.
        #expect(line.columns <= width || line.contains("swift "), "\(line)")
      }
      #expect(Self.isPlain(JSONReport(result).text))
    }
  }

  static let long: [@Sendable () -> String] = [
    { String(repeating: "x", count: 1 << 20) }, { String(repeating: " ", count: 1 << 20) },
    { String(repeating: "\u{301}", count: 1 << 19) },
    { String(repeating: "line\n", count: 100_000) },
    { "a" + String(repeating: "\u{200D}", count: 1 << 18) },
    { String(repeating: "word ", count: 200_000) }, { String(repeating: "👩‍👩‍👧‍👦", count: 40_000) },
    { String(repeating: "\n", count: 1 << 20) },
  ]

  @Test(arguments: long.indices) func longTextsAreShort(index: Int) {
    let text = Self.long[index]()
    var dice = Dice(state: 1)
    let result = Self.result(&dice) { _ in text }
    let report = TextReport(
      result, commands: Commands(labs: [.boxes]), all: true, courseLabs: [.boxes]
    ).text
    #expect(report.utf8.count < 200_000)
    #expect(report.split(separator: "\n", omittingEmptySubsequences: false).count < 700)
    #expect(JSONReport(result).text.utf8.count < 2_000_000)
    _ = Style.lines(text, columns: 60)
  }

  /// A result in which every text that a submission can choose is made by `text`.
  static func result(
    _ dice: inout Dice, _ text: (inout Dice) -> String
  ) -> CourseResult {
    let endings: [Transcript.Ending] = [
      .complete, .crashed(text(&dice)), .garbled(text(&dice)),
      .timedOut(seconds: 3, while: .printing), .outOfTime,
    ]
    var checks = Lab.boxes.checks.enumerated().map { index, check in
      CheckResult(
        check: check,
        verdict: .failed(
          Counterexample(
            operations: [TraceOperation(verb: 0)],
            transcript: Transcript(
              outcomes: [.text(text(&dice)), .refused(text(&dice)), .numbers([1])],
              ending: endings[index]),
            steps: (0..<30).map { _ in text(&dice) }, expected: text(&dice), found: text(&dice),
            picture: (0..<30).map { _ in text(&dice) })),
        printed: Printed(text(&dice)))
    }
    checks.append(
      CheckResult(check: Lab.boxes.checks[0], verdict: .unfinished(reason: text(&dice))))
    checks.append(
      CheckResult(check: Lab.boxes.checks[0], verdict: .notJudged(reason: text(&dice))))
    checks.append(CheckResult(check: Lab.boxes.checks[0], verdict: .passed(note: text(&dice))))
    let outcomes: [LabResult.Outcome] = [
      .judged(checks), .refused(text(&dice)),
      .notBuilt(BuildFailure(title: "Boxes does not compile", message: text(&dice))),
    ]
    return CourseResult(
      course: "shelves", seed: 1,
      labs: outcomes.map { LabResult(lab: .boxes, weight: 1, outcome: $0) }, confinement: nil)
  }

  @Test func aCompilerMessageRightOfTheEdgeIsShown() throws {
    let sandbox = try Sandbox()
    sandbox.workshop.message =
      "Boxes.swift:1:120: error: no\n1 | \(String(repeating: " ", count: 119))x\n  | \(String(repeating: " ", count: 119))`- error: no"
    try sandbox.submit("nonsense")
    #expect(
      sandbox.grade("Boxes").output.contains(
        "  Boxes.swift:1:120: error: no\n  1 |\n  x\n    |\n  `- error: no\n"))
  }
}
