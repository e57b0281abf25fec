import LabKit

/// Which bad frees belong to a scope.
struct Misuse: OptionSet, Sendable {
  let rawValue: Int
  /// Blocks that are free: given back twice, or never handed out.
  static let free = Misuse(rawValue: 1)
  /// Blocks in use with another order, or frames inside of them.
  static let mismatched = Misuse(rawValue: 2)
  /// Frames that are no memory.
  static let foreign = Misuse(rawValue: 4)
  /// Every frame with every order, not only those at which a block of the order may start.
  static let everywhere = Misuse(rawValue: 8)
  static let all: Misuse = [.free, .mismatched, .foreign]
}

/// Orders and numbers that do not exist, and what becomes of them in arithmetic.
enum Strange {
  /// Orders next to the real ones, as wide as a shift or a mask is, and as wide as narrower integers are.
  static let orders = [
    -1, 11, 12, 13, 15, 16, 26, 31, 32, 33, 62, 63, 64, 65, 127, 128, 255, 256, 257, 65_536,
    1 << 32, .max, .min, -2, -63, -64, -256,
  ]
  /// Zones that no machine has, likewise.
  static let zones = [
    8, -1, 9, 16, 31, 32, 63, 64, 127, 128, 255, 256, 257, 65_536, 1 << 32, .max, .min, -2, -256,
  ]
  /// Distances at which a number comes out the same in fewer bits.
  static let distances = [1 << 8, 1 << 16, 1 << 22, 1 << 31, 1 << 32, -(1 << 32), 1 << 62]
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
  /// Frees of every frame with orders of its machine, those first with which a block may start there; and with all others.
  private let aligned: [Move]
  private let unaligned: [Move]
  /// Frees of frames that are no memory.
  private let foreign: [Move]

  init(_ machine: Machine) {
    self.machine = machine
    let largest = machine.largestOrder
    self.largest = largest
    plan = Plan(layout: machine.layout)
    let frames = machine.frames
    aligned = (0...largest).flatMap { order in
      frames.filter { $0.isMultiple(of: 1 << order) }.map { .freeFrame($0, order: order) }
    }
    unaligned = (0...maxOrder + 1).flatMap { order in
      frames.filter { order > largest || !$0.isMultiple(of: 1 << order) }.map {
        .freeFrame($0, order: order)
      }
    }
    let first = frames.first ?? 0
    let places =
      machine.firstHoles
      + [machine.end, machine.end + 1, first - 1, -1, -8, 1 << 22, 1 << 40, .max, .min]
      + Strange.distances.map { first &+ $0 }
    foreign = places.filter { machine.zone(of: $0) == nil }.flatMap { place -> [Move] in
      [.freeFrame(place, order: 0), .freeFrame(place, order: 1)]
    }
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
  ///
  /// A frame that is named outright may be the first of a block in use, so that its free is a good one: whoever judges sees that.
  func badMoves(_ misuse: Misuse) -> [Move] {
    var moves: [Move] = []
    if misuse.contains(.free) {
      moves += released.map { .free(step: $0.step, order: $0.order) }
      moves += aligned
      if misuse.contains(.everywhere) { moves += unaligned }
    }
    if misuse.contains(.mismatched) {
      let orders = misuse.contains(.everywhere) ? Array(0...maxOrder) : []
      for (step, order) in held {
        moves.append(.free(step: step, order: order + 1))
        if order > 0 {
          moves.append(.free(step: step, order: order - 1))
          moves += inside(step, order, orders: misuse.contains(.everywhere) ? orders : [0, order])
        }
        moves += ([-1, maxOrder + 1, 64, .max, .min] + orders).filter { $0 != order }.map {
          .free(step: step, order: $0)
        }
        if plan.moves.count == 1 {
          moves += (Strange.orders + Strange.distances.map { order &+ $0 }).map {
            .free(step: step, order: $0)
          }
        }
      }
    }
    if misuse.contains(.foreign) {
      moves += foreign
      if let (step, order) = held.last {
        moves += Strange.distances.map { .free(step: step, offset: $0, order: order) }
      }
    }
    return moves
  }

  /// Frees of frames inside the block that `step` asked for: the first of them, the one at half, and the last.
  private func inside(_ step: Int, _ order: Int, orders: [Int]) -> [Move] {
    let size = 1 << order
    let offsets = order <= 2 ? Array(1..<size) : [1, size / 2, size - 1]
    return offsets.flatMap { offset in
      ([min(order - 1, offset.trailingZeroBitCount)] + orders).map {
        .free(step: step, offset: offset, order: $0)
      }
    }
  }
}
