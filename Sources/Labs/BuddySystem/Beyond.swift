import LabBench

/// A second question of a check: whether the whole contract holds where the check is at home.
///
/// It is asked only of a subject that keeps the contract on plain machines, so that a mistake that shows everywhere does not
/// cost the points of every kind of machine.
struct Beyond: Sendable {
  /// Where the whole contract is tried.
  var scope: Scope
  /// Machines on which every short plan must be right before.
  var plain = ["0-7"]

  /// The verdict where the check's own rule has held.
  func verdict(_ examination: Examination, after own: Verdict) -> Verdict {
    switch plainVerdict(examination.subject) {
    case .passed: break
    case .unfinished(let reason): return .unfinished(reason: reason)
    case .failed, .notJudged: return own
    }
    var hunt = Hunt(WholeContractLaw.self, examination.subject, scope)
    let verdict = hunt.verdict(seed: examination.seed)
    if case .passed = verdict { return own }
    return verdict
  }

  /// The first plan of the fewest steps that breaks the contract here, where plain machines do not show it.
  func shortest(_ subject: any Subject, depth: Int) -> Finding? {
    guard case .passed = plainVerdict(subject) else { return nil }
    var hunt = Hunt(WholeContractLaw.self, subject, scope)
    return hunt.shortest(depths: 1...depth)
  }

  private func plainVerdict(_ subject: any Subject) -> Verdict {
    let scope = Scope(layouts: plain, scenarios: [BuddyChecks.fillAndEmpty], runs: 0)
    var hunt = Hunt(WholeContractLaw.self, subject, scope)
    return hunt.verdict(seed: 0)
  }
}
