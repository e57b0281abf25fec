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
    guard let window = step.after, step.isWithinModel, !walk.model.agrees(with: window) else {
      return
    }
    let machine = walk.machine
    for block in window {
      if let outside = machine.firstOutside(block.frames) {
        throw fault(walk, "frame \(outside) is listed free, but is no memory of this machine")
      }
      guard let zone = machine.zone(of: block.frame) else {
        throw fault(walk, "frame \(block.frame) is listed free, but is no memory of this machine")
      }
      if zone != block.zone {
        throw fault(
          walk, "frame \(block.frame) of zone \(zone) is listed free in zone \(block.zone)")
      }
    }
    let cover = Cover(window, machine)
    let frames = machine.frames
    let lost = frames.filter { cover[$0] == 0 && !walk.isTaken($0) }
    if let first = lost.first {
      throw fault(
        walk,
        lost.count == 1
          ? "frame \(first) is neither in use nor in a free block"
          : "\(Words.count(lost.count, "frame")), the first of them \(first), neither in use nor in a free block"
      )
    }
    if let frame = frames.first(where: { cover[$0] > 0 && walk.isTaken($0) }) {
      throw fault(walk, "frame \(frame) is in use and listed free")
    }
    if let frame = frames.first(where: { cover[$0] > 1 }) {
      throw fault(walk, "frame \(frame) is listed free \(cover[frame]) times")
    }
  }

  private func fault(_ walk: Walk, _ found: String) -> Fault {
    Fault(
      expected:
        "each of the \(Words.count(walk.machine.frameCount, "frame")) once: in use, or in one free block",
      found: found)
  }
}

/// In how many listed blocks each frame of a machine is; time linear in the list and in the machine.
struct Cover {
  private let first: Int
  private var counts: [Int]

  init(_ window: [FreeBlock], _ machine: Machine) {
    first = machine.zones.first?.usable.first?.lowerBound ?? 0
    let all = first..<max(first, machine.end)
    // At each frame by how much the count rises there.
    counts = Array(repeating: 0, count: all.count + 1)
    for block in window {
      let frames = block.frames.clamped(to: all)
      counts[frames.lowerBound - first] += 1
      counts[frames.upperBound - first] -= 1
    }
    for index in counts.indices.dropFirst() { counts[index] += counts[index - 1] }
  }

  subscript(frame: Int) -> Int {
    counts.indices.contains(frame - first) ? counts[frame - first] : 0
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
      let cover = Cover(window, walk.machine)
      if let lost = walk.machine.frames.first(where: { cover[$0] == 0 }) {
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
      let outside = machine.zone(of: answer) == nil
        ? answer : machine.firstOutside(FreeBlock.frames(answer, order: order))
    {
      throw Fault(
        expected: "only frames of the machine: \(machine.words)",
        found: "a block with frame \(outside), which is not one of them")
    }
    // A free block that is not aligned is another rule's business.
    for block in after ?? [] where block.isAligned {
      if let outside = machine.firstOutside(block.frames) {
        throw Fault(
          expected: "only frames of the machine: \(machine.words)",
          found:
            "a free block of order \(block.order), frames \(Words.frames(block.frames)), with frame \(outside), which is not one of them"
        )
      }
    }
  }
}
