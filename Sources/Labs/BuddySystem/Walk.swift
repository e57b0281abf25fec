import AllocationTrace
import LabBench
import LabKit

/// One step of a trace with what the subject answered, as a law sees it.
struct Step {
  enum Action {
    /// A request for a block; `answer` is nil when the subject answered nil.
    case allocate(order: Int, zone: Int, answer: Int?)
    /// A block given back; `isGood` when it is in use now and was handed out with this order.
    case free(frame: Int, order: Int, isGood: Bool, refusal: String?)
    /// A window on one order of one zone.
    case list(order: Int, zone: Int, frames: [Int])
    /// The first window on everything, right after the machine has booted.
    case firstWindow
  }
  var action: Action
  /// The free blocks that the subject showed right before the step, if it was asked then.
  ///
  /// Nil also when what it showed cannot be: a block in use, say, or one twice. Nothing is judged by such a window.
  var before: [FreeBlock]?
  /// The free blocks that the subject showed right after the step, if it was asked then.
  var after: [FreeBlock]?
  /// Where the model says that a request must be served; nil when the answer must be nil.
  var source: (zone: Int, order: Int)?
  /// The block of the model, free until now, that an answered block was cut from.
  ///
  /// Nil when the answer is not an aligned block of memory of one zone that nobody else holds.
  var holder: FreeBlock?
}

/// What a broken rule looks like.
struct Fault: Error {
  var expected: String
  var found: String
}

/// Follows a trace through the subject's answers: which blocks are in use, and what the windows show.
struct Walk {
  let machine: Machine
  /// The free memory that follows from the subject's own answers.
  private(set) var model: FrameModel
  /// The blocks in use by the subject's own answers: first frame to order.
  private(set) var live: [Int: Int] = [:]
  /// What the window showed right after the machine had booted; nil when that cannot be.
  private(set) var firstWindow: [FreeBlock]?
  private var hasShown = false

  private let operations: [TraceOperation]
  private let outcomes: [Outcome]
  /// The operation to look at next.
  private(set) var index = 1
  /// The window right before the next step, when there was one.
  private var window: [FreeBlock]?

  /// Nil when the trace does not begin with the boot of a machine.
  ///
  /// - Parameter fresh: that machine's model before the first request, when it is at hand.
  init?(_ operations: [TraceOperation], _ outcomes: [Outcome], fresh: FrameModel? = nil) {
    guard let layout = operations.first?.bootLayout else { return nil }
    if let fresh, fresh.machine.layout == layout {
      model = fresh
    } else {
      guard let machine = Machine(layout) else { return nil }
      model = FrameModel(machine)
    }
    machine = model.machine
    self.operations = operations
    self.outcomes = outcomes
  }

  /// The next step and the index of its operation; nil behind the last answer.
  ///
  /// Throws a ``Fault`` where the answer is none that the verb can have.
  mutating func next() throws(Fault) -> (index: Int, step: Step)? {
    while index < min(outcomes.count, operations.count) {
      let here = index
      index += 1
      guard let step = try step(here) else { continue }
      return (here, step)
    }
    return nil
  }

  private mutating func step(_ here: Int) throws(Fault) -> Step? {
    switch (operations[here].lab, outcomes[here]) {
    case (.show, .numbers(let numbers)):
      guard let blocks = FreeBlock.list(numbers) else { throw nonsense(here) }
      window = model.bears(out: blocks) ? blocks : nil
      guard !hasShown else { return nil }
      hasShown = true
      firstWindow = window
      return Step(action: .firstWindow, after: blocks)
    case (.list(let order, let zone), .numbers(let frames)):
      return Step(action: .list(order: order, zone: zone, frames: frames))
    case (.allocate(let order, let zone), .number(let frame)):
      var step = around(here, .allocate(order: order, zone: zone, answer: frame))
      step.source = model.source(order: order, zone: zone)
      step.holder = take(frame, order: order)
      return step
    case (.allocate(let order, let zone), .none):
      var step = around(here, .allocate(order: order, zone: zone, answer: nil))
      step.source = model.source(order: order, zone: zone)
      return step
    case (.free(let block, let order), .done):
      let frame = frame(of: block)
      let isGood = live[frame] == order
      if isGood {
        live[frame] = nil
        model.give(frame, order: order)
      }
      return around(here, .free(frame: frame, order: order, isGood: isGood, refusal: nil))
    case (.free(let block, let order), .refused(let why)):
      let frame = frame(of: block)
      return around(
        here,
        .free(frame: frame, order: order, isGood: live[frame] == order, refusal: why))
    case (.free(.block(let handle), _), .skipped) where !hasAnswered(handle.operation):
      return nil
    default:
      throw nonsense(here)
    }
  }

