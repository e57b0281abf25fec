import AllocationTrace
import LabBench
import LabKit
import Testing

@testable import Labs

/// What the checks say of allocators with one slip each, and that they say nothing of one without.
@Suite struct BuddyLabCheckTests {
  private func verdict<P: Planted>(_ id: String, _ planted: P.Type) throws -> Verdict {
    let check = try #require(Lab.buddySystem.check(id))
    let subject = InProcessSubject(BuddySystemDriver<SetBuddy<P>>.self)
    return check.examine(
      Examination(subject: subject, seed: checkSeed(course: 1991, check: check.id)))
  }

  private func counterexample<P: Planted>(
    _ id: String, _ planted: P.Type
  ) throws -> Counterexample {
    guard case .failed(let counterexample, let earned) = try verdict(id, planted) else {
      throw Missed(id: id)
    }
    #expect(earned == 0)
    return counterexample
  }

  struct Missed: Error { let id: String }

  @Test func pointsAddToOneHundredAndHintsAreThree() {
    let checks = Lab.buddySystem.checks
    #expect(checks.map(\.points).reduce(0, +) == 100)
    #expect(Set(checks.map(\.id)).count == checks.count)
    #expect(Set(checks.map(\.kind)) == Set(Check.Kind.allCases))
    #expect(checks.allSatisfy { $0.hints.count == 3 })
    #expect(Set(checks.flatMap(\.hints)).count == 3 * checks.count)
  }

  // Speed is not judged here, and every sequence there is takes this slow allocator too long.
  @Test(
    arguments: Lab.buddySystem.checks.filter { ![.performance, .exhaustive].contains($0.kind) }
      .map(\.id))
  func aCorrectAllocatorPasses(_ id: String) throws {
    enum NoSlip: Planted { static var slip: Slip { .none } }
    switch try verdict(id, NoSlip.self) {
    case .passed: break
    case .failed(let counterexample, _): Issue.record("\(counterexample)")
    case .unfinished(let reason): Issue.record("\(reason)")
    case .notJudged(let reason): #expect(reason == "boot-k6.12 is not in grading/traces")
    }
  }

