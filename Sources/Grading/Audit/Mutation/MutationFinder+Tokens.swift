extension MutationFinder {
  private static let moved = ["<": "<=", "<=": "<", ">": ">=", ">=": ">"]
  private static let negated = [
    "<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "==",
  ]
  private static let swapped = [
    "+": "-", "-": "+", "&": "|", "|": "&", "^": "|", "<<": ">>", ">>": "<<", "&&": "||",
    "||": "&&", "*": "+", "/": "*", "%": "/", "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=",
    "^=": "|=", "<<=": ">>=", ">>=": "<<=", "&+": "&-", "&-": "&+", "&<<": "&>>", "&>>": "&<<",
  ]

  mutating func findSigns(_ index: Int) {
    let sign = source[index]
    if sign == "..<" { return add(.rangeEnd, range(index), "...") }
    if sign == "..." { return add(.rangeEnd, range(index), "..<") }
    if sign == "!" || sign == "~" || sign == "-", !touches(index - 1, index),
      touches(index, index + 1)
    {
      return add(sign == "!" ? .conditionNegated : .operatorSwapped, range(index), "")
    }
    guard isBinary(index) else { return }
    if let other = Self.moved[sign] { add(.comparisonMoved, range(index), other) }
    if let other = Self.negated[sign] { add(.comparisonNegated, range(index), other) }
    if let other = Self.swapped[sign] { add(.operatorSwapped, range(index), other) }
    if ["<", "<=", ">", ">=", "==", "..<", "..."].contains(sign) { shiftBound(after: index) }
  }

  /// `limit - 1` and `limit + 1` for a plain name after a comparison.
  private mutating func shiftBound(after sign: Int) {
    let index = sign + 1
    guard isWord(index),
      !touches(index, index + 1) || [")", "{", ",", "]"].contains(source[index + 1])
    else { return }
    let name = source[index]
    for other in ["(\(name) - 1)", "(\(name) + 1)"] { add(.boundShifted, range(index), other) }
  }

  mutating func findNumbers(_ index: Int) {
    let text = source[index].replacing("_", with: "")
    // `pair.0` is a name.
    guard !(source.reads(index - 1, ".") && touches(index - 1, index)) else { return }
    let number =
      text.hasPrefix("0x")
      ? Int(text.dropFirst(2), radix: 16)
      : text.hasPrefix("0b") ? Int(text.dropFirst(2), radix: 2) : Int(text)
    guard let number, number < 1 << 60 else { return }
    for other in [number + 1, number - 1, 0, 1] where other != number && other >= 0 {
      add(.constantChanged, range(index), "\(other)")
    }
  }

  private static let confused: [String: String] = {
    let pairs = [
      ("min", "max"), ("first", "last"), ("removeFirst", "removeLast"), ("prefix", "suffix"),
      ("lowerBound", "upperBound"), ("hasPrefix", "hasSuffix"), ("union", "intersection"),
      ("formUnion", "formIntersection"), ("isSuperset", "isSubset"), ("true", "false"),
      ("break", "continue"), ("dropFirst", "dropLast"), ("startIndex", "endIndex"),
      ("leadingZeroBitCount", "trailingZeroBitCount"), ("through", "to"),
      ("firstIndex", "lastIndex"), ("symmetricDifference", "union"),
      ("subtracting", "intersection"),
      ("subtract", "formIntersection"), ("isDisjoint", "isSubset"),
    ]
    return Dictionary(pairs + pairs.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }()

  mutating func findWords(_ index: Int) {
    if let other = Self.confused[source[index]] { add(.wordSwapped, range(index), other) }
    findConditions(index)
    guard source.reads(index, "else"), source.reads(index - 1, "}") else { return }
    // The whole chain from here on; a guard's `else` follows its condition.
    var end = index
    while source.reads(end, "else") {
      while end < source.tokens.count, !source.reads(end, "{") { end = source.afterGroup(end) }
      guard end < source.tokens.count, let closing = source.partners[end] else { return }
      end = closing + 1
    }
    add(.elseDropped, range(index..<end), "")
  }

  /// The conditions of `if`, `while` and `guard`: each part between commas by itself.
  private mutating func findConditions(_ index: Int) {
    let isLoop = source.reads(index, "while")
    let isGuard = source.reads(index, "guard")
    guard isLoop || isGuard || source.reads(index, "if") else { return }
    var end = index + 1
    while end < source.tokens.count, !source.reads(end, isGuard ? "else" : "{"),
      !source.reads(end, "}")
    {
      end = source.afterGroup(end)
    }
    guard end < source.tokens.count else { return }
    for part in parts(index + 1..<end) {
      if source.reads(part.lowerBound, "let") || source.reads(part.lowerBound, "var") { continue }
      // A loop that never ends shows nothing that one that never starts would not show.
      for value in isLoop ? ["false"] : ["true", "false"] {
        add(.conditionForced, range(part), value)
      }
      if source.reads(part.lowerBound, "case") { continue }
      add(.conditionNegated, range(part), "!(\(source.text(range(part))))")
    }
  }

  mutating func findTexts(_ index: Int) {
    let text = source[index]
    guard text.hasPrefix("\""), !text.hasPrefix("\"\"\""), text.hasSuffix("\""), text.count > 2,
      !text.contains("\\")
    else { return }
    add(.textChanged, range(index), "\"\"")
    add(.textChanged, range(index), "\(text.dropLast(2))\"")
  }

  mutating func findGroups(_ index: Int) {
    guard let closing = source.partners[index], closing > index + 1 else { return }
    let content = index + 1..<closing
    let parts = parts(content)
    let followsValue =
      touches(index - 1, index)
      && (isWord(index - 1) || source.reads(index - 1, ")") || source.reads(index - 1, "]"))
    if source.reads(index, "[") {
      if followsValue, parts.count == 1, !source.texts(content).contains(":") {
        let text = source.text(range(content))
        for other in ["(\(text)) - 1", "(\(text)) + 1"] {
          add(.indexShifted, range(content), other)
        }
      } else if !followsValue, parts.count > 1 {
        leaveOut(parts, before: closing)
      }
    } else if source.reads(index, "("), followsValue, parts.count > 1, !isDeclaration(index),
      !Self.symmetric.contains(source[index - 1])
    {
      for (left, right) in zip(parts, parts.dropFirst()) { swap(value(left), value(right)) }
    }
  }

  /// Functions to which the order of two arguments is all the same.
  private static let symmetric: Set<String> = ["min", "max", "swapAt", "swap"]

  private mutating func leaveOut(_ elements: [Range<Int>], before closing: Int) {
    for (place, element) in elements.enumerated() {
      let start = range(element.lowerBound).lowerBound
      let isLast = place == elements.count - 1
      if isLast {
        let previous = range(elements[place - 1].upperBound - 1).upperBound
        add(.elementLeftOut, previous..<range(closing).lowerBound, "")
      } else {
        let next = range(elements[place + 1].lowerBound).lowerBound
        add(.elementLeftOut, start..<next, "")
      }
    }
  }

  /// An argument without its label.
  private func value(_ argument: Range<Int>) -> Range<Int> {
    guard isWord(argument.lowerBound), source.reads(argument.lowerBound + 1, ":"),
      argument.count > 2
    else { return argument }
    return argument.lowerBound + 2..<argument.upperBound
  }

  private mutating func swap(_ left: Range<Int>, _ right: Range<Int>) {
    let (first, second) = (range(left), range(right))
    add(
      .argumentsSwapped,
      [
        MutationEdit(range: first, text: source.text(second)),
        MutationEdit(range: second, text: source.text(first)),
      ])
  }

  /// Whether the parenthesis opens a declaration's parameters.
  private func isDeclaration(_ index: Int) -> Bool {
    source.reads(index - 1, "init") && !source.reads(index - 2, ".")
      || source.reads(index - 2, "func") || source.reads(index - 1, "subscript")
      || source.reads(index - 2, "case")
  }

  private static let widths = [
    "Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64",
  ]

  /// A sized type made narrower in the whole source, for Swift converts nothing by itself.
  mutating func findNarrowTypes() {
    for (place, wide) in Self.widths.enumerated() {
      let uses = source.tokens.indices.filter { source[$0] == wide }
      guard !uses.isEmpty else { continue }
      for narrow in Self.widths[..<place] {
        add(.widthNarrowed, uses.map { MutationEdit(range: range($0), text: narrow) })
      }
      if place == 0 { continue }
      // The other sign, same width.
      let other = wide.hasPrefix("U") ? String(wide.dropFirst()) : "U" + wide
      add(.widthNarrowed, uses.map { MutationEdit(range: range($0), text: other) })
    }
  }
}