  /// A step with the windows right before and right after it.
  private mutating func around(_ here: Int, _ action: Step.Action) -> Step {
    let before = window
    window = nil
    var step = Step(action: action, before: before)
    if here + 1 < outcomes.count, operations[here + 1].verb == BuddySystemVerb.show.rawValue,
      case .numbers(let numbers) = outcomes[here + 1]
    {
      step.after = FreeBlock.list(numbers)
    }
    return step
  }

  /// Whether an earlier operation was answered with a frame, which can be named.
  private func hasAnswered(_ operation: Int) -> Bool {
    guard outcomes.indices.contains(operation), case .number = outcomes[operation] else {
      return false
    }
    return true
  }

  private func frame(of block: Argument) -> Int {
    switch block {
    case .number(let frame): return frame
    case .block(let handle):
      guard hasAnswered(handle.operation), case .number(let frame) = outcomes[handle.operation]
      else { return -1 }
      return frame &+ handle.offset
    case .text: return -1
    }
  }

  /// Notes a block that was handed out; nil when it is not one that could be.
  private mutating func take(_ frame: Int, order: Int) -> FreeBlock? {
    guard (0...maxOrder).contains(order), frame & ((1 << order) - 1) == 0,
      let holder = model.block(holding: frame), holder.order >= order
    else { return nil }
    model.take(frame, order: order)
    live[frame] = order
    return holder
  }

  /// Whether some block in use covers `frame`. O(``maxOrder``).
  func isTaken(_ frame: Int) -> Bool {
    machine.zone(of: frame) != nil && model.block(holding: frame) == nil
  }

  private func nonsense(_ index: Int) -> Fault {
    Fault(
      expected: "an answer to \(Words.step(operations, outcomes, index, answered: false))",
      found: Words.answer(outcomes[index]))
  }
}

/// An operation of this lab, taken apart.
enum LabOperation: Equatable {
  case boot(String)
  case allocate(order: Int, zone: Int)
  case free(block: Argument, order: Int)
  case show
  case list(order: Int, zone: Int)
}

extension TraceOperation {
  /// The operation as one of this lab; nil when its arguments do not fit its verb.
  var lab: LabOperation? {
    switch (BuddySystemVerb(rawValue: verb), arguments.count) {
    case (.boot, 1):
      if case .text(let layout) = arguments[0] { return .boot(layout) }
    case (.allocate, 2):
      if case .number(let order) = arguments[0], case .number(let zone) = arguments[1] {
        return .allocate(order: order, zone: zone)
      }
    case (.free, 2):
      if case .number(let order) = arguments[1] { return .free(block: arguments[0], order: order) }
    case (.show, 0): return .show
    case (.list, 2):
      if case .number(let order) = arguments[0], case .number(let zone) = arguments[1] {
        return .list(order: order, zone: zone)
      }
    default: break
    }
    return nil
  }

  /// The machine that the operation boots; nil when it is another operation.
  var bootLayout: String? {
    if case .boot(let layout) = lab { layout } else { nil }
  }

  /// Whether the operation is a step of its trace: neither the set-up nor a window.
  var isStep: Bool {
    verb == BuddySystemVerb.allocate.rawValue || verb == BuddySystemVerb.free.rawValue
  }
}
