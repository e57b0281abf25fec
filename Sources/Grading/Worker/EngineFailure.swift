/// The grader itself could not do its work: no compiler, a full disk, a kit that does not build. No student's fault.
public struct EngineFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// What went wrong and the way out.
  public let description: String

  public init(_ description: String) { self.description = description }
}
