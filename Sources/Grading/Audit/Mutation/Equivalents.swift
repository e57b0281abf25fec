import Foundation

/// The mutations of a lab that were judged to be no fault, each with its reason: `grading/<Lab>/equivalent`.
///
/// Entries are separated by blank lines; lines that begin with `#` are comments:
/// ```
/// base: Solutions/BuddySystem
/// in: BuddySystem.swift free(_:order:)
/// rule: statement-left-out
/// - use[frame] = .inside
/// why: insert() writes it again
/// ```
struct Equivalents: Sendable {
  struct Entry: Hashable, Sendable {
    let identity: Mutation.Identity
    let reason: String
    /// Where the entry begins in its file.
    let line: Int
  }

  let entries: [Entry]
  private let reasons: [Mutation.Identity: String]

  init(entries: [Entry] = []) {
    self.entries = entries
    reasons = Dictionary(
      entries.map { ($0.identity, $0.reason) }, uniquingKeysWith: { first, _ in first })
  }

  /// Reads a lab's file; none is an empty one.
  ///
  /// - Throws: ``GradingError/usage(_:)`` with the line that is wrong.
  init(lab: String, course: Course) throws(GradingError) {
    let path = "grading/\(lab)/equivalent"
    guard let data = FileManager.default.contents(atPath: course.path(path)) else {
      self.init()
      return
    }
    try self.init(parsing: String(decoding: data, as: UTF8.self), named: path)
  }

  init(parsing text: String, named name: String) throws(GradingError) {
    var entries: [Entry] = []
    var lines: [(number: Int, text: String)] = []
    let all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) + [""]
    for (index, line) in all.enumerated() where !line.hasPrefix("#") {
      if !line.allSatisfy(\.isWhitespace) {
        lines.append((index + 1, line))
      } else if !lines.isEmpty {
        let entry = try Self.entry(lines, name)
        if let other = entries.first(where: { $0.identity == entry.identity }) {
          throw .usage("\(name):\(entry.line): the same stands at line \(other.line)")
        }
        entries.append(entry)
        lines = []
      }
    }
    self.init(entries: entries)
  }

  private static func entry(
    _ lines: [(number: Int, text: String)], _ name: String
  ) throws(GradingError) -> Entry {
    var values: [String: String] = [:]
    var before: [String] = []
    var after: [String] = []
    for (number, line) in lines {
      if line.hasPrefix("- ") {
        before.append(String(line.dropFirst(2)))
      } else if line.hasPrefix("+ ") {
        after.append(String(line.dropFirst(2)))
      } else if let colon = line.firstIndex(of: ":"),
        ["base", "in", "rule", "why"].contains(line[..<colon])
      {
        values[String(line[..<colon])] =
          line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      } else {
        throw .usage("\(name):\(number): expected base:, in:, rule:, why:, - or +, found “\(line)”")
      }
    }
    func value(_ key: String) throws(GradingError) -> String {
      guard let value = values[key], !value.isEmpty else {
        throw .usage("\(name):\(lines[0].number): “\(key):” is missing")
      }
      return value
    }
    let place = try value("in").split(separator: " ", maxSplits: 1).map(String.init)
    guard place.count == 2 else {
      throw .usage("\(name):\(lines[0].number): “in:” names a file and a function")
    }
    guard let rule = MutationRule(rawValue: try value("rule")) else {
      throw .usage(
        "\(name):\(lines[0].number): "
          + Names.unknown("rule", values["rule"] ?? "", of: MutationRule.allCases.map(\.rawValue)))
    }
    let identity = Mutation.Identity(
      base: try value("base"), file: place[0], place: place[1], rule: rule, before: before,
      after: after)
    return Entry(identity: identity, reason: try value("why"), line: lines[0].number)
  }

  /// The entries that none of `mutations` is like: their base has changed.
  func stale(_ mutations: [Mutation]) -> [Entry] {
    let known = Set(mutations.map(\.identity))
    return entries.filter { !known.contains($0.identity) }
  }

  /// Why the mutation is no fault, or nil where nobody has judged so.
  func reason(for mutation: Mutation) -> String? { reasons[mutation.identity] }
}
