import AllocationTrace
import Testing

@Suite struct TableTests {
  @Test func aLiveTableIsADictionary() {
    for seed in 0..<20 as Range<UInt64> {
      var random = Randomness(state: seed)
      var table = LiveTable(blank: 0)
      var model: [Int: Int] = [:]
      // First more comes than goes, then the other way round: the table grows and shrinks.
      for step in 0..<4_000 {
        let key = Int.random(in: 0..<3_000, using: &random) &* 4096
        if Int.random(in: 0..<10, using: &random) < (step < 2_000 ? 7 : 2) {
          table.set(key, step)
          model[key] = step
        } else {
          #expect(table.remove(key) == model.removeValue(forKey: key), "seed \(seed), step \(step)")
        }
        #expect(table.count == model.count)
      }
      for key in 0..<3_000 { #expect(table.value(key &* 4096) == model[key &* 4096]) }
      var found: [Int: Int] = [:]
      table.forEach { found[$0] = $1 }
      #expect(found == model)
    }
  }

  @Test func aTextTableGivesEachTextOneNumber() {
    var table = TextTable()
    #expect(table.number("") == 0)
    let number = table.number("GFP_KERNEL|__GFP_ZERO")
    #expect(table.number("GFP_KERNEL|__GFP_ZER0") != number)
    #expect(table.number("GFP_KERNEL|__GFP_ZERO") == number)
    #expect(table[number] == "GFP_KERNEL|__GFP_ZERO")
  }

  @Test func aFullTextTableGrowsNoMore() {
    var table = TextTable()
    for index in 0..<TextTable.capacity * 2 {
      let number = table.number("name\(index)")
      #expect(table[number] == (index < TextTable.capacity - 2 ? "name\(index)" : TextTable.other))
    }
    #expect(table.texts.count == TextTable.capacity)
    #expect(table[table.number("name7")] == "name7")
  }

  @Test func operationsInNumbersAreTheSameOperations() throws {
    var texts = TextTable()
    for seed in 0..<500 as Range<UInt64> {
      var random = Randomness(state: seed)
      let operation = randomOperation(of: KernelRecording.vocabulary, using: &random)
      if let numbers = try? KernelOperation(operation, texts: &texts) {
        #expect(numbers.traceOperation(texts) == operation)
      }
    }
    let operation = TraceOperation(verb: 1, [.block(Handle(3, offset: 1)), .number(2), .number(7)])
    #expect(try KernelOperation(operation, texts: &texts).traceOperation(texts) == operation)
  }

  @Test(arguments: [
    (TraceOperation(verb: 99), "verb 99 is none of KernelRecording"),
    (TraceOperation(verb: 2), "split-pages takes 1 arguments"),
    (TraceOperation(verb: 2, [.number(4)]), "expected a handle such as #3, found 4"),
    (
      TraceOperation(verb: 1, [.block(Handle(0)), .number(11), .number(0)]),
      "expected order in 0…10, found 11"
    ),
    (
      TraceOperation(verb: 1, [.block(Handle(0)), .number(0), .number(-1)]),
      "expected cpu in 0…8191, found -1"
    ),
  ])
  func argumentsOutOfRangeAreRefused(operation: TraceOperation, reason: String) {
    var texts = TextTable()
    let error = #expect(throws: KernelOperation.Misuse.self) {
      try KernelOperation(operation, texts: &texts)
    }
    #expect(error?.reason == reason)
  }
}
