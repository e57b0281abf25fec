import AllocationTrace
import LabBench
import LabKit
import PropertyTesting
import Testing

@testable import Labs

/// No answer of a submission, however wrong, stops the judge or keeps it for long.
@Suite struct BuddyFuzzTests {
  static let laws: [any Law.Type] = [
    BootLaw.self, AlignmentLaw.self, OverlapLaw.self, SplitLaw.self, AccountingLaw.self,
    MergeLaw.self, WholeLaw.self, ExhaustionLaw.self, OrderLimitsLaw.self, OddMemoryLaw.self,
    HoleLaw.self, BorderLaw.self, FallbackLaw.self, MisuseLaw<FreeAlready>.self,
    MisuseLaw<Mismatched>.self, MisuseLaw<Foreign>.self, AftermathLaw<FreeAlready>.self,
    WholeContractLaw.self,
  ]

  /// Numbers at which arithmetic goes wrong, and small ones.
  private static let numbers =
    [
      0, 1, 2, 3, 5, 7, 8, -1, -8, 999_999, 1 << 22, 1 << 40, 1 << 62, .max, .min, .max - 1, 63, 64,
      10, 11,
    ]

  private func plan(_ random: inout SplitMix64) -> Plan {
    let layouts = ["0-7", "3-9", "0-2,4-7", "0-3|4-7", "1008-1023", "1-6,8-15|16-30"]
    func any() -> Int { Self.numbers[Int(random.next(upTo: UInt64(Self.numbers.count - 1)))] }
    var plan = Plan(layout: layouts[Int(random.next(upTo: UInt64(layouts.count - 1)))])
    for step in 0..<6 {
      switch random.next(upTo: 5) {
      case 0: plan.moves.append(.freeFrame(any(), order: any()))
      case 1: plan.moves.append(.list(order: any(), zone: any()))
      case 2 where step > 0:
        plan.moves.append(.free(step: step - 1, offset: any(), order: Int(random.next(upTo: 2))))
      case 3: plan.moves.append(.allocate(order: any(), zone: any()))
      default: plan.moves.append(.allocate(order: Int(random.next(upTo: 3)), zone: 0))
      }
    }
    return plan
  }

  private func outcome(_ operation: TraceOperation, _ random: inout SplitMix64) -> Outcome {
    func any() -> Int { Self.numbers[Int(random.next(upTo: UInt64(Self.numbers.count - 1)))] }
    switch (operation.lab, random.next(upTo: 9)) {
    case (_, 0): return .skipped
    case (_, 1): return .numbers([any(), any()])
    case (_, 2): return .text("no")
    case (.boot, _): return .done
    case (.show, 3): return .numbers([])
    case (.show, let n):
      // Unsorted blocks of any order at any frame, some of them twice.
      let triples = (0..<Int(n)).flatMap { _ in
        [Int(random.next(upTo: 2)), n < 6 ? Int(random.next(upTo: 11)) - 1 : any(), any()]
      }
      return .numbers(triples + triples.prefix(3))
    case (.list, _): return .numbers([any()])
    case (.free, 3...5): return .refused("so it is")
    case (.free, _): return .done
    case (.allocate, 3): return .none
    default: return .number(any())
    }
  }

  @Test func nothingThatIsAnsweredTrapsALawOrItsWords() {
    var random = SplitMix64(seed: 1991)
    var broken = 0
    for round in 0..<4_000 {
      let operations = plan(&random).operations(.everyStep)
      var outcomes = operations.map { outcome($0, &random) }
      // Fewer answers than operations, and more.
      if round.isMultiple(of: 5) { outcomes.removeLast(Int(random.next(upTo: 5))) }
      if round.isMultiple(of: 7) { outcomes.append(.number(3)) }
      if !round.isMultiple(of: 11) { outcomes[0] = .done }
      let endings: [Transcript.Ending] = [.complete, .crashed("trap"), .outOfTime, .garbled("x")]
      let transcript = Transcript(outcomes: outcomes, ending: endings[round % endings.count])
      for law in Self.laws {
        do throws(Finding) {
          _ = try law.judge(operations, transcript)
        } catch {
          broken += 1
          let counterexample = error.counterexample
          #expect(!counterexample.expected.isEmpty && !counterexample.found.isEmpty)
        }
      }
      _ = Causes.first(in: operations, transcript)
    }
    #expect(broken > 10_000)
  }

  @Test func aWindowOfFrameOneMillionIsAFindingAndNoTrap() throws {
    let operations = [BuddySystemOperation.boot(layout: "0-7"), BuddySystemOperation.show]
    let transcript = Transcript(outcomes: [.done, .numbers([0, 0, 999_999])])
    for law in [AccountingLaw.self, HoleLaw.self, BootLaw.self] as [any Law.Type] {
      #expect(throws: Finding.self) { try law.judge(operations, transcript) }
    }
  }

  /// 40,000 blocks before and after: with a search through one list for each block of the other this takes minutes.
  @Test func listsOfFortyThousandBlocksAreCompared() {
    let even = (0..<40_000).flatMap { [0, 0, 2 * $0] }
    let odd = (0..<40_000).flatMap { [0, 0, 2 * $0 + 1] }
    let operations = Plan(
      layout: "0-131071", moves: [.allocate(order: 0, zone: 0), .free(step: 0, order: 0)]
    ).operations(.everyStep)
    let transcript = Transcript(
      outcomes: [.done, .numbers(even), .number(0), .numbers(odd), .done, .numbers(even + odd)])
    var broken = 0
    for law in Self.laws {
      do throws(Finding) {
        _ = try law.judge(operations, transcript)
      } catch {
        broken += 1
        #expect(error.counterexample.found.count < 2_000)
      }
    }
    #expect(broken >= 5)
  }

  @Test func whatComesOfBlocksThatAreListedTwiceIsCounted() {
    let blocks = FreeBlock.list([0, 0, 1, 0, 0, 1, 0, 0, 5])!
    let others = FreeBlock.list([0, 0, 1, 0, 1, 2])!
    #expect(blocks.subtracting(others).map(\.frame) == [1, 5])
    #expect(others.subtracting(blocks).map(\.frame) == [2])
  }
}
