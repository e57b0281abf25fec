import AllocationTrace

/// A lab: what it asks of a student, in which words, and the checks that judge it.
public struct Lab: Sendable {
  /// The folder's and the module's name, for example `BuddySystem`.
  public let id: String
  /// The title a student reads, for example `The buddy system`.
  public let title: String
  /// The type that a submission must declare.
  public let subjectType: String
  /// The protocol of LabKit that the type conforms to.
  public let contract: String
  /// The verbs that its traces are written in.
  public let vocabulary: Vocabulary
  /// In the order in which a student implements; their points add to 100.
  public let checks: [Check]
  /// What the contract and the lesson promise, row by row.
  public let promises: [Promise]
  /// The most numbers that a list returned in a trace can hold, wrong lists included: what is longer was not made by an
  /// implementation of the contract, and is not looked at.
  public let longestList: @Sendable (_ trace: [TraceOperation]) -> Int
  /// The contract's methods that a student writes, in the contract's order: `free(_:order:)`.
  public let methods: [String]
  /// The method that an operation calls; nil where it calls none.
  public let method: @Sendable (_ operation: TraceOperation) -> String?
  /// Why a trace cannot be performed and judged as it stands, in words for whoever wrote it; nil when it can.
  public let flaw: @Sendable (_ trace: [TraceOperation]) -> String?
  /// Says one step in the lab's words: `allocate(order 0) → frame 0`; without what came of it where the outcomes end before.
  public let narrate:
    @Sendable (_ operations: [TraceOperation], _ outcomes: [Outcome], _ index: Int) -> String

  public init(
    id: String, title: String, subjectType: String, contract: String, vocabulary: Vocabulary,
    checks: [Check], promises: [Promise] = [],
    longestList: @escaping @Sendable ([TraceOperation]) -> Int = { _ in 64 },
    methods: [String] = [],
    method: @escaping @Sendable (TraceOperation) -> String? = { _ in nil },
    flaw: @escaping @Sendable ([TraceOperation]) -> String? = { _ in nil },
    narrate: @escaping @Sendable ([TraceOperation], [Outcome], Int) -> String
  ) {
    self.id = id
    self.title = title
    self.subjectType = subjectType
    self.contract = contract
    self.vocabulary = vocabulary
    self.checks = checks
    self.promises = promises
    self.longestList = longestList
    self.methods = methods
    self.method = method
    self.flaw = flaw
    self.narrate = narrate
  }

  /// The first check, in the lab's order, whose rule a performed trace breaks, with what it breaks; nil when it breaks none.
  ///
  /// - Parameter first: a check to ask before all others.
  public func judge(
    _ operations: [TraceOperation], _ transcript: Transcript, first: Check? = nil
  ) -> (check: Check, counterexample: Counterexample)? {
    for check in (first.map { [$0] } ?? []) + checks {
      if let counterexample = check.judge?(operations, transcript) {
        return (check, counterexample)
      }
    }
    return nil
  }

  /// The check called `id`, or nil.
  public func check(_ id: String) -> Check? { checks.first { $0.id == id } }

  /// Every lab of the kit, in the order of the course.
  public static let all: [Lab] = [.buddySystem, .gfpFlags]

  /// The lab called `id`, without regard to case, or nil.
  public static func named(_ id: String) -> Lab? {
    all.first { $0.id.lowercased() == id.lowercased() }
  }
}
