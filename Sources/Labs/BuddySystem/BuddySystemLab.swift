import AllocationTrace
import LabBench
import LabKit

extension Lab {
  /// The BuddySystem lab: a page allocator that splits and merges.
  public static let buddySystem = Lab(
    id: "BuddySystem", title: "The buddy system", subjectType: "BuddySystem",
    contract: "PageAllocator", vocabulary: BuddySystemVerb.vocabulary, checks: BuddyChecks.all,
    promises: BuddyPromises.all, longestList: longestWindow,
    methods: BuddyTraces.methods, method: BuddyTraces.method, flaw: BuddyTraces.flaw,
    narrate: { operations, outcomes, index in Words.step(operations, outcomes, index) })

  /// The most numbers that a window can hold: three for each free block.
  ///
  /// Twice as many blocks as there are frames, for lists that show blocks twice; on small machines also every frame under
  /// every order of every zone, for a window that does not look at its arguments.
  @Sendable private static func longestWindow(_ trace: [TraceOperation]) -> Int {
    let zones = trace.first?.bootLayout.flatMap(MachineLayout.zones) ?? []
    let frames = zones.reduce(0) { $0 + $1.usable.reduce(0) { $0 + $1.count } }
    let careless = (maxOrder + 1) * zones.count * frames
    return 3 * max(2 * frames, min(careless, 1 << 15)) + 96
  }
}
