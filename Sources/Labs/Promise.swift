/// One thing that a lab's contract or lesson promises, with the checks that hold a submission to it.
///
/// Contract and checks drift apart where nobody lists what the contract says: each number, range, "any", "nothing else" and
/// cost is a row. Audit prints the rows that no check tries, and those whose words stand nowhere.
public struct Promise: Hashable, Sendable {
  /// The promise in the words of the contract or the lesson, as they stand there (line breaks and `///` aside).
  public let text: String
  /// The ids of the checks that try it.
  public let checks: [String]
  /// Which edges they try: `orders -1, 11, 63, 64, Int.min and Int.max, each followed by a request`.
  public let edges: String

  public init(_ text: String, checks: [String], edges: String) {
    self.text = text
    self.checks = checks
    self.edges = edges
  }
}
