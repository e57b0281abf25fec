/// Finds every change to one source that the rules allow. It knows no types: what does not compile was no bug.
struct MutationFinder {
  let source: SwiftTokens
  private(set) var sites: [MutationSite] = []
  private var seen: Set<[MutationEdit]> = []

  /// Every change to `text`, each once, in the source's order within a rule.
  static func sites(in text: String) -> [MutationSite] {
    var finder = MutationFinder(source: SwiftTokens(text))
    finder.find()
    return finder.sites
  }

  private init(source: SwiftTokens) { self.source = source }

  private mutating func find() {
    for index in source.tokens.indices {
      switch source.tokens[index].kind {
      case .sign: findSigns(index)
      case .number: findNumbers(index)
      case .word: findWords(index)
      case .string: findTexts(index)
      case .punctuation: findGroups(index)
      default: break
      }
    }
    findStatements()
    findNarrowTypes()
  }

  // MARK: For the rules

  /// Adds a change of one place.
  mutating func add(_ rule: MutationRule, _ range: Range<Int>, _ text: String) {
    add(rule, [MutationEdit(range: range, text: text)])
  }

  /// Adds a change, unless the same was found by another rule.
  mutating func add(_ rule: MutationRule, _ edits: [MutationEdit]) {
    guard edits.contains(where: { source.text($0.range) != $0.text }) else { return }
    if seen.insert(edits).inserted { sites.append(MutationSite(rule, edits)) }
  }

  /// The bytes of the token at `index`.
  func range(_ index: Int) -> Range<Int> { source.tokens[index].range }

  /// The bytes from the first of the tokens to the end of the last; there must be one.
  func range(_ indices: Range<Int>) -> Range<Int> {
    range(indices.lowerBound).lowerBound..<range(indices.upperBound - 1).upperBound
  }

  func isWord(_ index: Int) -> Bool {
    source.tokens.indices.contains(index) && source.tokens[index].kind == .word
  }

  /// Whether the tokens stand side by side without a blank.
  func touches(_ left: Int, _ right: Int) -> Bool {
    source.tokens.indices.contains(left) && source.tokens.indices.contains(right)
      && range(left).upperBound == range(right).lowerBound
  }

  /// Whether a sign stands between two values with blanks around it, as binary operators do in formatted source.
  func isBinary(_ index: Int) -> Bool {
    index > 0 && index + 1 < source.tokens.count && !touches(index - 1, index)
      && !touches(index, index + 1)
  }

  /// The parts between the commas of the tokens in `indices`, groups in brackets taken as one.
  func parts(_ indices: Range<Int>) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var start = indices.lowerBound
    var index = start
    while index < indices.upperBound {
      if source.reads(index, ",") {
        if start < index { parts.append(start..<index) }
        start = index + 1
      }
      index = source.afterGroup(index)
    }
    if start < indices.upperBound { parts.append(start..<indices.upperBound) }
    return parts
  }
}
