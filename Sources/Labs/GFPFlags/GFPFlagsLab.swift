import AllocationTrace

extension Lab {
  /// The GFPFlags lab.
  public static let gfpFlags = Lab(
    id: "GFPFlags", title: "GFP flags", subjectType: "GFPFlags", contract: "GFPFlagRules",
    vocabulary: Vocabulary(name: "GFPFlags", verbs: []), checks: [],
    narrate: { _, _, _ in "" })
}
