/// Why the grader stops without a result; the exit status tells a script whose turn it is.
public enum GradingError: Error, Hashable, Sendable {
  /// The request cannot be met as it stands: a wrong option, a missing folder. Exit status 2.
  case usage(String)
  /// The grader itself failed: no compiler, a damaged course, a full disk. Exit status 3.
  case failure(String)

  /// What to tell the person who asked.
  public var message: String {
    switch self {
    case .usage(let message), .failure(let message): message
    }
  }
}
