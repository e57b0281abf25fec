import LabKit
import PropertyTesting

/// Plans and machines that several checks try.
extension BuddyChecks {
  /// Shorthand for scenarios: a request.
  static func a(_ order: Int, _ zone: Int = 0) -> Move { .allocate(order: order, zone: zone) }

  /// Shorthand for scenarios: gives back what step `step` returned.
  static func f(_ step: Int, _ order: Int = 0) -> Move { .free(step: step, order: order) }

  /// Fills 16 frames with single ones and pairs, gives all of it back, odd steps before even ones.
  static let fillAndEmpty = Plan(
    layout: "0-15",
    moves: [a(0), a(0), a(0), a(0), a(1), a(1), a(2), a(2)]
      + [f(1), f(3), f(5, 1), f(7, 2), f(0), f(2), f(4, 1), f(6, 2)])

  /// In which order blocks are given back.
  enum Giving {
    case upwards, downwards, evensFirst
    case shuffled(UInt64)

    func order(_ steps: Range<Int>) -> [Int] {
      switch self {
      case .upwards: return Array(steps)
      case .downwards: return steps.reversed()
      case .evensFirst:
        return steps.filter { $0.isMultiple(of: 2) } + steps.filter { !$0.isMultiple(of: 2) }
      case .shuffled(let seed):
        var random = SplitMix64(seed: seed)
        return steps.shuffled(using: &random)
      }
    }
  }

  /// Hands out all memory in blocks of one order, asks for one more, and gives all of them back.
  static func drain(_ layout: String, order: Int = 0, _ giving: Giving) -> Plan {
    let machine = Machine(layout)!
    let count = FrameModel(machine).blocks.reduce(0) { sum, block in
      sum + (block.order >= order ? 1 << (block.order - order) : 0)
    }
    var plan = Plan(layout: layout)
    plan.moves = (0...count).map { _ in a(order, machine.zones.count - 1) }
    plan.moves += giving.order(0..<count).map { f($0, order) }
    return plan
  }

  /// A large block taken apart into one of each order, twice one of order 0, and put together again from either end.
  ///
  /// Each step of the way back finds its buddy in another place and of another order.
  static let ladder: Plan = {
    let orders = [0] + Array(0...9)
    var plan = Plan(layout: "0-1023")
    for giving in [Giving.upwards, .downwards, .shuffled(3)] {
      let first = plan.moves.count
      plan.moves += orders.map { a($0) }
      plan.moves += giving.order(0..<orders.count).map { f(first + $0, orders[$0]) }
    }
    return plan
  }()

  /// Blocks of each order given back in different orders, on a machine of two largest blocks.
  static let everyOrder: [Plan] = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]].map {
    giving in
    var plan = Plan(layout: "0-2047")
    for order in 0...maxOrder {
      let first = plan.moves.count
      let count = order == maxOrder ? 2 : 4
      plan.moves += (0..<count).map { _ in a(order) }
      plan.moves += giving.filter { $0 < count }.map { f(first + $0, order) }
    }
    return plan
  }

  // MARK: Orders and zones that do not exist

  /// Requests, lists and frees of orders that do not exist, with real ones in between.
  static let strangeOrders: Plan = {
    var plan = Plan(layout: "0-15", moves: [a(0)])
    for order in Strange.orders {
      plan.moves += [a(order), .list(order: order, zone: 0), f(0, order)]
      plan.moves += [a(1), f(plan.moves.count, 1)]
    }
    plan.moves.append(f(0))
    return plan
  }()

  /// The same on two zones, whose lists a program may have side by side in one array.
  static let strangeOrdersOfTwoZones: Plan = {
    var plan = Plan(layout: "0-7|8-15", moves: [a(0, 0), a(0, 1)])
    for order in [-1, 11, 12, 13, 14, 21, 22, -11, -10, -9] {
      for zone in 0...1 { plan.moves += [a(order, zone), .list(order: order, zone: zone)] }
    }
    plan.moves += [f(0), f(1), a(2, 1), a(3, 0)]
    return plan
  }()

  /// Requests to zones that do not exist, and their lists, with real requests in between.
  static let strangeZones: Plan = {
    var plan = Plan(layout: "0-15", moves: [a(0)])
    for zone in Array(1...7) + Strange.zones {
      plan.moves += [a(0, zone), .list(order: 0, zone: zone), .list(order: 3, zone: zone)]
      plan.moves += [a(1), f(plan.moves.count, 1)]
    }
    plan.moves.append(f(0))
    return plan
  }()

  // MARK: Machines

  /// As many zones as the contract allows.
  static let eightZones = "0-1|2-3|4-5|6-7|8-9|10-11|12-13|14-15"
  /// Zones of one frame, zones that begin anywhere, and gaps between them.
  static let eightOddZones = "1-1|2-4|6-6|9-15|17-22|23-23|32-40|63-66"

  /// Every machine of one range within the first 12 frames.
  static let smallMachines = (0...11).flatMap { first in (first...11).map { "\(first)-\($0)" } }

  /// Ranges of 1 to 16 frames at every place from 0 to 16 after a multiple of 64, eight zones to a machine.
  static let oddZones: [String] = {
    let ranges = (0...16).flatMap { place in (1...16).map { size in (place, size) } }
    return stride(from: 0, to: ranges.count, by: 8).map { start in
      ranges[start..<min(start + 8, ranges.count)].enumerated().map { index, range in
        let first = 64 * index + range.0
        return "\(first)-\(first + range.1 - 1)"
      }.joined(separator: "|")
    }
  }()

  /// The last frames that a machine can have.
  static let lastFrames = "4194288-4194303"
}
