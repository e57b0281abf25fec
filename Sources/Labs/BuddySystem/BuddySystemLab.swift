import AllocationTrace

extension Lab {
  /// The BuddySystem lab.
  public static let buddySystem = Lab(
    id: "BuddySystem", title: "The buddy system", subjectType: "BuddySystem",
    contract: "PageAllocator",
    vocabulary: Vocabulary(name: "BuddySystem", verbs: []), checks: [],
    narrate: { _, _, _ in "" })
}
