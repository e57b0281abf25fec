import Foundation
import PropertyTesting
import Synchronization
import Testing

@testable import PropertyTestingSupport

/// The text of a failure is what its reader works with, so it is asserted to the letter.
@Suite struct CheckPropertyTests {
  /// What the issues say that `property` leads to, in order.
  func issues(
    _ name: String, seed: UInt64? = nil, runs: Int = 200, environment: [String: String] = [:],
    filePath: String = #filePath, property: @escaping @Sendable (Choices) throws -> Void
  ) async throws -> [String] {
    let texts = Mutex<[String]>([])
    let test = try #require(Test.current)
    try await IssueHandlingTrait.compactMapIssues { issue in
      let comments = issue.comments.map(\.rawValue)
      texts.withLock { $0.append(comments.isEmpty ? "\(issue)" : comments.joined(separator: "\n")) }
      return nil
    }.provideScope(for: test, testCase: Test.Case.current) {
      _ = await checkProperty(
        name, seed: seed, runs: runs, environment: environment, filePath: filePath,
        sourceLocation: #_sourceLocation, property: property)
    }
    return texts.withLock { $0 }
  }

  @Test func aPropertyThatHoldsSaysNothing() async throws {
    let report = await checkProperty("a heap loses nothing", runs: 50) { choices in
      try useHeap(bug: nil, choices)
    }
    #expect(report.runs == 50)
  }

  @Test func aThrownErrorIsShownForTheSmallestCase() async throws {
    let texts = try await issues("a heap merges its holes", seed: 42) { choices in
      try useHeap(bug: .lostCoalesce, choices)
    }
    #expect(
      texts == [
        """
        Property "a heap merges its holes" fails:
          allocate(1)
          allocate(1)
          free(0)
          free(0)
          holes at 0 and 1 were not merged
        Found with seed 42 in case 1 of 200; 117 draws, shrunk to 12.
        Repeat this case:  PROPERTY_CHOICES='1 0 0 1 0 0 1 1 0 1 1 0' swift test --filter 'PropertyTestingTests.CheckPropertyTests/aThrownErrorIsShownForTheSmallestCase'
        Repeat the search: PROPERTY_SEED=42 swift test --filter 'PropertyTestingTests.CheckPropertyTests/aThrownErrorIsShownForTheSmallestCase'
        Run it first from now on: add the line `1 0 0 1 0 0 1 1 0 1 1 0` to PropertyTestingTests/Regressions/a-heap-merges-its-holes.choices
        """
      ])
  }

  /// Adds numbers up and expects a small sum.
  static let sum: @Sendable (Choices) throws -> Void = { choices in
    var sum = 0
    try choices.commands(average: 10, max: 50) {
      let number = try choices.draw(0...40)
      choices.note("add \(number)")
      sum += number
    }
    #expect(sum < 50, "the sum is \(sum)")
  }

