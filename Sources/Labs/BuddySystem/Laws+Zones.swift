import LabKit

/// No block reaches across the border of a zone, and each is listed in its own.
struct BorderLaw: Law {
  static var needsGround: Bool { true }
  static var judgesRulesOf: Set<String> { ["whole-again"] }
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    let machine = walk.machine
    if case .allocate(let order, _, let answer?) = step.action {
      let frames = FreeBlock.frames(answer, order: order)
      if machine.zones(of: frames).count > 1 {
        throw Fault(
          expected: "a block within one zone",
          found: "frames \(Words.frames(frames)), which lie in more than one")
      }
    }
    // A free block that is not aligned is another rule's business.
    for block in step.after ?? [] where block.isAligned {
      let zones = machine.zones(of: block.frames)
      if zones.count > 1 {
        throw Fault(
          expected: "free blocks within one zone: \(machine.words)",
          found: "one of order \(block.order) with frames \(Words.frames(block.frames))")
      }
      if let zone = zones.first, zone != block.zone {
        throw Fault(
          expected: "frames \(Words.frames(block.frames)) listed in their own zone, \(zone)",
          found: "listed in zone \(block.zone)")
      }
    }
    if case .firstWindow = step.action, let window = step.after {
      let cover = Cover(window, machine)
      if let lost = machine.frames.first(where: { cover[$0] == 0 }) {
        throw Fault(
          expected: "after boot every frame of each zone free: \(machine.words)",
          found: "frame \(lost), of zone \(machine.zone(of: lost) ?? 0), is in no free block")
      }
    }
    try step.judgeTakenBack()
    if case .free(_, _, isGood: true, refusal: nil) = step.action { met += 1 }
  }
}

/// The asked zone serves while it can, then the next lower one.
struct FallbackLaw: Law {
  static var needsGround: Bool { true }
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    guard case .allocate(let order, let zone, let answer) = step.action,
      (0...maxOrder).contains(order), walk.machine.zones.indices.contains(zone),
      let before = step.before
    else { return }
    let serving = stride(from: zone, through: 0, by: -1).first {
      before.smallestSufficient(order, zone: $0) != nil
    }
    guard let serving else {
      if let answer, let from = walk.machine.zone(of: answer), from > zone {
        throw Fault(
          expected: "nil: zones above \(zone) may not serve this request",
          found: "frame \(answer), of zone \(from)")
      }
      return
    }
    let why =
      serving == zone
      ? "zone \(zone) has a sufficient free block"
      : "the first zone below \(zone) with a sufficient free block"
    guard let answer else {
      // Whether the asked zone itself has memory left is another rule's question.
      if serving < zone {
        throw Fault(expected: "a block of zone \(serving), \(why)", found: "nil")
      }
      return
    }
    if let from = walk.machine.zone(of: answer), from != serving {
      throw Fault(
        expected: "a block of zone \(serving): \(why)", found: "frame \(answer), of zone \(from)")
    }
    if serving < zone { met += 1 }
  }
}
