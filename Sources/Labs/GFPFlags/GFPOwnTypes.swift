import AllocationTrace
import LabBench
import LabKit

/// A subject's own types, where they are not what the contract says.
///
/// Whoever uses a wrong `mask(of:)` in other methods is told once what is wrong, and elsewhere that it follows from that.
struct GFPOwnTypes {
  /// The bits that the subject gives to each type, by name.
  private var bits: [String: UInt32] = [:]
  /// How the subject stopped when it was asked for a type; nil when it did not.
  private var ending: Transcript.Ending?

  /// Asks `subject` for its types; nil where they are right, or nobody has begun with them.
  init?(_ subject: any Subject) {
    let names = GFPModel.types.map(\.name)
    let transcript = subject.perform(names.map(GFPFlagsOperation.value))
    for (name, outcome) in zip(names, transcript.outcomes) {
      guard case .number(let number) = outcome, let mask = UInt32(exactly: number) else { continue }
      bits[name] = mask
    }
    switch transcript.ending {
    case .complete: ending = nil
    case .outOfTime: return nil
    case .crashed, .garbled, .timedOut: ending = transcript.ending
    }
    let areRight = GFPModel.types.allSatisfy { bits[$0.name] == $0.bits }
    if areRight || ending == nil && bits.values.allSatisfy({ $0 == 0 }) { return nil }
  }

  /// Whether asking for a type stops the subject in the same way.
  func explains(_ ending: Transcript.Ending) -> Bool { ending == self.ending }

  /// Whether `outcome` is what a program that is right but for these types returns from `call`.
  func explains(_ call: GFPCall, _ outcome: Outcome) -> Bool {
    switch (call, outcome) {
    case (.mask(.baseType, let mask), _):
      let type = GFPModel.types.first { own($0.name).map { mask & $0 == $0 } ?? false }
      return outcome == (type.map { .text($0.name) } ?? Outcome.none)
    case (.mask(.print, let mask), .text(let text)):
      // A type without bits may be printed, since nothing of it is missing, or passed over.
      return text == GFPModel.text(mask, names: names)
        || text == GFPModel.text(mask, names: names.filter { $0.bits != 0 })
    case (.parse(let text), .number(let number)):
      return GFPModel.mask(text, names: names).map { Int($0) } == number
    case (.flags(let situation), .number(let number)):
      return masks(for: situation).contains { Int($0) == number }
    default:
      return false
    }
  }

  private func own(_ name: String) -> UInt32? { bits[name] }

  /// The kernel's names with these types.
  private var names: [(name: String, bits: UInt32)] {
    GFPModel.names.map { ($0.name, bits[$0.name] ?? $0.bits) }
  }

  /// The masks that one of the usual types and what the memory needs come to.
  private func masks(for situation: GFPSituation) -> [UInt32] {
    let type =
      switch (GFPModel.mayWait(situation), situation.code) {
      case (true, .ordinary): "GFP_KERNEL"
      case (true, .fileSystem): "GFP_NOFS"
      case (true, .blockIO): "GFP_NOIO"
      case (false, _): situation.canDoWithout ? "GFP_NOWAIT" : "GFP_ATOMIC"
      }
    let places: [UInt32?] =
      switch situation.memory {
      case .kernel: [0]
      case .device16M: [GFPModel.dma, own("GFP_DMA")]
      case .device4G: [GFPModel.dma32, own("GFP_DMA32")]
      case .userPage: [GFPModel.userPage, own("GFP_HIGHUSER_MOVABLE")]
      }
    return places.compactMap { place in
      own(type).flatMap { type in place.map { type | $0 } }
    }
      + (type == "GFP_KERNEL" && situation.memory == .userPage
        ? [own("GFP_HIGHUSER_MOVABLE")].compactMap { $0 } : [])
  }
}
