extension MutationFinder {
  /// A statement of a block, by its tokens.
  private struct Statement {
    let tokens: Range<Int>
    let kind: Kind

    enum Kind {
      /// An assignment or a call: may be left out, repeated or moved.
      case simple
      /// `if`, `for`, `break` and others that may be left out, and no more.
      case control
      /// A declaration, or what a value is returned by.
      case fixed
    }
  }

  /// What stands between a function's parameters and its body.
  private enum Returns { case nothing, value(String) }

  private static let controls: Set<String> = [
    "if", "for", "while", "repeat", "switch", "do", "guard", "break", "continue", "throw", "defer",
  ]
  private static let fixed: Set<String> = [
    "let", "var", "func", "return", "struct", "enum", "class", "typealias", "case", "default",
    "lazy",
    "private", "static", "mutating", "fallthrough",
  ]

  /// The rules for statements, in the body of every function.
  mutating func findStatements() {
    for function in source.functions {
      block(function.body, returns: returns(function), isSwitch: false)
    }
  }

  private mutating func block(_ body: Range<Int>, returns: Returns?, isSwitch: Bool) {
    let statements = statements(in: body, isSwitch: isSwitch)
    for (place, statement) in statements.enumerated() {
      leaveOut(statement)
      if let returns, statement.kind != .fixed || place > 0 { leave(before: statement, returns) }
      if place > 0, depends(statement, on: statements[place - 1]) {
        let (first, second) = (range(statements[place - 1].tokens), range(statement.tokens))
        add(
          .statementsSwapped,
          [
            MutationEdit(range: first, text: source.text(second)),
            MutationEdit(range: second, text: source.text(first)),
          ])
      }
      visitBlocks(of: statement, returns)
    }
  }

  private mutating func leaveOut(_ statement: Statement) {
    let bytes = range(statement.tokens)
    switch statement.kind {
    case .fixed: return
    case .control: add(.statementLeftOut, bytes, "")
    case .simple:
      add(.statementLeftOut, bytes, "")
      let text = source.text(bytes)
      if let equals = statement.tokens.first(where: { source.reads($0, "=") }) {
        narrow(equals + 1..<statement.tokens.upperBound)
      } else if !isIdempotent(statement) {
        add(.callRepeated, bytes, "\(text); \(text)")
      }
    }
  }

  /// Whether doing it once more changes nothing, as sets and masks go.
  private func isIdempotent(_ statement: Statement) -> Bool {
    let words = ["|=", "&=", "formUnion", "formIntersection", "subtract"]
    return statement.tokens.contains { words.contains(source[$0]) }
  }

  /// Whether two neighbours may do something else in the other order: one begins with a name that the other uses.
  private func depends(_ statement: Statement, on other: Statement) -> Bool {
    guard statement.kind == .simple, other.kind == .simple else { return false }
    func subject(_ statement: Statement) -> String {
      let start = statement.tokens.lowerBound
      return source[source.reads(start, "self") ? start + 2 : start]
    }
    return source.texts(statement.tokens).contains(subject(other))
      || source.texts(other.tokens).contains(subject(statement))
  }

  /// The value that is stored, cut to fewer bits, as a narrower store would do.
  private mutating func narrow(_ value: Range<Int>) {
    // A constant is as narrow as it is.
    guard value.count > 1 || isWord(value.lowerBound) else { return }
    let text = source.text(range(value))
    for width in ["Int8", "UInt8", "Int16", "UInt16"] {
      add(.widthNarrowed, range(value), "Int(\(width)(truncatingIfNeeded: \(text)))")
    }
  }

  private mutating func leave(before statement: Statement, _ returns: Returns) {
    let start = range(statement.tokens).lowerBound
    switch returns {
    case .nothing: add(.earlyReturn, start..<start, "return; ")
    case .value(let value):
      if source.text(range(statement.tokens)) == "return \(value)" { return }
      add(.earlyReturn, start..<start, "return \(value); ")
    }
  }

  /// What may be returned at once: nothing, or a value of the declared type that says little; nil where none is known.
  private func returns(_ function: SwiftFunction) -> Returns? {
    guard !function.parameters.isEmpty || source.reads(function.parameters.lowerBound, ")") else {
      return nil
    }
    if source.reads(function.declaration, "init") { return .nothing }
    let head = source.texts(function.parameters.upperBound..<function.body.lowerBound - 1)
    guard let arrow = head.firstIndex(of: "->") else { return .nothing }
    let type = head[(arrow + 1)...].joined()
    if type.hasSuffix("?") { return .value("nil") }
    if type.hasPrefix("[") { return .value("[]") }
    switch type {
    case "Bool": return .value("false")
    case "Int": return .value("0")
    case "String": return .value("\"\"")
    default: return nil
    }
  }

  /// Visits the blocks of a control statement.
  private mutating func visitBlocks(of statement: Statement, _ returns: Returns?) {
    guard statement.kind == .control else { return }
    let isSwitch = source.reads(statement.tokens.lowerBound, "switch")
    var index = statement.tokens.lowerBound
    while index < statement.tokens.upperBound {
      if source.reads(index, "{"), let closing = source.partners[index] {
        block(index + 1..<closing, returns: returns, isSwitch: isSwitch)
      }
      index = source.afterGroup(index)
    }
  }

  private func statements(in body: Range<Int>, isSwitch: Bool) -> [Statement] {
    var statements: [Statement] = []
    var index = body.lowerBound
    while index < body.upperBound {
      if isSwitch, source.reads(index, "case") || source.reads(index, "default") {
        while index < body.upperBound, !source.reads(index, ":") {
          index = source.afterGroup(index)
        }
        index += 1
        continue
      }
      let end = end(of: index, in: body)
      let word = source[index]
      let kind: Statement.Kind =
        Self.controls.contains(word) ? .control : Self.fixed.contains(word) ? .fixed : .simple
      statements.append(Statement(tokens: index..<end, kind: kind))
      index = source.reads(end, ";") ? end + 1 : end
    }
    return statements
  }

  /// The end of the statement that starts at `start`: the next line that does not go on with it.
  private func end(of start: Int, in body: Range<Int>) -> Int {
    var index = source.afterGroup(start)
    while index < body.upperBound {
      if source.reads(index, ";") { return index }
      if source.tokens[index].startsLine, !continues(index) { return index }
      index = source.afterGroup(index)
    }
    return body.upperBound
  }

  /// Whether the line that begins with the token goes on with the statement before.
  private func continues(_ index: Int) -> Bool {
    let previous = source.tokens[index - 1]
    if [".", ")", "]", "else", "{", "?", ":", ",", "catch"].contains(source[index]) { return true }
    if source.tokens[index].kind == .sign, !touches(index, index + 1) { return true }
    return previous.kind == .sign && !touches(index - 2, index - 1)
      || [",", ":", "=", "else"].contains(source[index - 1])
  }
}
