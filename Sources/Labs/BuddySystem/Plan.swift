import AllocationTrace
import LabBench
import LabKit

/// One step of a ``Plan``; earlier steps are named by their number in the plan.
enum Move: Hashable, Sendable {
  case allocate(order: Int, zone: Int)
  /// Gives back what an earlier step answered.
  case free(step: Int, offset: Int = 0, order: Int)
  /// Gives back a frame that is named outright.
  case freeFrame(Int, order: Int)
  /// Looks at one list, which need not exist.
  case list(order: Int, zone: Int)

  /// The earlier step that the move names.
  var target: Int? {
    if case .free(let step, _, _) = self { step } else { nil }
  }
}

/// A machine and the steps to take on it, before windows are put between them.
struct Plan: Hashable, Sendable {
  /// Between which steps the window on all free blocks is opened; in most cases also right after boot and at the end.
  enum Windows {
    case everyStep
    /// Only around the last step: the steps before it have been judged as plans of their own.
    case lastStep
    /// After every so many steps.
    case every(Int)
    /// Only behind the last step, not even after boot: for rules that need no more, tried very often.
    case end
    /// Nowhere, not even after boot.
    case nowhere

    /// Whether there is one right after boot.
    fileprivate var isOpenAfterBoot: Bool {
      switch self {
      case .everyStep, .lastStep, .every: true
      case .end, .nowhere: false
      }
    }
  }

  var layout: String
  var moves: [Move] = []

  /// The trace that takes these steps.
  func operations(_ windows: Windows) -> [TraceOperation] {
    var operations = [BuddySystemOperation.boot(layout: layout)]
    if windows.isOpenAfterBoot { operations.append(BuddySystemOperation.show) }
    operations.reserveCapacity(2 * moves.count + 4)
    var places: [Int] = []
    places.reserveCapacity(moves.count)
    for (index, move) in moves.enumerated() {
      if case .lastStep = windows, index > 0, index == moves.count - 1 {
        operations.append(BuddySystemOperation.show)
      }
      places.append(operations.count)
      switch move {
      case .allocate(let order, let zone):
        operations.append(BuddySystemOperation.allocate(order: order, zone: zone))
      case .free(let step, let offset, let order):
        operations.append(
          BuddySystemOperation.free(places[step], offset: offset, order: order))
      case .freeFrame(let frame, let order):
        operations.append(BuddySystemOperation.free(frame: frame, order: order))
      case .list(let order, let zone):
        operations.append(BuddySystemOperation.list(order: order, zone: zone))
      }
      let isLast = index == moves.count - 1
      switch windows {
      case .everyStep: operations.append(BuddySystemOperation.show)
      case .lastStep, .end: if isLast { operations.append(BuddySystemOperation.show) }
      case .every(let interval):
        if isLast || (index + 1).isMultiple(of: interval) {
          operations.append(BuddySystemOperation.show)
        }
      case .nowhere: break
      }
    }
    return operations
  }

  /// The plan without the steps in `range`, and without those that name one of them.
  func removing(_ range: Range<Int>) -> Plan {
    var kept: [Int?] = []
    var result = Plan(layout: layout)
    for (index, move) in moves.enumerated() {
      let target = move.target.map { kept[$0] }
      if range.contains(index) || target == .some(nil) {
        kept.append(nil)
        continue
      }
      kept.append(result.moves.count)
      if case .free(_, let offset, let order) = move, let step = target ?? nil {
        result.moves.append(.free(step: step, offset: offset, order: order))
      } else {
        result.moves.append(move)
      }
    }
    return result
  }
}

/// Which bad frees belong to a scope.
struct Misuse: OptionSet, Sendable {
  let rawValue: Int
  /// Blocks that are free: given back twice, or never handed out.
  static let free = Misuse(rawValue: 1)
  /// Blocks in use with another order, or frames inside of them.
  static let mismatched = Misuse(rawValue: 2)
  /// Frames that are no memory.
  static let foreign = Misuse(rawValue: 4)
  static let all: Misuse = [.free, .mismatched, .foreign]
}

/// What is known of a plan's steps before anybody has performed them.
struct Draft {
  let machine: Machine
  let largest: Int
  private(set) var plan: Plan
  /// Steps that asked for a block and have not been given back: the step and its order.
  private(set) var held: [(step: Int, order: Int)] = []
  /// Steps whose block has been given back.
  private(set) var released: [(step: Int, order: Int)] = []
  /// Frames asked for and not given back.
  private var heldFrames = 0
  /// Whether more has been asked for than there is.
  private var hasAskedTooMuch = false

  init(_ machine: Machine) {
    self.machine = machine
    largest = machine.largestOrder
    plan = Plan(layout: machine.layout)
  }

  mutating func append(_ move: Move) {
    switch move {
    case .allocate(let order, _) where (0...maxOrder).contains(order):
      if heldFrames + (1 << order) <= machine.frameCount {
        held.append((plan.moves.count, order))
        heldFrames += 1 << order
      } else {
        hasAskedTooMuch = true
      }
    case .free(let step, 0, let order):
      if let index = held.firstIndex(where: { $0.step == step && $0.order == order }) {
        heldFrames -= 1 << order
        released.append(held.remove(at: index))
      }
    default: break
    }
    plan.moves.append(move)
  }

  /// The good moves, simplest first: requests as long as memory can last, one more than that, and every free.
  var goodMoves: [Move] {
    var moves: [Move] = []
    for order in 0...largest
    where heldFrames + (1 << order) <= machine.frameCount || !hasAskedTooMuch {
      for zone in machine.zones.indices { moves.append(.allocate(order: order, zone: zone)) }
    }
    return moves + held.map { .free(step: $0.step, order: $0.order) }
  }

  /// The bad frees of these kinds, simplest first.
  func badMoves(_ misuse: Misuse) -> [Move] {
    var moves: [Move] = []
    if misuse.contains(.free) {
      moves += released.map { .free(step: $0.step, order: $0.order) }
      for order in 0...largest {
        moves += machine.frames.filter { $0.isMultiple(of: 1 << order) }.map {
          .freeFrame($0, order: order)
        }
      }
    }
    if misuse.contains(.mismatched) {
      for (step, order) in held {
        moves.append(.free(step: step, order: order + 1))
        if order > 0 {
          moves.append(.free(step: step, order: order - 1))
          moves.append(.free(step: step, offset: 1, order: 0))
          moves.append(.free(step: step, offset: 1 << (order - 1), order: order - 1))
        }
        moves += [-1, maxOrder + 1, 64, .max, .min].map { .free(step: step, order: $0) }
      }
    }
    if misuse.contains(.foreign) {
      let first = machine.frames.first ?? 0
      let places =
        [machine.hole, machine.end, first - 1, -1, -8, 1 << 22, 1 << 40, .max, .min].compactMap {
          $0
        }
      for place in places where machine.zone(of: place) == nil {
        moves += [.freeFrame(place, order: 0), .freeFrame(place, order: 1)]
      }
    }
    return moves
  }
}
