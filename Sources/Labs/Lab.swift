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
  /// Says one step in the lab's words: `allocate(order 0) → frame 0`.
  public let narrate:
    @Sendable (_ operations: [TraceOperation], _ outcomes: [Outcome], _ index: Int) -> String

  public init(
    id: String, title: String, subjectType: String, contract: String, vocabulary: Vocabulary,
    checks: [Check], promises: [Promise] = [],
    longestList: @escaping @Sendable ([TraceOperation]) -> Int = { _ in 64 },
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
    self.narrate = narrate
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
