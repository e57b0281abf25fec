/// A way to make a wrong program of a right one.
enum MutationRule: String, CaseIterable, Sendable {
  /// `<` for `<=` and the like: a bound moved by one.
  case comparisonMoved = "comparison-moved"
  /// `<` for `>=`, `==` for `!=`.
  case comparisonNegated = "comparison-negated"
  /// `!(condition)` for the condition, and the reverse.
  case conditionNegated = "condition-negated"
  /// A condition that is always true, or always false.
  case conditionForced = "condition-forced"
  /// A statement left out, `break` and `continue` among them.
  case statementLeftOut = "statement-left-out"
  /// Two neighbours done in the other order.
  case statementsSwapped = "statements-swapped"
  /// A call made twice.
  case callRepeated = "call-repeated"
  /// A return before the work is done.
  case earlyReturn = "early-return"
  /// An `else` branch dropped.
  case elseDropped = "else-dropped"
  /// A number one off, or 0, or 1.
  case constantChanged = "constant-changed"
  /// A name that bounds a range or comparison, one off.
  case boundShifted = "bound-shifted"
  /// The neighbour of the element that is meant.
  case indexShifted = "index-shifted"
  /// `..<` for `...`, and the reverse.
  case rangeEnd = "range-end"
  /// `+` for `-`, `&` for `|`, `<<` for `>>`, `&&` for `||`.
  case operatorSwapped = "operator-swapped"
  /// `max` for `min`, `first` for `last`, `break` for `continue`, and other words that are easily confused.
  case wordSwapped = "word-swapped"
  /// Two arguments of one call in the other order.
  case argumentsSwapped = "arguments-swapped"
  /// An element of a literal list left out.
  case elementLeftOut = "element-left-out"
  /// A text emptied, or one character short.
  case textChanged = "text-changed"
  /// A type of the storage, or a value that is stored, made too narrow.
  case widthNarrowed = "width-narrowed"
}

/// A place in a source and what stands there instead.
struct MutationEdit: Hashable, Sendable {
  /// Bytes of the source.
  let range: Range<Int>
  let text: String
}

/// One change to a source, by one rule; usually one edit.
struct MutationSite: Hashable, Sendable {
  let rule: MutationRule
  /// Ascending, without overlaps.
  let edits: [MutationEdit]

  init(_ rule: MutationRule, _ edits: [MutationEdit]) {
    self.rule = rule
    self.edits = edits
  }
}
