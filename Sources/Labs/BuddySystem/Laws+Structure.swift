import LabKit

/// Blocks start at multiples of their size.
struct AlignmentLaw: Law {
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    guard case .allocate(let order, _, let answer?) = step.action, (0...maxOrder).contains(order)
    else { return }
    guard answer & ((1 << order) - 1) == 0 else {
      throw Fault(
        expected: "a block of order \(order) to start at a multiple of \(1 << order)",
        found: "it starts at frame \(answer)")
    }
    if step.holder != nil { met += 1 }
  }
}

/// No frame is handed out twice.
struct OverlapLaw: Law {
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    guard case .allocate(let order, _, let answer?) = step.action, (0...maxOrder).contains(order)
    else { return }
    if step.holder != nil {
      met += 1
      return
    }
    let frames = FreeBlock.frames(answer, order: order)
    if let shared = frames.first(where: { walk.isTaken($0) }) {
      throw Fault(
        expected: "frames that nobody holds",
        found: frames.count == 1
          ? "frame \(shared), which is in use"
          : "frames \(Words.frames(frames)), though frame \(shared) is in use")
    }
  }
}

/// Every frame is either in use or in one free block.
struct AccountingLaw: Law {
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    if step.holder != nil { met += 1 }
    guard let window = step.after, step.isWithinModel else { return }
    var covers = [Int](repeating: 0, count: walk.machine.end)
    for block in window {
      for frame in block.frames {
        guard walk.machine.zone(of: frame) != nil else {
          throw fault(walk, "frame \(frame) is listed free, but is no memory of this machine")
        }
        covers[frame] += 1
      }
    }
    let frames = walk.machine.frames
    let lost = frames.filter { covers[$0] == 0 && !walk.isTaken($0) }
    if let first = lost.first {
      throw fault(
        walk,
        lost.count == 1
          ? "frame \(first) is neither in use nor in a free block"
          : "\(Words.count(lost.count, "frame")), the first of them \(first), neither in use nor in a free block"
      )
    }
    if let frame = frames.first(where: { covers[$0] > 0 && walk.isTaken($0) }) {
      throw fault(walk, "frame \(frame) is in use and listed free")
    }
    if let frame = frames.first(where: { covers[$0] > 1 }) {
      throw fault(walk, "frame \(frame) is listed free \(covers[frame]) times")
    }
  }

  private func fault(_ walk: Walk, _ found: String) -> Fault {
    Fault(
      expected:
        "each of the \(Words.count(walk.machine.frameCount, "frame")) once: in use, or in one free block",
      found: found)
  }
}

/// After boot memory is free in the largest blocks.
struct BootLaw: Law {
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    guard case .firstWindow = step.action, let window = step.after else { return }
    let blocks = FrameModel(walk.machine).blocks
    guard window == blocks else {
      let words = Words.comparing(
        expected: blocks, found: window, zones: walk.machine.zones.count)
      throw Fault(expected: "after boot " + words.expected, found: words.found)
    }
    met += 1
  }
}

/// Memory that begins or ends anywhere is all there, and nothing beyond it.
struct OddMemoryLaw: Law {
  private(set) var met = 0
  private var boot: BootLaw

  init(_ machine: Machine) { boot = BootLaw(machine) }

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    try boot.judge(step, walk)
    try step.judgeInside(walk.machine)
    if step.holder != nil { met += 1 }
  }
}

/// A hole is never part of a block.
struct HoleLaw: Law {
  static var needsGround: Bool { true }
  private(set) var met = 0

  init(_ machine: Machine) {}

  mutating func judge(_ step: Step, _ walk: Walk) throws(Fault) {
    try step.judgeInside(walk.machine)
    if case .firstWindow = step.action, let window = step.after {
      var isFree = [Bool](repeating: false, count: walk.machine.end)
      for block in window { for frame in block.frames { isFree[frame] = true } }
      if let lost = walk.machine.frames.first(where: { !isFree[$0] }) {
        throw Fault(
          expected: "after boot every frame beside the holes free: \(walk.machine.words)",
          found: "frame \(lost) is in no free block")
      }
    }
    if step.holder != nil { met += 1 }
  }
}

extension Step {
  /// Whether the model knows what the step did; false once something was handed out that was not free.
  fileprivate var isWithinModel: Bool {
    switch action {
    case .allocate(_, _, let answer): answer == nil || holder != nil
    case .free(_, _, let isGood, let refusal): isGood || refusal != nil
    case .list, .firstWindow: true
    }
  }

  /// Throws unless answered and listed blocks are memory of the machine.
  fileprivate func judgeInside(_ machine: Machine) throws(Fault) {
    if case .allocate(let order, _, let answer?) = action, (0...maxOrder).contains(order),
      let outside = FreeBlock.frames(answer, order: order).first(where: {
        machine.zone(of: $0) == nil
      })
    {
      throw Fault(
        expected: "only frames of the machine: \(machine.words)",
        found: "a block with frame \(outside), which is not one of them")
    }
    // A free block that is not aligned is another rule's business.
    for block in after ?? [] where block.isAligned {
      if let outside = block.frames.first(where: { machine.zone(of: $0) == nil }) {
        throw Fault(
          expected: "only frames of the machine: \(machine.words)",
          found:
            "a free block of order \(block.order), frames \(Words.frames(block.frames)), with frame \(outside), which is not one of them"
        )
      }
    }
  }
}
