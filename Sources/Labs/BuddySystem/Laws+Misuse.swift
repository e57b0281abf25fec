import LabKit

/// One way in which a free is bad.
protocol MisuseKind: SendableMetatype {
  /// Whether a bad free of `frame` is bad in this way.
  static func covers(_ frame: Int, _ walk: Walk) -> Bool
  /// Why it must be refused.
  static func reason(_ frame: Int, _ order: Int, _ walk: Walk) -> String
}

/// The frame is free.
enum FreeAlready: MisuseKind {
  static func covers(_ frame: Int, _ walk: Walk) -> Bool {
    walk.machine.zone(of: frame) != nil && !walk.isTaken(frame)
  }

  static func reason(_ frame: Int, _ order: Int, _ walk: Walk) -> String {
    "frame \(frame) is free"
  }
}

/// The frame is in use, but not as the first of a block of this order.
enum Mismatched: MisuseKind {
  static func covers(_ frame: Int, _ walk: Walk) -> Bool { walk.isTaken(frame) }

  static func reason(_ frame: Int, _ order: Int, _ walk: Walk) -> String {
    if let actual = walk.live[frame] {
      return "the block at frame \(frame) was handed out with order \(actual), not \(order)"
    }
    return "frame \(frame) lies inside a block that starts elsewhere"
  }
}

/// The frame is no memory of the machine.
enum Foreign: MisuseKind {
  static func covers(_ frame: Int, _ walk: Walk) -> Bool { walk.machine.zone(of: frame) == nil }

  static func reason(_ frame: Int, _ order: Int, _ walk: Walk) -> String {
    "frame \(frame) is not memory of this machine: \(walk.machine.words)"
  }
}

/// A free that is bad in one way is refused and changes nothing.
struct MisuseLaw<Kind: MisuseKind>: Law {
  static var needsGround: Bool { true }
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    guard case .free(let frame, let order, isGood: false, let refusal) = step.action,
      Kind.covers(frame, walk)
    else { return }
    guard refusal != nil else {
      throw Fault(
        expected: "refused: " + Kind.reason(frame, order, walk), found: "taken as a good free")
    }
    if let before = step.before, let after = step.after, before != after {
      let words = Words.comparing(
        expected: before, found: after, zones: walk.machine.zones.count)
      throw Fault(
        expected: "refused, and still " + words.expected, found: "refused, but " + words.found)
    }
    met += 1
  }
}

/// All rules at once: every answer is legal, and the free blocks are exactly those that must be free.
struct WholeContractLaw: Law {
  static var judgesRulesOf: Set<String> { Causes.checks }
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    met += 1
    switch step.action {
    case .allocate(let order, _, let answer):
      try judge(step, order: order, answer: answer, walk)
    case .free(let frame, let order, isGood: true, let refusal?):
      throw Fault(
        expected: "the block of order \(order) at frame \(frame) to be taken back",
        found: "refused: " + refusal)
    case .free(let frame, let order, isGood: false, nil):
      throw Fault(
        expected: "refused: no block of order \(order) in use starts at frame \(frame)",
        found: "taken as a good free")
    default: break
    }
    guard let window = step.after, !walk.model.agrees(with: window) else { return }
    let words = Words.comparing(
      expected: walk.model.blocks, found: window, zones: walk.machine.zones.count)
    throw Fault(expected: words.expected, found: words.found)
  }

  private func judge(
    _ step: Step, order: Int, answer: Int?, _ walk: Walk
  ) throws(Fault) {
    guard let source = step.source else {
      guard let answer else { return }
      throw Fault(expected: "nil: no free block is large enough", found: "frame \(answer)")
    }
    let place = walk.machine.zones.count > 1 ? " of zone \(source.zone)" : ""
    let wanted =
      "\(Words.block(order: order)) out of a free block\(place) of order \(source.order)"
    guard let answer else { throw Fault(expected: wanted, found: "nil") }
    guard let holder = step.holder else {
      throw Fault(
        expected: wanted, found: "frame \(answer), where no such block was free")
    }
    guard holder.zone == source.zone, holder.order == source.order else {
      let from = walk.machine.zones.count > 1 ? " of zone \(holder.zone)" : ""
      throw Fault(
        expected: wanted,
        found: "frame \(answer), out of a free block\(from) of order \(holder.order)")
    }
  }
}
