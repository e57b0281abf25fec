import PropertyTesting
import Testing

@Suite struct SearchTests {
  struct TooLarge: Error, Equatable { var numbers: [Int] }

  /// What the smallest failure threw.
  func smallest(
    seed: UInt64 = 1, maxShrinks: Int = 20_000, _ property: (Choices) throws -> Void
  ) throws -> [Int] {
    let failure = try #require(
      search(seed: seed, runs: 1000, maxShrinks: maxShrinks, property: property).failure)
    return try #require(failure.error as? TooLarge).numbers
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func aNumberShrinksToTheBorder(seed: UInt64) throws {
    let numbers = try smallest(seed: seed) { choices in
      let number = try choices.draw(-1_000_000_000...1_000_000_000)
      if number >= 123_457 { throw TooLarge(numbers: [number]) }
    }
    #expect(numbers == [123_457])
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func aListShrinksToItsOneGuiltyElement(seed: UInt64) throws {
    let numbers = try smallest(seed: seed) { choices in
      var numbers: [Int] = []
      try choices.commands(average: 30, max: 100) { numbers.append(try choices.draw(0...999)) }
      if numbers.contains(where: { $0 > 700 }) { throw TooLarge(numbers: numbers) }
    }
    #expect(numbers == [701])
  }

  /// No span says what belongs together: only the draw before the list says how long it is.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func aListBehindItsLengthShrinks(seed: UInt64) throws {
    let numbers = try smallest(seed: seed) { choices in
      var numbers: [Int] = []
      for _ in 0..<(try choices.draw(0...40)) { numbers.append(try choices.draw(0...999)) }
      if numbers.filter({ $0 > 700 }).count >= 2 { throw TooLarge(numbers: numbers) }
    }
    #expect(numbers == [701, 701])
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func numbersWhoseSumMattersComeToRestAtTheEnd(seed: UInt64) throws {
    let numbers = try smallest(seed: seed) { choices in
      let numbers = [try choices.draw(0...600), try choices.draw(0...600)]
      if numbers.reduce(0, +) >= 1000 { throw TooLarge(numbers: numbers) }
    }
    #expect(numbers == [400, 600])
  }

  /// Fewer commands win, even when they take more draws.
  @Test func aRunIsMeasuredInCommandsFirst() throws {
    let numbers = try smallest { choices in
      var sizes: [Int] = []
      try choices.commands(average: 10, max: 30) {
        let isLong = try choices.bool()
        if isLong { for _ in 0..<10 { _ = try choices.bool() } }
        sizes.append(isLong ? 4 : 1)
      }
      if sizes.reduce(0, +) >= 4 { throw TooLarge(numbers: sizes) }
    }
    #expect(numbers == [4])
  }

  @Test func theSameSeedGivesTheSameReport() {
    func report(_ seed: UInt64) -> SearchReport {
      search(seed: seed, runs: 1000) { try useHeap(bug: .fourthHole, $0) }
    }
    let (first, second, other) = (report(4), report(4), report(5))
    #expect(first.failure?.original == second.failure?.original)
    #expect(first.failure?.choices == second.failure?.choices)
    #expect(first.failure?.shrinkRuns == second.failure?.shrinkRuns)
    #expect(first.failure?.original != other.failure?.original)
  }

  @Test func theFailureRepeats() throws {
    let failure = try #require(
      search(seed: 4, runs: 1000) { try useHeap(bug: .dropsTail, $0) }.failure)
    let outcome = replay(failure.choices) { try useHeap(bug: .dropsTail, $0) }
    guard case .failed(let error) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect("\(error)" == "\(failure.error)")
    #expect(failure.isReproducible)
  }

  @Test func aPropertyThatDependsOnMoreThanItsDrawsIsSaidToBe() throws {
    var runs = 0
    let failure = try #require(
      search(seed: 1) { _ in
        runs += 1
        if runs == 3 { throw TooLarge(numbers: []) }
      }.failure)
    #expect(!failure.isReproducible)
  }

  @Test func everyRunIsCountedAndLabelled() {
    let report = search(seed: 1, runs: 1000) { choices in
      choices.label(try choices.draw(1...4) == 1 ? "quarter" : "rest")
      choices.label("all")
      choices.label("all")
    }
    #expect(report.runs == 1000)
    #expect(report.discarded == 0)
    #expect(report.failure == nil)
    #expect(report.labels == ["all": 1000, "rest": 725, "quarter": 275])
    #expect(report.distribution == [" 100.0 %  all", "  72.5 %  rest", "  27.5 %  quarter"])
  }

  @Test func discardedRunsDoNotCount() {
    let report = search(seed: 1, runs: 100) { try $0.assume(try $0.bool()) }
    #expect(report.runs == 100)
    #expect((60...150).contains(report.discarded))
  }

  @Test func assumptionsThatNeverHoldEndTheSearch() {
    let report = search(seed: 1, runs: 10) { try $0.assume(false) }
    #expect(report.runs == 0)
    #expect(report.discarded == 101)
  }

  @Test func aDiscardThatThePropertySwallowsIsADiscardAllTheSame() {
    let report = search(seed: 1, runs: 10) { choices in
      do { try choices.assume(false) } catch { throw TooLarge(numbers: []) }
    }
    #expect(report.failure == nil)
    #expect(report.discarded == 101)
  }

  @Test func shrinkingKeepsToItsBudget() throws {
    func runs(maxShrinks: Int = .max, patience: Int = .max) throws -> Int {
      try #require(
        search(seed: 9, runs: 1000, maxShrinks: maxShrinks, patience: patience) {
          try useHeap(bug: .fourthHole, $0)
        }.failure
      ).shrinkRuns
    }
    let unbounded = try runs()
    #expect(try runs(maxShrinks: 0) == 0)
    #expect(try runs(maxShrinks: 50) == 50)
    #expect(unbounded > 500)
    let impatient = try runs(patience: 40)
    #expect((40..<unbounded).contains(impatient))
  }

  @Test func regressionsRunFirstAndShrinkToo() throws {
    var runs = 0
    let failure = try #require(
      search(seed: 1, regressions: [[5], [900, 7], [950]]) { choices in
        runs += 1
        let number = try choices.draw(0...999)
        if number > 700 { throw TooLarge(numbers: [number]) }
      }.failure)
    #expect(failure.origin == .regression(1))
    #expect(failure.original == [900])
    #expect(failure.choices == [701])
    #expect(runs == failure.shrinkRuns + 3)
  }
}
