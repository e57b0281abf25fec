/// The verbs that one lab, or the kernel's recordings, are written in.
public struct Vocabulary: Hashable, Sendable {
  /// The name that a trace file's `vocabulary` line carries, for example `BuddySystem`.
  public let name: String
  /// The verbs; a ``TraceOperation`` stores an index into this list. At most 255.
  public let verbs: [Verb]

  public init(name: String, verbs: [Verb]) {
    self.name = name
    self.verbs = verbs
  }

  /// The verb of `operation`; the operation must belong to this vocabulary.
  public func verb(of operation: TraceOperation) -> Verb { verbs[Int(operation.verb)] }

  /// The index of the verb called `name`, or nil. O(number of verbs).
  public func index(of name: String) -> UInt8? {
    verbs.firstIndex { $0.name == name }.map(UInt8.init)
  }
}

/// A verb of a ``Vocabulary``: its name in the text form, its parameters, and what can come of it.
public struct Verb: Hashable, Sendable {
  public let name: String
  public let parameters: [Parameter]
  /// One sentence that says what the verb asks of the subject and what it answers.
  public let abstract: String
  /// What can come of it. A program that claims another outcome has broken the rules of the game, not of the lab.
  public let outcomes: OutcomeKinds

  public init(
    _ name: String, _ parameters: [Parameter] = [], _ abstract: String,
    outcomes: OutcomeKinds = .all
  ) {
    self.name = name
    self.parameters = parameters
    self.abstract = abstract
    self.outcomes = outcomes
  }
}

/// A parameter of a ``Verb``.
public struct Parameter: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// A plain number.
    case number
    /// A block: a ``Handle``, or a plain number where the operation names an address outright.
    case block
    /// Text; printed in quotes when it holds a space or is empty.
    case text
  }
  /// The name that the text form prints before `=`; an empty name prints the bare value.
  public let name: String
  public let kind: Kind

  public init(_ name: String, _ kind: Kind) {
    self.name = name
    self.kind = kind
  }
}
