/// A type that a submission declares, by a look at its text; good enough for advice.
struct Declaration {
  var name: String
  var inherits: [String]
  var isHidden: Bool
  /// The file as messages name it.
  var file: String
  var line: Int

  private static let keywords: Set<Substring> = ["struct", "class", "enum", "actor", "typealias"]

  /// The declarations of all files; a longer line than people write is looked at no further.
  static func all(in files: [SourceFile]) -> [Declaration] {
    var found: [Declaration] = []
    for file in files {
      for (index, line) in file.lines.enumerated() {
        let words = line.prefix(400).prefix { $0 != "{" && $0 != "/" }.split {
          !($0.isLetter || $0.isNumber || $0 == "_")
        }
        guard let keyword = words.firstIndex(where: { keywords.contains($0) }),
          keyword + 1 < words.count
        else { continue }
        found.append(
          Declaration(
            name: String(words[keyword + 1]), inherits: words[(keyword + 2)...].map(String.init),
            isHidden: words[..<keyword].contains { $0 == "private" || $0 == "fileprivate" },
            file: file.place, line: index + 1))
      }
    }
    return found
  }
}
