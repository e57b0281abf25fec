import LabKit

/// A request takes a smallest sufficient block; if that is larger it is split, and the other halves stay free.
struct SplitLaw: Law {
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    guard case .allocate(let order, _, let answer?) = step.action,
      let before = step.before, let after = step.after, step.holder != nil,
      let zone = walk.machine.zone(of: answer),
      let smallest = before.smallestSufficient(order, zone: zone)
    else { return }
    let zones = walk.machine.zones.count
    let taken = FreeBlock(zone: zone, order: order, frame: answer)
    let sources = before.filter { $0.zone == zone && $0.order == smallest }
    guard let index = before.holder(of: answer, zone: zone) else {
      throw Fault(
        expected: "frames out of a listed free block, of order \(smallest)",
        found: "frame \(answer), which was in none: " + Words.blocks(before, zones: zones))
    }
    let source = before[index]
    guard source.order == smallest else {
      throw Fault(
        expected: "frames out of a smallest sufficient free block: "
          + Words.blocks(sources, zones: zones),
        found:
          "frame \(answer), out of the block of order \(source.order), \(Words.frames(source.frames))"
      )
    }
    guard let rest = before.splitting(taken) else { return }
    guard after == rest else {
      let words = Words.comparing(expected: rest, found: after, zones: zones)
      throw Fault(expected: "free blocks left: " + words.expected, found: words.found)
    }
    if smallest > order { met += 1 }
  }
}

/// A block taken back merges with its buddy, again and again.
struct MergeLaw: Law {
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    guard case .free(let frame, let order, isGood: true, refusal: nil) = step.action,
      let before = step.before, let after = step.after,
      let zone = walk.machine.zone(of: frame)
    else { return }
    let merged = before.merging(FreeBlock(zone: zone, order: order, frame: frame))
    guard after == merged else {
      let words = Words.comparing(
        expected: merged, found: after, zones: walk.machine.zones.count)
      throw Fault(expected: words.expected, found: words.found)
    }
    if merged.count <= before.count { met += 1 }
  }
}

/// Whatever was handed out can be given back, and in the end memory is as it was after boot.
struct WholeLaw: Law {
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    guard case .free(_, _, isGood: true, _) = step.action else { return }
    try step.judgeTakenBack()
    guard walk.live.isEmpty, let first = walk.firstWindow, let after = step.after else { return }
    guard after == first else {
      let words = Words.comparing(
        expected: first, found: after, zones: walk.machine.zones.count)
      throw Fault(expected: "as after boot: " + words.expected, found: words.found)
    }
    met += 1
  }
}

extension Step {
  /// Throws where a good free is refused.
  func judgeTakenBack() throws(Fault) {
    guard case .free(let frame, let order, isGood: true, let refusal?) = action else { return }
    throw Fault(
      expected: "the block of order \(order) at frame \(frame) to be taken back: it is in use",
      found: "refused: " + refusal)
  }
}

/// Nil means that no block fits, and changes nothing.
struct ExhaustionLaw: Law {
  static var needsGround: Bool { true }
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    guard case .allocate(let order, let zone, let answer) = step.action,
      (0...maxOrder).contains(order), walk.machine.zones.indices.contains(zone),
      let before = step.before
    else { return }
    let zones = walk.machine.zones.count
    let sufficient = before.filter { $0.zone <= zone && $0.order >= order }
    if let answer {
      // A list may lack a block that is free all the same, and that may be handed out.
      guard !sufficient.isEmpty || step.source != nil else {
        throw Fault(
          expected: "nil: no free block of order \(order) or more: "
            + Words.blocks(before, zones: zones),
          found: "frame \(answer)")
      }
      return
    }
    guard sufficient.isEmpty else {
      throw Fault(
        expected: "\(Words.block(order: order)): free are " + Words.blocks(before, zones: zones),
        found: "nil")
    }
    if let after = step.after, after != before {
      let words = Words.comparing(expected: before, found: after, zones: zones)
      throw Fault(expected: "nil, and still " + words.expected, found: words.found)
    }
    met += 1
  }
}

/// Orders 0 to 10 and no others; order 10 is an order like the rest, but its blocks never merge.
struct OrderLimitsLaw: Law {
  static var needsGround: Bool { true }
  private(set) var met = 0
  private var hasAllocated = false

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    switch step.action {
    case .allocate(let order, let zone, let answer):
      let isPossible =
        (0...maxOrder).contains(order) && walk.machine.zones.indices.contains(zone)
      if !isPossible {
        if let answer {
          throw Fault(
            expected: (0...maxOrder).contains(order)
              ? "nil: there is no zone \(zone)" : "nil: there is no order \(order)",
            found: "frame \(answer)")
        }
        if let before = step.before, let after = step.after, before != after {
          throw Fault(
            expected: "nil, and nothing changed",
            found: Words.blocks(after, zones: walk.machine.zones.count))
        }
        met += 1
      } else if !hasAllocated, answer == nil, step.source != nil {
        throw Fault(
          expected: "\(Words.block(order: order)): all memory is free", found: "nil")
      }
      hasAllocated = hasAllocated || answer != nil
    case .free(let frame, let order, isGood: true, refusal: nil):
      guard let before = step.before, let after = step.after else { return }
      let zone = walk.machine.zone(of: frame) ?? 0
      let merged = before.merging(FreeBlock(zone: zone, order: order, frame: frame))
      // How smaller blocks merge is another rule's question.
      guard merged.contains(where: { $0.order == maxOrder && $0.frames.contains(frame) }),
        after != merged
      else { return }
      throw Fault(
        expected: order == maxOrder
          ? "the block of order \(maxOrder) free, as a block of its own"
          : "its frames as part of a free block of order \(maxOrder)",
        found: Words.blocks(after, zones: walk.machine.zones.count))
    case .free(_, let order, isGood: false, refusal: nil) where !(0...maxOrder).contains(order):
      throw Fault(
        expected: "refused: there is no order \(order)", found: "taken as a good free")
    case .list(let order, let zone, let frames):
      let exists = (0...maxOrder).contains(order) && walk.machine.zones.indices.contains(zone)
      if !exists, let first = frames.first {
        throw Fault(
          expected: "no blocks of order \(order) in zone \(zone): there is no such list",
          found: "frame \(first)")
      }
    default: break
    }
  }
}
