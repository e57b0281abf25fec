import AllocationTrace

/// Performs one trace on a driver: keeps what each operation answered and resolves handles.
public struct Session<D: Driver> {
  private var driver = D()
  /// The number that each operation answered, or nil.
  private var answers: [Int?] = []

  public init() {}

  /// Performs the next operation of the trace.
  public mutating func perform(_ operation: TraceOperation) -> Outcome {
    var resolved = operation
    for index in resolved.arguments.indices {
      guard case .block(let handle) = resolved.arguments[index] else { continue }
      guard answers.indices.contains(handle.operation), let number = answers[handle.operation]
      else {
        answers.append(nil)
        return .skipped
      }
      resolved.arguments[index] = .number(number &+ handle.offset)
    }
    let outcome = driver.perform(resolved)
    if case .number(let number) = outcome { answers.append(number) } else { answers.append(nil) }
    return outcome
  }
}

/// A subject in the caller's own process, so that a debugger can step into the student's code.
public final class InProcessSubject<D: Driver>: Subject {
  /// Called before each operation with the trace and the operation's index: what to print should it never return.
  public var willPerform: ((_ trace: [TraceOperation], _ index: Int) -> Void)?

  public init(_ driver: D.Type) {}

  public func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
    traces.map { trace in
      var session = Session<D>()
      return Transcript(
        outcomes: trace.indices.map { index in
          willPerform?(trace, index)
          return session.perform(trace[index])
        })
    }
  }
}
