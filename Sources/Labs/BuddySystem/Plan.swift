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

  /// The operation that takes this step.
  ///
  /// - Parameter places: for each earlier step its operation's index in the trace.
  func operation(_ places: [Int]) -> TraceOperation {
    switch self {
    case .allocate(let order, let zone): BuddySystemOperation.allocate(order: order, zone: zone)
    case .free(let step, let offset, let order):
      BuddySystemOperation.free(places[step], offset: offset, order: order)
    case .freeFrame(let frame, let order): BuddySystemOperation.free(frame: frame, order: order)
    case .list(let order, let zone): BuddySystemOperation.list(order: order, zone: zone)
    }
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

  /// Windows as often as a plan of this length can bear: what they show is compared block by block.
  var windows: Windows { moves.count <= 150 ? .everyStep : .every(64) }

  /// The plan whose trace this is, windows aside; nil where it is none of this lab.
  init?(of operations: [TraceOperation]) {
    guard let layout = operations.first?.bootLayout else { return nil }
    self.init(layout: layout)
    var steps: [Int: Int] = [:]
    for (index, operation) in operations.enumerated().dropFirst() {
      switch operation.lab {
      case .allocate(let order, let zone): moves.append(.allocate(order: order, zone: zone))
      case .free(.number(let frame), let order): moves.append(.freeFrame(frame, order: order))
      case .free(.block(let handle), let order):
        guard let step = steps[handle.operation] else { return nil }
        moves.append(.free(step: step, offset: handle.offset, order: order))
      case .list(let order, let zone): moves.append(.list(order: order, zone: zone))
      case .show: continue
      case .free(.text, _), .boot, nil: return nil
      }
      steps[index] = moves.count - 1
    }
  }

  init(layout: String, moves: [Move] = []) {
    self.layout = layout
    self.moves = moves
  }

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
      operations.append(move.operation(places))
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
