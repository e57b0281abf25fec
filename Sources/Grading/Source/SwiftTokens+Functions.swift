/// A function, initialiser, subscript or computed property, and the tokens of its body.
struct SwiftFunction: Hashable, Sendable {
  /// What tells it from its neighbours: `free(_:order:)`, `init(zones:)`, `subscript(_:)`, `isEmpty`.
  let key: String
  /// Index of the token that declares it: `func`, `init`, `subscript` or `var`.
  let declaration: Int
  /// Indices of the parameters' tokens, without the parentheses; empty for a property.
  let parameters: Range<Int>
  /// Indices of the body's tokens, without the braces.
  let body: Range<Int>
}

extension SwiftTokens {
  /// Every function of a source with the texts of its body's tokens, so that two versions can be compared without regard
  /// to layout and comments.
  static func functionBodies(in source: String) -> [(key: String, body: [String])] {
    let tokens = SwiftTokens(source)
    return tokens.functions.map { ($0.key, tokens.texts($0.body)) }
  }

  /// Every function, initialiser, subscript and computed property with a body, local ones too, in the source's order.
  var functions: [SwiftFunction] {
    tokens.indices.compactMap { index in
      guard tokens[index].kind == .word, !reads(index - 1, ".") else { return nil }
      if reads(index, "func") { return function(index, named: index + 1) }
      if reads(index, "init") || reads(index, "subscript") { return function(index, named: index) }
      if reads(index, "var") { return property(index) }
      return nil
    }
  }

  private func function(_ declaration: Int, named name: Int) -> SwiftFunction? {
    guard tokens.indices.contains(name), tokens[name].kind != .punctuation,
      let opening = next("(", after: name), let closing = partners[opening],
      let brace = next("{", after: closing), let end = partners[brace]
    else { return nil }
    let parameters = opening + 1..<closing
    let labels = labels(in: parameters).map { $0 + ":" }.joined()
    return SwiftFunction(
      key: "\(self[name])(\(labels))", declaration: declaration, parameters: parameters,
      body: brace + 1..<end)
  }

  /// A computed property: `var name: Type {`.
  private func property(_ declaration: Int) -> SwiftFunction? {
    let name = declaration + 1
    guard reads(name + 1, ":"), tokens[name].kind == .word,
      let brace = next("{", after: name + 1), let end = partners[brace]
    else { return nil }
    var index = name + 2
    while index < brace {
      // A value follows, or the next statement: the brace is another's.
      if reads(index, "=") || tokens[index].startsLine { return nil }
      index = afterGroup(index)
    }
    return SwiftFunction(
      key: self[name], declaration: declaration, parameters: brace..<brace, body: brace + 1..<end)
  }

  /// The next token that reads `wanted` in the same declaration, past groups in brackets; nil where another one begins.
  private func next(_ wanted: StaticString, after index: Int) -> Int? {
    var index = index + 1
    while tokens.indices.contains(index) {
      if reads(index, wanted) { return index }
      if reads(index, "}") || reads(index, "{") || Self.declarers.contains(self[index]) {
        return nil
      }
      index = afterGroup(index)
    }
    return nil
  }

  /// The index after the token, or after the whole group where it opens one.
  func afterGroup(_ index: Int) -> Int {
    if let partner = partners[index], partner > index { return partner + 1 }
    return index + 1
  }

  private static let declarers: Set<String> = [
    "func", "init", "subscript", "var", "let", "struct", "class", "enum", "extension", "deinit",
    "typealias",
  ]

  /// The labels of a parameter list: `_` and `order` of `_ frame: Int, order: Int`.
  private func labels(in parameters: Range<Int>) -> [String] {
    var labels: [String] = []
    var index = parameters.lowerBound
    var isStart = true
    while index < parameters.upperBound {
      if isStart {
        while index < parameters.upperBound, tokens[index].kind == .attribute { index += 1 }
        // Only `name:` and `label name:` begin a parameter; the comma of `Dictionary<Int, Int>` begins none.
        if index + 1 < parameters.upperBound, tokens[index].kind == .word,
          reads(index + 1, ":") || (tokens[index + 1].kind == .word && reads(index + 2, ":"))
        {
          labels.append(self[index])
        }
      }
      guard index < parameters.upperBound else { break }
      isStart = reads(index, ",")
      index = afterGroup(index)
    }
    return labels
  }
}
