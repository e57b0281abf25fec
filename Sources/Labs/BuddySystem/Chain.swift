import AllocationTrace
import LabBench
import LabKit

/// Many plans for one machine in one trace: after each of them everything is given back, so that the next one begins with
/// memory as it was after boot.
///
/// A right submission so boots a machine once for a thousand plans. Where a chain shows anything, its plans are tried each by
/// itself: what a student sees is always a short plan on a fresh machine, or what one plan left behind for the next.
struct Chain {
  /// The strung plans as one.
  private(set) var plan: Plan
  private(set) var operations: [TraceOperation]
  /// The windows that must show what the one after boot showed.
  private(set) var resets: [Int] = []

  private let windows: Plan.Windows
  /// For each step its operation.
  private var places: [Int] = []
  /// The steps before the last one of the plan that was performed last, and where they begin in this chain.
  private var open: (moves: ArraySlice<Move>, base: Int)?
  /// Whether the last step of that plan has to be undone before another one is taken in its place.
  private var undo: Move?
  /// Steps of the open plan that asked for blocks: to be given back.
  private var held: [(step: Int, order: Int)] = []
  private var isUpwards = true

  /// - Parameter plans: at least one; all for the same machine.
  init(_ plans: [Plan], windows: Plan.Windows) {
    self.windows = windows
    plan = Plan(layout: plans[0].layout)
    operations = [BuddySystemOperation.boot(layout: plan.layout), BuddySystemOperation.show]
    for plan in plans { append(plan) }
    giveBack()
  }

  private mutating func append(_ next: Plan) {
    guard let last = next.moves.last else { return }
    if open?.moves == next.moves.dropLast() {
      if let undo { perform(undo, base: 0) }
    } else {
      giveBack()
      open = (next.moves.dropLast(), plan.moves.count)
      for move in next.moves.dropLast() { perform(move) }
    }
    undo = nil
    if !showsEndOnly { show() }
    let isHarmless = last.changesNothing(after: next.moves.dropLast())
    perform(last, base: open?.base ?? 0)
    // Bad frees in a row need one window behind all of them.
    if !showsEndOnly || !isHarmless { show() }
    if isHarmless { return }
    if case .allocate(let order, _) = last {
      undo = .free(step: plan.moves.count - 1, order: order)
    } else {
      giveBack()
    }
  }

  private mutating func perform(_ move: Move) {
    perform(move, base: open?.base ?? 0)
    if case .everyStep = windows { show() }
  }

  /// - Parameter base: where the steps that the move may name begin in this chain.
  private mutating func perform(_ move: Move, base: Int) {
    var move = move
    if case .free(let step, let offset, let order) = move {
      if offset == 0, let index = held.firstIndex(where: { $0 == (base + step, order) }) {
        held.remove(at: index)
      }
      move = .free(step: base + step, offset: offset, order: order)
    }
    if case .allocate(let order, _) = move, (0...maxOrder).contains(order) {
      held.append((plan.moves.count, order))
    }
    plan.moves.append(move)
    places.append(operations.count)
    operations.append(move.operation(places))
  }

  private var showsEndOnly: Bool { if case .end = windows { true } else { false } }

  /// Gives back what the plan before still holds, now from the first block on and now from the last.
  private mutating func giveBack() {
    guard open != nil else { return }
    show()
    undo = nil
    for (step, order) in isUpwards ? held : held.reversed() {
      perform(.free(step: step, order: order), base: 0)
    }
    held = []
    isUpwards.toggle()
    open = nil
    show()
    resets.append(operations.count - 1)
  }

  /// Whether memory was as after boot whenever everything had been given back.
  func becomesWhole(_ outcomes: [Outcome]) -> Bool {
    resets.allSatisfy { outcomes[$0] == outcomes[1] }
  }

  /// Opens the window, unless it is open.
  private mutating func show() {
    if operations.last != BuddySystemOperation.show { operations.append(BuddySystemOperation.show) }
  }
}

extension Move {
  /// Whether a right submission is as it was before the move, wherever its blocks lie.
  fileprivate func changesNothing(after moves: ArraySlice<Move>) -> Bool {
    switch self {
    case .list: return true
    case .allocate(let order, let zone):
      return !(0...maxOrder).contains(order) || !(0..<8).contains(zone)
    case .freeFrame(_, let order):
      return !moves.contains { if case .allocate(order, _) = $0 { true } else { false } }
    case .free(let step, let offset, let order):
      // A block that was given back may have been handed out again since.
      guard case .allocate(let asked, _) = moves[moves.startIndex + step],
        !moves.contains(where: { $0.target == step })
      else { return false }
      return offset == 0 ? asked != order : (0..<1 << asked).contains(offset)
    }
  }
}
