import AllocationTrace
import LabBench

extension Lab {
  /// The BuddySystem lab: a page allocator that splits and merges.
  public static let buddySystem = Lab(
    id: "BuddySystem", title: "The buddy system", subjectType: "BuddySystem",
    contract: "PageAllocator", vocabulary: BuddySystemVerb.vocabulary, checks: BuddyChecks.all,
    narrate: { operations, outcomes, index in Words.step(operations, outcomes, index) })
}
