import Foundation

/// One realistic bug, kept as the few lines that make it out of a correct submission.
public struct Mutant: Hashable, Sendable {
  /// Lines of one file and what stands there instead.
  public struct Edit: Hashable, Sendable {
    public let file: String
    public let find: [String]
    public let replace: [String]
  }

  /// The file's name without `.mutant`.
  public let id: String
  /// Folder of the correct submission, from the root.
  public let base: String
  /// What somebody who writes this bug believes.
  public let belief: String
  /// Where the bug was seen.
  public let source: String
  /// Id of the check that must fail.
  public let caughtBy: String
  /// Fewest steps that show the bug; nil where the check has no sequence.
  public let shortest: Int?
  /// Points of 100 that the bug must leave.
  public let minimumScore: Int
  /// Why the minimum is below the usual one.
  public let note: String?
  public let edits: [Edit]

  /// A mutant must leave so many points unless its file gives a reason.
  static let usualMinimum = 40
  static let mostChangedLines = 10

  /// Reads a mutant's file.
  ///
  /// - Parameters:
  ///   - text: the file's text.
  ///   - id: the file's name without `.mutant`.
  /// - Throws: ``MutantError`` with the line that is wrong.
  public init(parsing text: String, id: String) throws(MutantError) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    while lines.last == "" { lines.removeLast() }
    let start = lines.firstIndex { $0.hasPrefix("---") } ?? lines.count
    let header = try Self.header(lines[..<start])
    func value(_ key: String) throws(MutantError) -> String {
      guard let value = header[key], !value.isEmpty else {
        throw MutantError("“\(key):” is missing in the header")
      }
      return value
    }
    self.id = id
    base = try value("base")
    belief = try value("belief")
    source = try value("source")
    caughtBy = try value("caught-by")
    note = header["note"]
    let steps = try value("shortest")
    shortest = Int(steps)
    guard steps == "-" || shortest.map({ $0 >= 0 }) == true else {
      throw MutantError("“shortest: \(steps)” is neither a number of steps nor -")
    }
    minimumScore = Int(header["minimum-score"] ?? "\(Self.usualMinimum)") ?? -1
    guard (0...100).contains(minimumScore) else {
      throw MutantError("“minimum-score: \(header["minimum-score"] ?? "")” is not from 0 to 100")
    }
    guard minimumScore >= Self.usualMinimum || note != nil else {
      throw MutantError(
        "a minimum-score below \(Self.usualMinimum) needs a “note:” with the reason")
    }
    edits = try Self.edits(lines, from: start)
  }

  private static func header(
    _ lines: ArraySlice<String>
  ) throws(MutantError) -> [String: String] {
    let keys = [
      "base", "belief", "source", "caught-by", "shortest", "minimum-score", "note",
    ]
    var header: [String: String] = [:]
    for (index, line) in zip(lines.indices, lines) where !line.isEmpty {
      guard let colon = line.firstIndex(of: ":"), keys.contains(String(line[..<colon])) else {
        throw MutantError(
          "line \(index + 1): expected one of \(keys.joined(separator: ", ")), found “\(line)”")
      }
      let key = String(line[..<colon])
      guard header[key] == nil else {
        throw MutantError("line \(index + 1): “\(key):” stands twice")
      }
      header[key] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return header
  }

  private static func edits(
    _ lines: [String], from start: Int
  ) throws(MutantError) -> [Edit] {
    var edits: [Edit] = []
    var index = start
    while index < lines.count {
      let words = lines[index].split(separator: " ").map(String.init)
      guard words.count == 3, words[0] == "---", words[1] == "find" else {
        throw MutantError("line \(index + 1): expected “--- find FILE”, found “\(lines[index])”")
      }
      guard let middle = lines[index...].firstIndex(of: "--- replace") else {
        throw MutantError("line \(index + 1): no “--- replace” follows")
      }
      let end = lines[middle...].firstIndex { $0.hasPrefix("--- find") } ?? lines.count
      let edit = Edit(
        file: words[2], find: Array(lines[(index + 1)..<middle]),
        replace: Array(lines[(middle + 1)..<end]))
      guard !edit.find.isEmpty else {
        throw MutantError("line \(index + 1): there are no lines to find")
      }
      guard edit.find != edit.replace else {
        throw MutantError("line \(index + 1): the edit changes nothing")
      }
      edits.append(edit)
      index = end
    }
    guard !edits.isEmpty else { throw MutantError("it has no edits") }
    return edits
  }

  /// The base's files with the edits made.
  ///
  /// - Throws: ``MutantError`` when an edit's lines do not occur exactly once, or too many lines change.
  public func apply(to base: [SourceFile]) throws(MutantError) -> [SourceFile] {
    var files = base
    var changed = 0
    for edit in edits {
      guard let place = files.firstIndex(where: { $0.name == edit.file }) else {
        throw MutantError("\(self.base) has no file \(edit.file)")
      }
      var lines = files[place].text.split(separator: "\n", omittingEmptySubsequences: false)
        .map(String.init)
      let found = lines.indices.filter { lines[$0...].starts(with: edit.find) }
      guard found.count == 1 else {
        throw MutantError(
          "the lines to find, from “\(edit.find[0].trimmingCharacters(in: .whitespaces))”, occur "
            + "\(found.isEmpty ? "nowhere" : "\(found.count) times") in \(edit.file)")
      }
      lines.replaceSubrange(found[0]..<(found[0] + edit.find.count), with: edit.replace)
      files[place] = SourceFile(name: edit.file, text: lines.joined(separator: "\n"))
      let difference = edit.replace.difference(from: edit.find)
      changed += max(difference.insertions.count, difference.removals.count)
    }
    guard changed <= Self.mostChangedLines else {
      throw MutantError("it changes \(changed) lines; at most \(Self.mostChangedLines) are one bug")
    }
    return files
  }
}

/// Why a mutant's file is not one.
public struct MutantError: Error, Hashable, Sendable {
  public let message: String

  init(_ message: String) { self.message = message }
}
