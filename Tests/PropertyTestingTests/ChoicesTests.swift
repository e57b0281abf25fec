import PropertyTesting
import Testing

@Suite struct ChoicesTests {
  struct Wanted: Error {}

  /// The list of what `body` draws when its draws are `choices`.
  func drawn<Value>(_ choices: [UInt64], _ body: (Choices) throws -> Value) throws -> Value {
    var value: Value?
    _ = replay(choices) { value = try body($0) }
    return try #require(value)
  }

  @Test func splitMixAnswersThePublishedNumbers() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      [random.next(), random.next(), random.next()]
        == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
  }

  @Test(arguments: [
    (3...9, [3, 4, 5]), (-9 ... -3, [-3, -4, -5]), (-2...2, [0, 1, 2, -1, -2]), (7...7, [7]),
    (0...Int.max, [0, 1, 2]), (Int.min ... -1, [-1, -2, -3]), (Int.min...Int.max, [0, 1, 2]),
  ])
  func aRangeIsListedFromItsSimplestNumber(_ range: ClosedRange<Int>, _ first: [Int]) throws {
    for (index, expected) in first.enumerated() {
      #expect(try drawn([UInt64(index)]) { try $0.draw(range) } == expected)
    }
  }

  @Test func theWholeRangeOfIntIsReached() throws {
    #expect(try drawn([.max]) { try $0.draw(Int.min...Int.max) } == Int.min)
    #expect(try drawn([UInt64(Int.max)]) { try $0.draw(Int.min...Int.max) } == Int.max)
    #expect(try drawn([UInt64(Int.max) + 1]) { try $0.draw(Int.min...Int.max) } == -1)
  }

  @Test func generatedDrawsStayInTheirRange() {
    var seen: Set<Int> = []
    let report = search(seed: 1, runs: 300) { choices in
      let number = try choices.draw(-3...4)
      if !(-3...4).contains(number) { throw Wanted() }
      seen.insert(number)
    }
    #expect(report.failure == nil)
    #expect(seen == Set(-3...4))
  }

  @Test func anEditedListIsTakenAsNearAsPossible() throws {
    // Too large a number is the largest possible, and a missing one is 0.
    #expect(try drawn([99]) { [try $0.draw(1...6), try $0.draw(1...6)] } == [6, 1])
    // An impossible command is the nearest possible before it, or else the first possible.
    #expect(try drawn([2]) { try $0.weighted([1, 1, 0]) } == 1)
    #expect(try drawn([0]) { try $0.weighted([0, 0, 1]) } == 2)
    #expect(try drawn([2]) { c in (try c.weighted([1, 1, 0]), c.drawn) }.1 == [1])
  }

  @Test func weightsDecideHowOften() {
    var counts = [0, 0, 0]
    _ = search(seed: 2, runs: 4000) { counts[try $0.weighted([3, 0, 1])] += 1 }
    #expect(counts[1] == 0)
    #expect((2800...3200).contains(counts[0]))
  }

  @Test func elementsAreDrawnFromAnyCollection() throws {
    #expect(try drawn([1]) { try $0.element(of: ["dma", "normal"][...]) } == "normal")
    #expect(try drawn([1]) { try $0.bool() })
  }

  @Test func commandsKeepToTheirAverageAndMaximum() {
    var lengths: [Int] = []
    _ = search(seed: 3, runs: 2000) { choices in
      var length = 0
      try choices.commands(average: 5, max: 30) { length += 1 }
      lengths.append(length)
    }
    #expect((9000...11000).contains(lengths.reduce(0, +)))
    #expect(lengths.max() == 30)
  }

  @Test func oneLoopAfterTheOtherCountsAnew() throws {
    let lengths = try drawn(Array(repeating: 1, count: 99)) { choices in
      var lengths: [Int] = []
      for _ in 0..<2 {
        var length = 0
        try choices.commands(average: 1, max: 4) {
          var inner = 0
          while try choices.more(average: 1, max: 2) { inner += 1 }
          #expect(inner == 2)
          length += 1
        }
        lengths.append(length)
      }
      return lengths
    }
    #expect(lengths == [4, 4])
  }

  @Test func aRunThatDrawsWithoutEndIsDiscarded() {
    let outcome = replay([]) { choices in
      while true { _ = try choices.bool() }
    }
    guard case .discarded = outcome else {
      Issue.record("\(outcome)")
      return
    }
  }

  @Test func notesAreKeptWhenReplayedOnly() {
    var notes: [[String]] = []
    let property: (Choices) throws -> Void = { choices in
      choices.note("a line")
      notes.append(choices.notes)
    }
    _ = search(seed: 1, runs: 1, property: property)
    _ = replay([], property: property)
    #expect(notes == [[], ["a line"]])
  }
}