  @Test func anExpectationIsShownForTheSmallestCaseAlone() async throws {
    let texts = try await issues("sums are small", seed: 42, property: Self.sum)
    #expect(
      texts == [
        "the sum is 50",
        """
        Property "sums are small" fails:
          add 10
          add 40
          1 expectation failed, shown above
        Found with seed 42 in case 1 of 200; 100 draws, shrunk to 5.
        Repeat this case:  PROPERTY_CHOICES='1 10 1 40 0' swift test --filter 'PropertyTestingTests.CheckPropertyTests/anExpectationIsShownForTheSmallestCaseAlone'
        Repeat the search: PROPERTY_SEED=42 swift test --filter 'PropertyTestingTests.CheckPropertyTests/anExpectationIsShownForTheSmallestCaseAlone'
        Run it first from now on: add the line `1 10 1 40 0` to PropertyTestingTests/Regressions/sums-are-small.choices
        """,
      ])
  }

  @Test func theEnvironmentRepeatsACase() async throws {
    let choices = ["PROPERTY_CHOICES": "1 40 1 30 0"]
    let texts = try await issues("sums are small", environment: choices, property: Self.sum)
    #expect(texts == ["the sum is 70"])
    let thrown = try await issues("sums are small", environment: choices) { choices in
      choices.note("a note")
      throw Wrong<HeapUse.Command>(commands: [.free(1)], what: "all wrong")
    }
    #expect(thrown == ["Property \"sums are small\" fails:\n  a note\n  free(1)\n  all wrong"])
    #expect(
      try await issues("sums are small", environment: ["PROPERTY_CHOICES": ""], property: Self.sum)
        == [])
    #expect(
      try await issues("nothing holds", environment: choices) { try $0.assume(false) }
        == ["Property \"nothing holds\" discards the case that PROPERTY_CHOICES asks for."])
  }

  @Test func theEnvironmentSetsSeedAndRuns() async throws {
    let texts = try await issues(
      "sums are small", seed: 42, environment: ["PROPERTY_SEED": "7", "PROPERTY_RUNS": "900"],
      property: Self.sum)
    #expect(texts.last?.contains("\nFound with seed 7 in case 1 of 900; ") == true)
  }

  @Test(arguments: [
    ("PROPERTY_SEED", "x1", "one whole number"),
    ("PROPERTY_RUNS", "0", "one whole number above 0"),
    ("PROPERTY_CHOICES", "1, 2", "whole numbers separated by spaces"),
  ])
  func aMalformedSettingIsNamed(_ name: String, _ text: String, _ expected: String) async throws {
    let texts = try await issues("sums are small", environment: [name: text], property: Self.sum)
    #expect(texts == ["\(name) is \"\(text)\" where it should be \(expected)"])
  }

  @Test func regressionsAreRunFirst() async throws {
    let texts = try await issues("a block keeps what was written", seed: 1, runs: 1) { choices in
      try useHeap(bug: .shortSeventeen, choices)
    }
    #expect(
      texts == [
        """
        Property "a block keeps what was written" fails:
          allocate(17)
          allocate(1)
          touch(0)
          block 0 was overwritten
        Found before: PropertyTestingTests/Regressions/a-block-keeps-what-was-written.choices:2; 9 draws, shrunk to 9.
        Repeat this case:  PROPERTY_CHOICES='1 0 16 1 0 0 1 2 0' swift test --filter 'PropertyTestingTests.CheckPropertyTests/regressionsAreRunFirst'
        Repeat the search: PROPERTY_SEED=1 swift test --filter 'PropertyTestingTests.CheckPropertyTests/regressionsAreRunFirst'
        """
      ])
  }

  @Test func aMalformedRegressionIsNamedWithItsLine() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    let file = folder.appending(path: "Regressions/sums-are-small.choices")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try "# fine\n\n1 2 # fine\n1 -2 3 # not\n".write(to: file, atomically: true, encoding: .utf8)
    let texts = try await issues(
      "sums are small", filePath: folder.appending(path: "SumTests.swift").path,
      property: Self.sum)
    #expect(
      texts == [
        """
        \(folder.lastPathComponent)/Regressions/sums-are-small.choices:4: not whole numbers \
        separated by spaces: "1 -2 3 # not"
        """
      ])
  }

  @Test func assumptionsThatSeldomHoldAreAFailure() async throws {
    let texts = try await issues("even numbers", seed: 3, runs: 20) { choices in
      try choices.assume(try choices.draw(0...99) == 0)
    }
    #expect(
      texts == [
        """
        Property "even numbers" was judged in 1 of 20 cases: its assumptions discarded 201 \
        others. Draw values for which they hold.
        """
      ])
  }

  @Test func warningsAndKnownIssuesAreNoFailures() async throws {
    let texts = try await issues("nothing serious", runs: 5) { _ in
      Issue.record("only a warning", severity: .warning)
      withKnownIssue { #expect(Bool(false)) }
    }
    #expect(texts == [])
  }

  @Test func aCaseThatPassesWhenRepeatedIsSaidTo() async throws {
    let runs = Counter()
    let texts = try await issues("it depends", seed: 3) { _ in
      runs.add()
      if runs.count == 1 { throw MalformedRegression(path: "x", line: 1, text: "") }
    }
    #expect(
      texts[0].contains(
        "\nRepeated, the same case passes: it depends on more than its draws.\n"))
  }
}
