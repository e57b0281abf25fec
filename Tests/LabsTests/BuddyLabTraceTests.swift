import AllocationTrace
import LabBench
import LabKit
import Testing

@testable import Labs

/// The lab's machines, its verbs, and plans made of them.
@Suite struct BuddyLabTraceTests {
  @Test(arguments: ["0-0", "0-6,8-15|16-31", "3-9", "0-1|2-3|4-5|6-7|8-9|10-11|12-13|14-4194303"])
  func aLayoutReadsBackAsItWasWritten(_ layout: String) throws {
    let zones = try #require(MachineLayout.zones(of: layout))
    #expect(MachineLayout.text(of: zones) == layout)
  }

  @Test(
    arguments: [
      "", "7", "5-3", "0-3,4-7", "0-3|2-7", "8-9,0-3", "0-3|", "|0-3", "0-x", "-1-3", "0-4194304",
      "0-0|1-1|2-2|3-3|4-4|5-5|6-6|7-7|8-8",
    ])
  func aMachineThatTheContractForbidsIsNone(_ layout: String) {
    #expect(MachineLayout.zones(of: layout) == nil)
  }

  @Test func theDriverAnswersInTheOrderOfTheVerbs() {
    enum NoSlip: Planted { static var slip: Slip { .none } }
    let subject = InProcessSubject(BuddySystemDriver<SetBuddy<NoSlip>>.self)
    let transcript = subject.perform([
      BuddySystemOperation.boot(layout: "0-6|8-15"),
      BuddySystemOperation.allocate(order: 1, zone: 1),
      BuddySystemOperation.show,
      BuddySystemOperation.free(1, offset: 1, order: 0),
      BuddySystemOperation.free(1, order: 0),
      BuddySystemOperation.free(frame: 7, order: 0),
      BuddySystemOperation.free(1, order: 1),
      BuddySystemOperation.list(order: 3, zone: 1),
      BuddySystemOperation.allocate(order: 4),
      BuddySystemOperation.free(8, order: 4),
    ])
    #expect(
      transcript.outcomes == [
        .done, .number(8), .numbers([0, 0, 6, 0, 1, 4, 0, 2, 0, 1, 1, 10, 1, 2, 12]),
        .refused("no allocated block starts at frame 9"),
        .refused("the block at frame 8 was allocated with order 1"),
        .refused("frame 7 is not memory of this machine"), .done, .numbers([8]), .none, .skipped,
      ])
  }

  @Test func aTraceWithoutAMachineIsRefused() {
    enum NoSlip: Planted { static var slip: Slip { .none } }
    let subject = InProcessSubject(BuddySystemDriver<SetBuddy<NoSlip>>.self)
    #expect(
      subject.perform([BuddySystemOperation.show, BuddySystemOperation.boot(layout: "5-3")])
        .outcomes == [
          .refused("no machine yet: a trace starts with boot"),
          .refused("5-3 is not a machine: write zones as 0-6,8-15|16-31"),
        ])
  }

  @Test func removingAStepRemovesWhatNamesIt() {
    let plan = Plan(
      layout: "0-7",
      moves: [
        .allocate(order: 0, zone: 0), .allocate(order: 1, zone: 0), .free(step: 0, order: 0),
        .free(step: 1, order: 1),
      ])
    #expect(
      plan.removing(0..<1).moves == [.allocate(order: 1, zone: 0), .free(step: 0, order: 1)])
    #expect(plan.removing(2..<4).moves.count == 2)
  }

  @Test func aRecordingBecomesRequestsAndFreesOfThisLab() throws {
    let text = """
      kernel-memory-lab trace 1
      vocabulary: KernelRecording

      pages order=1 gfp=GFP_KERNEL type=0 cpu=0 frame=100
      pages order=0 gfp=GFP_DMA|__GFP_ZERO type=0 cpu=0 frame=50
      pages order=1 gfp=GFP_KERNEL type=0 cpu=0 frame=200
      split-pages #2
      free-pages #2+1 order=0 cpu=0
      free-pages #0 order=1 cpu=0

      """
    let trace = try TraceText.parse(text) { _ in KernelRecording.vocabulary }
    #expect(
      KernelPages.plan(of: trace.operations).moves == [
        .allocate(order: 1, zone: 1), .allocate(order: 0, zone: 0),
        .allocate(order: 0, zone: 1), .allocate(order: 0, zone: 1),
        .free(step: 3, order: 0), .free(step: 0, order: 1),
      ])
    #expect(Machine(KernelPages.layout)?.frameCount == 130_942)
  }
}
