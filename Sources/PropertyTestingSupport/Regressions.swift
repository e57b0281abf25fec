import Foundation

/// Cases that failed once and are run before all others, kept in a file beside the tests.
///
/// `Regressions/blocks-never-overlap.choices` belongs to the property "blocks never overlap". Each line is one
/// case: the draws as a failure prints them, whole numbers separated by spaces. Empty lines are skipped, and
/// so is what follows `#`: say there what was wrong. A test target excludes the folder in `Package.swift`.
/// Draws mean what the property makes of them: a case outlives no change of what the property draws.
struct Regressions: Sendable, Equatable {
  /// The property's name in lower case, hyphens for all but letters and digits.
  let slug: String
  /// From the test target's folder on, for messages: `HeapTests/Regressions/blocks-never-overlap.choices`.
  let path: String
  /// The draws of each case.
  private(set) var cases: [[UInt64]] = []
  /// For each case the number of its line.
  private(set) var lines: [Int] = []

  /// Reads the cases of the property called `name` from the folder beside `testFile`; none without a file.
  init(of name: String, beside testFile: String) throws {
    let folder = URL(fileURLWithPath: testFile).deletingLastPathComponent()
    slug = name.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    path = "\(folder.lastPathComponent)/Regressions/\(slug).choices"
    let file = folder.appending(path: "Regressions/\(slug).choices")
    guard FileManager.default.fileExists(atPath: file.path) else { return }
    try parse(String(contentsOf: file, encoding: .utf8))
  }

  private mutating func parse(_ text: String) throws {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let words = line.prefix { $0 != "#" }
      if words.allSatisfy(\.isWhitespace) { continue }
      guard let choices = parseChoices(words) else {
        throw MalformedRegression(path: path, line: index + 1, text: String(line))
      }
      cases.append(choices)
      lines.append(index + 1)
    }
  }
}

/// A line of a file of regressions that is no list of draws.
struct MalformedRegression: Error, Equatable, CustomStringConvertible {
  let path: String
  let line: Int
  let text: String
  var description: String {
    "\(path):\(line): not whole numbers separated by spaces: \"\(text)\""
  }
}
