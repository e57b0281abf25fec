import PropertyTesting
import Synchronization
import Testing

/// One property and how to check it.
struct PropertyCheck: Sendable {
  let name: String
  let seed: UInt64
  let runs: Int
  let maxShrinks: Int
  let regressions: Regressions
  let sourceLocation: SourceLocation
  let property: @Sendable (Choices) throws -> Void

  /// Searches, and records the smallest failing case.
  func search() async throws -> SearchReport {
    let report = try await searchQuietly()
    if let failure = report.failure {
      record(failure)
    } else if report.runs < runs {
      record(
        """
        Property "\(name)" was judged in \(report.runs) of \(runs) cases: its assumptions discarded \
        \(report.discarded) others. Draw values for which they hold.
        """)
    }
    if !report.labels.isEmpty {
      let lines = ["\(report.runs) cases of \"\(name)\""] + report.distribution
      attach(lines.joined(separator: "\n"), named: "\(regressions.slug).labels.txt")
    }
    return report
  }

  /// Runs the one case with these draws, with all it has to say.
  func repeatCase(_ choices: [UInt64]) {
    let (outcome, notes) = run(choices)
    switch outcome {
    case .passed: print("Property \"\(name)\" holds in the case that PROPERTY_CHOICES asks for.")
    case .discarded:
      record("Property \"\(name)\" discards the case that PROPERTY_CHOICES asks for.")
    case .failed(let error):
      record(text(["Property \"\(name)\" fails:"], case: notes, error: error))
    }
  }

  /// Searches with every issue of the property caught and counted instead of recorded.
  private func searchQuietly() async throws -> SearchReport {
    guard let test = Test.current else { throw NotInATest(name: name) }
    let issues = Counter()
    let result = Mutex(SearchReport())
    try await IssueHandlingTrait.compactMapIssues { issue in
      if issue.isRealFailure { issues.add() }
      return nil
    }.provideScope(for: test, testCase: Test.Case.current) {
      let report = PropertyTesting.search(
        seed: seed, runs: runs, maxShrinks: maxShrinks, regressions: regressions.cases
      ) { choices in
        let before = issues.count
        // A thrown error never becomes an issue in here: it passes through, and the search counts it.
        try property(choices)
        if issues.count > before { throw ExpectationsFailed(count: issues.count - before) }
      }
      result.withLock { $0 = report }
    }
    return result.withLock { $0 }
  }

  /// Runs one case with its issues recorded as they are.
  private func run(_ choices: [UInt64]) -> (outcome: RunOutcome, notes: [String]) {
    var source: Choices?
    let outcome = replay(choices) { choices in
      source = choices
      try property(choices)
    }
    return (outcome, source?.notes ?? [])
  }

  private func record(_ failure: SearchReport.Failure) {
    // Once more in the open: each `#expect` of the smallest case now says what it saw, at its own line.
    if failure.error is ExpectationsFailed { _ = run(failure.choices) }

    let choices = failure.choices.map(String.init).joined(separator: " ")
    let filter = Test.current.map { "'\($0.filter)'" } ?? "…"
    var lines = text(["Property \"\(name)\" fails:"], case: failure.notes, error: failure.error)
    switch failure.origin {
    case .generated(let run): lines += "\nFound with seed \(seed) in case \(run + 1) of \(runs)"
    case .regression(let index):
      lines += "\nFound before: \(regressions.path):\(regressions.lines[index])"
    }
    lines += "; \(failure.original.count) draws, shrunk to \(failure.choices.count)."
    if !failure.isReproducible {
      lines += "\nRepeated, the same case passes: it depends on more than its draws."
    }
    lines += "\nRepeat this case:  PROPERTY_CHOICES='\(choices)' swift test --filter \(filter)"
    lines += "\nRepeat the search: PROPERTY_SEED=\(seed) swift test --filter \(filter)"
    if case .generated = failure.origin {
      lines += "\nRun it first from now on: add the line `\(choices)` to \(regressions.path)"
    }
    attach(lines, named: "\(regressions.slug).txt")
    record(lines)
  }

  private func text(_ head: [String], case notes: [String], error: any Error) -> String {
    let error = String(describing: error).split(separator: "\n", omittingEmptySubsequences: false)
    return (head + (notes + error.map(String.init)).map { "  " + $0 }).joined(separator: "\n")
  }

  private func record(_ text: String) {
    Issue.record(Comment(rawValue: text), sourceLocation: sourceLocation)
  }

  private func attach(_ text: String, named file: String) {
    Attachment.record(text + "\n", named: file, sourceLocation: sourceLocation)
  }
}

/// Counts the issues that the property records.
final class Counter: Sendable {
  private let value = Atomic(0)
  var count: Int { value.load(ordering: .relaxed) }
  func add() { value.add(1, ordering: .relaxed) }
}

extension Issue {
  /// False for warnings and for known issues.
  fileprivate var isRealFailure: Bool {
    #if compiler(>=6.3)
      isFailure
    #else
      !isKnown
    #endif
  }
}

/// What a case throws whose expectations failed and that threw nothing itself.
struct ExpectationsFailed: Error, CustomStringConvertible {
  let count: Int
  var description: String {
    count == 1 ? "1 expectation failed, shown above" : "\(count) expectations failed, shown above"
  }
}

/// There is no test to which a failure could belong.
struct NotInATest: Error, CustomStringConvertible {
  let name: String
  var description: String {
    "Property \"\(name)\" is not checked in a test: call checkProperty from a @Test function's own task"
  }
}

extension Test {
  /// What `swift test --filter` takes to select this test.
  var filter: String {
    let path = id.nameComponents.map { $0.prefix { $0 != "(" } }
    return "\(id.moduleName).\(path.joined(separator: "/"))"
  }
}