  @Test func blocksThatNeverMerge() throws {
    enum Slipped: Planted { static var slip: Slip { .neverMerges } }
    let found = try counterexample("merge", Slipped.self)
    #expect(found.steps == ["allocate(order 0) → frame 0", "free(0, order 0)"])
    #expect(found.expected == "order 3: 0–7")
    #expect(found.found == "order 0: 0, 1   order 1: 2–3   order 2: 4–7")
    #expect(
      found.picture == [
        "█01·2···   before", "001·2···   after",
        "frames 0–7: █ in use, a digit and dots: a free block of that order",
      ])
  }

  @Test func aMergedBlockThatStartsAtTheFreedFrame() throws {
    enum Slipped: Planted { static var slip: Slip { .startsAtFreed } }
    let found = try counterexample("merge", Slipped.self)
    #expect(
      found.steps == [
        "allocate(order 0) → frame 0", "allocate(order 0) → frame 1", "free(0, order 0)",
        "free(1, order 0)",
      ])
    #expect(found.found == "order 1: 1–2, 2–3   order 2: 4–7")
    guard case .passed = try verdict("exhaustion", Slipped.self) else {
      Issue.record("a wrong merge costs the points of another rule")
      return
    }
  }

  @Test func aLargerBlockThatIsNotSplit() throws {
    enum Slipped: Planted { static var slip: Slip { .keepsLargeBlock } }
    let found = try counterexample("split", Slipped.self)
    #expect(found.steps == ["allocate(order 0) → frame 0"])
    #expect(found.expected == "free blocks left: order 0: 1   order 1: 2–3   order 2: 4–7")
    #expect(found.found == "no free block")
  }

  @Test func aSearchFromTheLargestOrder() throws {
    enum Slipped: Planted { static var slip: Slip { .smallestIsIgnored } }
    let found = try counterexample("split", Slipped.self)
    #expect(
      found.steps == ["allocate(order 0) → frame 0", "allocate(order 0) → frame 4"])
    #expect(found.expected == "frames out of a smallest sufficient free block: order 0: 1")
    #expect(found.found == "frame 4, out of the block of order 2, 4–7")
  }

  @Test func aHalfThatIsFreeAndInUse() throws {
    enum Slipped: Planted { static var slip: Slip { .lowerHalfStays } }
    let found = try counterexample("accounting", Slipped.self)
    #expect(found.steps == ["allocate(order 0) → frame 0"])
    #expect(found.found == "4 frames, the first of them 4, neither in use nor in a free block")
  }

  @Test func aDoubleFreeThatIsBelieved() throws {
    enum Slipped: Planted { static var slip: Slip { .trustsCaller } }
    let found = try counterexample("double-free", Slipped.self)
    #expect(found.steps == ["free(0, order 0)"])
    #expect(found.expected == "refused: frame 0 is free")
    #expect(found.found == "taken as a good free")
  }

  @Test func anOrderThatIsBelieved() throws {
    enum Slipped: Planted { static var slip: Slip { .trustsOrder } }
    let found = try counterexample("wrong-block", Slipped.self)
    #expect(found.steps == ["allocate(order 0) → frame 0", "free(0, order 1)"])
    #expect(
      found.expected == "refused: the block at frame 0 was handed out with order 0, not 1")
    guard case .passed = try verdict("double-free", Slipped.self) else {
      Issue.record("a wrong order costs the points of double frees")
      return
    }
  }

  @Test func zonesThatMerge() throws {
    enum Slipped: Planted { static var slip: Slip { .ignoresBorder } }
    let found = try counterexample("zone-border", Slipped.self)
    #expect(found.steps.count == 2)
    #expect(found.expected == "free blocks within one zone: zone 0: frames 0–3; zone 1: frames 4–7")
    #expect(found.found == "one of order 3 with frames 0–7")
  }

  @Test func aZoneThatDoesNotFallBack() throws {
    enum Slipped: Planted { static var slip: Slip { .noFallback } }
    let found = try counterexample("zone-fallback", Slipped.self)
    #expect(
      found.steps == ["allocate(order 0, zone 1) → frame 4", "allocate(order 2, zone 1) → nil"])
    #expect(
      found.expected
        == "a block of zone 0, the first zone below 1 with a sufficient free block")
  }

  @Test func memoryThatIsLostOrInvented() throws {
    enum Tail: Planted { static var slip: Slip { .losesTail } }
    let lost = try counterexample("odd-memory", Tail.self)
    #expect(lost.steps.isEmpty)
    #expect(lost.expected == "after boot order 0: 6   order 1: 4–5   order 2: 0–3")
    #expect(lost.found == "order 2: 0–3")
    enum Hole: Planted { static var slip: Slip { .holeIsMemory } }
    let invented = try counterexample("holes", Hole.self)
    #expect(invented.expected == "only frames of the machine: frames 0 and 8")
    #expect(
      invented.found
        == "a free block of order 3, frames 0–7, with frame 1, which is not one of them")
    enum Shifted: Planted { static var slip: Slip { .relativeAlignment } }
    #expect(throws: Never.self) { try counterexample("odd-memory", Shifted.self) }
  }

  @Test func aNilThatCostsABlock() throws {
    enum Slipped: Planted { static var slip: Slip { .nilLosesBlock } }
    let found = try counterexample("exhaustion", Slipped.self)
    #expect(found.expected.hasPrefix("nil, and still order 0: "))
    #expect(found.steps.last?.hasSuffix("→ nil") == true)
  }

  @Test func anOrderThatIsMissing() throws {
    enum Slipped: Planted { static var slip: Slip { .noOrderTen } }
    let found = try counterexample("order-limits", Slipped.self)
    #expect(found.steps == ["allocate(order 10) → nil"])
    #expect(found.expected == "a block of order 10 (1,024 frames): all memory is free")
    enum Eleven: Planted { static var slip: Slip { .mergesToOrder11 } }
    let merged = try counterexample("order-limits", Eleven.self)
    #expect(merged.expected == "the block of order 10 free, as a block of its own")
  }

  /// What the shortest trace is, the search by depth and the check agree on.
  @Test func fewestStepsConfirmTheCounterexample() throws {
    enum Slipped: Planted { static var slip: Slip { .mergesOnce } }
    let subject = InProcessSubject(BuddySystemDriver<SetBuddy<Slipped>>.self)
    for id in ["merge", "whole-again", "every-sequence"] {
      let check = try #require(Lab.buddySystem.check(id))
      let fewest = try #require(check.fewestSteps)
      #expect(fewest(subject, 4) == (try counterexample(id, Slipped.self)).steps.count)
      #expect(fewest(subject, 1) == nil)
    }
  }
}
