import AllocationTrace
import LabBench
import LabKit
import Testing

@testable import Labs

/// Traces that a student wrote are judged like those of the checks.
@Suite struct TraceJudgeTests {
  static let wrong: [(operation: TraceOperation, outcome: Outcome, check: String)] = [
    (GFPFlagsOperation.value(of: "GFP_KERNEL"), .number(1), "types"),
    (GFPFlagsOperation.ask(.zoneModifiers, 0xcc1), .number(0), "groups"),
    (GFPFlagsOperation.ask(.actionModifiers, 0xcc1), .number(0), "groups"),
    (GFPFlagsOperation.ask(.baseType, 0xcc0), .none, "base-type"),
    (GFPFlagsOperation.ask(.sleeps, 0x400), .truth(false), "sleeping"),
    (GFPFlagsOperation.ask(.startsIO, 0x40), .truth(true), "starting-io"),
    (GFPFlagsOperation.ask(.entersFileSystem, 0x480), .truth(false), "entering-fs"),
    (GFPFlagsOperation.zones(for: 0x1, on: .x86_64), .numbers([2]), "zone-choice"),
    (GFPFlagsOperation.zones(for: 0x2, on: .x86_64), .numbers([]), "zone-fallback"),
    (GFPFlagsOperation.zones(for: 0xa, on: .x86_64Movable), .none, "zone-movable"),
    (GFPFlagsOperation.zones(for: 0x3, on: .x86_64), .numbers([2]), "zone-refusal"),
    (GFPFlagsOperation.watermark(for: 0x20, min: 8), .number(8), "reserve-share"),
    (GFPFlagsOperation.watermark(for: 0x2_0000, min: 8), .number(8), "reserve-memalloc"),
    (GFPFlagsOperation.parse("GFP_KERNEL"), .number(1), "parse-names"),
    (GFPFlagsOperation.parse("0x1"), .refused(""), "parse-numbers"),
    (GFPFlagsOperation.parse("GFP"), .number(1), "parse-malformed"),
    (GFPFlagsOperation.ask(.print, 0xcc0), .text("kernel"), "print-names"),
    (GFPFlagsOperation.ask(.print, 0x8000_0000), .text("none"), "print-leftover"),
  ]

  @Test(arguments: wrong.indices) func aWrongAnswerIsFoundByItsRule(index: Int) {
    let (operation, outcome, check) = Self.wrong[index]
    let right = GFPFlagsOperation.ask(.sleeps, 0)
    let found = Lab.gfpFlags.judge(
      [right, operation, right], Transcript(outcomes: [.truth(false), outcome, .truth(false)]))
    #expect(found?.check.id == check)
    #expect(found?.counterexample.operations.count == 2)
    let stopped = Lab.gfpFlags.judge(
      [right, operation], Transcript(outcomes: [.truth(false)], ending: .crashed("Fatal error")))
    #expect(stopped?.check.id == check)
    #expect(stopped?.counterexample.found == "the program stopped: Fatal error")
  }

  @Test(arguments: [
    (0x800, "situation-sleep"), (0xc00, "situation-recursion"), (0xce0, "situation-reserve"),
    (0xcc1, "situation-zone"), (0xcc0, nil), (0x2cc0, nil),
  ]) func flagsForASituationAreJudgedBitByBit(mask: Int, check: String?) {
    let situation = GFPSituation(
      context: .process, code: .ordinary, memory: .kernel, canDoWithout: false)
    let found = Lab.gfpFlags.judge(
      [GFPFlagsOperation.flags(for: situation)], Transcript(outcomes: [.number(mask)]))
    #expect(found?.check.id == check)
  }

  /// The check that a replay names is asked first, and has its say whatever else is wrong.
  @Test func oneRuleDoesNotHideAnother() {
    let trace = [GFPFlagsOperation.flags(for: GFPSituation(context: .process))]
    let zone = Lab.gfpFlags.check("situation-zone")
    let found = Lab.gfpFlags.judge(trace, Transcript(outcomes: [.number(0x801)]), first: zone)
    #expect(found?.check.id == "situation-zone")
    #expect(
      found?.counterexample.found == "__GFP_DMA, in GFP_DMA|__GFP_KSWAPD_RECLAIM (0x801)")
  }

  @Test func theBuddySystemsLawsJudgeAnyTrace() {
    let trace = [
      BuddySystemOperation.boot(layout: "0-3"), BuddySystemOperation.allocate(order: 0),
      BuddySystemOperation.allocate(order: 0),
    ]
    func judge(_ outcomes: [Outcome]) -> String? {
      Lab.buddySystem.judge(trace, Transcript(outcomes: outcomes))?.check.id
    }
    #expect(judge([.done, .number(0), .number(1)]) == nil)
    #expect(judge([.done, .number(0), .number(0)]) == "no-overlap")
    #expect(judge([.done, .number(0), .none]) != nil)
  }

  @Test func aTraceThatCannotBePerformedSaysWhy() {
    let flaw = Lab.buddySystem.flaw
    let boot = BuddySystemOperation.boot(layout: "0-3")
    #expect(flaw([boot, BuddySystemOperation.show]) == nil)
    #expect(
      flaw([BuddySystemOperation.show])
        == "a trace of this lab begins with a machine, for example: boot layout=0-15")
    #expect(flaw([boot, boot]) == "operation #1 boots again; a trace has one machine")
    #expect(
      flaw([BuddySystemOperation.boot(layout: "3-0")])
        == "3-0 is not a machine. Write the usable frames of up to 8 zones, lowest first: boot layout=0-6,8-15|16-31"
    )
    #expect(
      Lab.gfpFlags.flaw([TraceOperation(verb: GFPFlagsVerb.sleeps.rawValue, [.text("12")])])
        == "operation #0: 12 is not a mask. Write 0x and at most eight hexadecimal digits: 0xcc0")
  }
}
