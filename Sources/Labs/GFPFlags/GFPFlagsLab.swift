import AllocationTrace
import LabBench

extension Lab {
  /// The GFPFlags lab: what the flags of an allocation mean, as pure functions.
  public static let gfpFlags = Lab(
    id: "GFPFlags", title: "GFP flags", subjectType: "GFPFlags", contract: "GFPFlagRules",
    vocabulary: GFPFlagsVerb.vocabulary,
    checks: GFPTraces.judging(
      gfpComposing + gfpBehaviour + gfpZones + gfpReserves + gfpSituations + gfpText),
    promises: Promise.gfp,
    methods: GFPTraces.methods, method: GFPTraces.method, flaw: GFPTraces.flaw,
    narrate: { operations, outcomes, index in
      GFPWords.step(operations[index], index < outcomes.count ? outcomes[index] : nil)
    })
}
