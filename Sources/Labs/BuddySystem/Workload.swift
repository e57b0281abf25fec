import PropertyTesting

/// Draws long plans: requests and frees in tides, so that memory is nearly full and nearly empty in turn.
struct Workload {
  private var random: SplitMix64
  /// The share of frees that are bad.
  private let misuse: Double
  /// How many steps memory takes to fill and to empty again.
  private let tide: Int

  init(seed: UInt64, misuse: Double, tide: Int) {
    random = SplitMix64(seed: seed)
    self.misuse = misuse
    self.tide = tide
  }

  /// A plan of `steps` steps for the machine `layout`, which must be one.
  ///
  /// - Parameter firstStep: the number of the first step, when the plan is to follow another one.
  func plan(on layout: String, steps: Int, firstStep: Int = 0) -> Plan {
    var copy = self
    return copy.draw(Machine(layout)!, steps, firstStep)
  }

  private mutating func draw(_ machine: Machine, _ steps: Int, _ firstStep: Int) -> Plan {
    var plan = Plan(layout: machine.layout)
    plan.moves.reserveCapacity(steps)
    var held: [(step: Int, order: Int)] = []
    var released: [(step: Int, order: Int)] = []
    var heldFrames = 0
    let zones = UInt64(machine.zones.count)
    while plan.moves.count < steps {
      let phase = Double(plan.moves.count % tide) / Double(tide)
      // Rising to a little more than all memory at half of the tide, then falling to nearly nothing.
      let level = 1.1 * (1 - abs(2 * phase - 1))
      let wanted = Int(level * Double(machine.frameCount))
      let isRising = heldFrames < wanted
      if held.isEmpty || chance(isRising ? 0.7 : 0.3) {
        let order = order()
        plan.moves.append(.allocate(order: order, zone: Int(random.next(upTo: zones - 1))))
        if heldFrames + (1 << order) <= machine.frameCount {
          held.append((firstStep + plan.moves.count - 1, order))
          heldFrames += 1 << order
        }
      } else if chance(misuse) {
        plan.moves.append(badFree(held, released, machine))
      } else {
        let index = Int(random.next(upTo: UInt64(held.count - 1)))
        held.swapAt(index, held.count - 1)
        let (step, order) = held.removeLast()
        plan.moves.append(.free(step: step, order: order))
        heldFrames -= 1 << order
        released.append((step, order))
      }
    }
    return plan
  }

  /// Half of all requests are for one frame, half of the others for two, and so on.
  private mutating func order() -> Int { min(random.next().trailingZeroBitCount, 6) }

  private mutating func chance(_ share: Double) -> Bool {
    Double(random.next(upTo: 1 << 20)) < share * Double(1 << 20)
  }

  private mutating func badFree(
    _ held: [(step: Int, order: Int)], _ released: [(step: Int, order: Int)], _ machine: Machine
  ) -> Move {
    let (step, order) = held[Int(random.next(upTo: UInt64(held.count - 1)))]
    switch random.next(upTo: 3) {
    case 0: return .free(step: step, order: order + 1)
    case 1: return .free(step: step, offset: 1 << order, order: order + 7)
    case 2 where !released.isEmpty:
      // Given back a second time. If the block has been handed out again since, another one's owner loses it.
      let (old, order) = released[Int(random.next(upTo: UInt64(released.count - 1)))]
      return .free(step: old, order: order)
    default: return .freeFrame(machine.end + Int(random.next(upTo: 1 << 20)), order: 0)
    }
  }
}
