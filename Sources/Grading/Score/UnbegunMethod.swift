import AllocationTrace
import Labs

/// A method of the contract whose body is still the stub's.
public struct UnbegunMethod: Hashable, Sendable {
  /// The method with its labels: `free(_:order:)`.
  public let name: String
  /// The submission's file that holds it.
  public let file: String
  /// The line of the first TODO in its body, else the line that declares it.
  public let line: Int

  /// The methods of `lab` that nobody has begun in `files`: every body under that name reads, token by token, as in `stub`.
  static func find(in files: [SourceFile], stub: [SourceFile], of lab: Lab) -> [UnbegunMethod] {
    let wanted = Set(lab.methods)
    var bodies: [String: Set<[String]>] = [:]
    for file in stub {
      for (name, body) in SwiftTokens.functionBodies(in: file.text) where wanted.contains(name) {
        bodies[name, default: []].insert(body)
      }
    }
    var found: [String: UnbegunMethod] = [:]
    var begun: Set<String> = []
    for file in files {
      let tokens = SwiftTokens(file.text)
      for function in tokens.functions where wanted.contains(function.key) {
        if bodies[function.key]?.contains(tokens.texts(function.body)) == true {
          found[function.key] =
            found[function.key]
            ?? UnbegunMethod(
              name: function.key, file: file.name, line: tokens.firstTask(of: function))
        } else {
          begun.insert(function.key)
        }
      }
    }
    return lab.methods.compactMap { begun.contains($0) ? nil : found[$0] }
  }
}

extension SwiftTokens {
  /// The line of the function's first TODO, else the line that declares it.
  fileprivate func firstTask(of function: SwiftFunction) -> Int {
    let brace = tokens[function.body.lowerBound - 1].range
    let end = tokens[function.body.upperBound].range.lowerBound
    let task = Array("// TODO:".utf8)
    let body = bytes[brace.upperBound..<end]
    let place = body.indices.first { body[$0...].starts(with: task) }
    return line(at: place ?? tokens[function.declaration].range.lowerBound)
  }
}

extension LabResult.Outcome {
  /// The outcome with a note, at each failed check, of the methods that it calls and nobody has begun.
  ///
  /// Where the program was stopped only the call that stopped it counts: what it stopped in was begun, or it would not stop.
  func noting(_ unbegun: [UnbegunMethod], of lab: Lab) -> LabResult.Outcome {
    guard case .judged(let checks) = self, !unbegun.isEmpty else { return self }
    return .judged(
      checks.map { check in
        guard let counterexample = check.counterexample else { return check }
        var operations = counterexample.operations[...]
        if counterexample.transcript.ending.stopInWords != nil {
          operations = operations.dropFirst(counterexample.transcript.outcomes.count).prefix(1)
        }
        let called = Set(operations.compactMap(lab.method))
        var check = check
        check.notBegun = unbegun.filter { called.contains($0.name) }
        return check
      })
  }
}
