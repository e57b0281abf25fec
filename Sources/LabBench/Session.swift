import AllocationTrace

/// The numbers that a trace's handles stand for, as far as it has been performed.
///
/// Kept twice: beside the student's code, to call it with plain numbers, and by the grader, which decides by it whether an
/// operation had to be skipped. A worker that claims otherwise is not believed.
public struct Handles {
  /// The number that each operation returned, or nil.
  private var numbers: [Int?] = []

  public init() {}

  /// `operation` with numbers in place of handles; nil when it is to be skipped, because a handle names an operation
  /// that returned no number, or none that came before. O(number of arguments).
  public func resolve(_ operation: TraceOperation) -> TraceOperation? {
    var resolved = operation
    for index in resolved.arguments.indices {
      guard case .block(let handle) = resolved.arguments[index] else { continue }
      guard numbers.indices.contains(handle.operation), let number = numbers[handle.operation]
      else { return nil }
      resolved.arguments[index] = .number(number &+ handle.offset)
    }
    return resolved
  }

  /// Notes what came of the next operation of the trace.
  public mutating func note(_ outcome: Outcome) {
    if case .number(let number) = outcome { numbers.append(number) } else { numbers.append(nil) }
  }
}

/// Performs one trace on a driver: keeps what each operation returned and resolves handles.
public struct Session<D: Driver> {
  private var driver = D()
  private var handles = Handles()

  public init() {}

  /// Performs the next operation of the trace.
  public mutating func perform(_ operation: TraceOperation) -> Outcome {
    let outcome = handles.resolve(operation).map { driver.perform($0) } ?? .skipped
    handles.note(outcome)
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
