import AllocationTrace
import LabBench

extension Lab {
  /// The GFPFlags lab.
  public static let gfpFlags = Lab(
    id: "GFPFlags", title: "GFP flags", subjectType: "GFPFlags", contract: "GFPFlagRules",
    vocabulary: GFPFlagsVerb.vocabulary, checks: [], narrate: { _, _, _ in "" })
}
