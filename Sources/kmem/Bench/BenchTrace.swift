import Foundation
import KernelMemory

/// One call of a workload: what to allocate or free, and where its handle is kept meanwhile.
struct BenchOperation: BitwiseCopyable, Equatable {
  /// The place of the handle; the highest bit says that this is a free.
  private let bits: UInt32
  /// Bytes, or an order.
  let size: UInt32

  static func allocate(_ slot: Int, _ size: Int) -> BenchOperation {
    BenchOperation(bits: UInt32(slot), size: UInt32(size))
  }

  static func free(_ slot: Int, _ size: Int) -> BenchOperation {
    BenchOperation(bits: UInt32(slot) | 1 << 31, size: UInt32(size))
  }

  @inline(__always) var isFree: Bool { bits >> 31 != 0 }
  @inline(__always) var slot: Int { Int(bits & 0x7fff_ffff) }

  private init(bits: UInt32, size: UInt32) {
    self.bits = bits
    self.size = size
  }
}

/// Numbers that look random and are the same in every run (Marsaglia's xorshift).
struct FixedRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  /// A number below `bound`, which must be less than 2^32.
  mutating func below(_ bound: Int) -> Int {
    Int(((next() >> 32) &* UInt64(bound)) >> 32)
  }
}

/// Writes a workload's trace piece by piece; every piece goes on where the one before it stopped.
struct TraceGenerator {
  private let workload: Workload
  private var random: FixedRandom
  /// What is live: slots and their sizes; a slot without one is in `vacant`.
  private var slots: [Int32] = []
  private var sizes: [UInt32]
  private var vacant: [Int32] = []
  private var livePages = 0
  /// Sizes to draw from.
  private let choices: [UInt32]
  /// A recording's operations, ending with nothing live; and the place in them.
  private let recorded: [BenchOperation]
  private let cacheSizes: BenchRecording
  private var place = 0

  /// Slots that a trace uses at most.
  let slotCount: Int
  /// Bytes, or pages, live after what has been written.
  private(set) var liveSize = 0

  init(_ workload: Workload, seed: UInt64, recording: BenchRecording = BenchRecording()) {
    self.workload = workload
    recorded = recording.operations
    cacheSizes = recording
    random = FixedRandom(seed: seed)
    switch workload.shape {
    case .pairs: slotCount = 1
    case .lifo(let count, _): slotCount = count
    case .orders: slotCount = workload.frames
    case .turnover(let live, _, _): slotCount = live
    case .recording: slotCount = (recorded.map(\.slot).max() ?? 0) + 1
    }
    choices = Self.choices(workload.shape)
    sizes = Array(repeating: 0, count: slotCount)
    if case .orders = workload.shape { vacant = (0..<Int32(slotCount)).reversed() }
  }

  private static func choices(_ shape: Workload.Shape) -> [UInt32] {
    switch shape {
    case .pairs(let size), .lifo(_, let size): [UInt32(size)]
    case .orders(.uniform): Array(0...UInt32(maxOrder))
    case .orders(.geometric):
      // Order k with a chance of 2^-(k+1); the last takes what is left.
      (0..<2048).map { UInt32(min(maxOrder, (2047 - $0).leadingZeroBitCount - 53)) }
    case .turnover(_, _, .fixed(let size)): [UInt32(size)]
    case .turnover(_, _, .logUniform):
      (0..<4096).map { UInt32(8 * exp2(Double($0) / 4095 * 10)) }
    case .recording: []
    }
  }

  /// The size in bytes of the object that lives in a slot for good; nil where slots are used in another way.
  func liveSize(of slot: Int) -> Int? {
    guard case .turnover = workload.shape, !workload.isCrossed else { return nil }
    return Int(sizes[slot])
  }

  /// The calls up to the moment when the most is live, of a trace that ends with nothing live; else none.
  func untilPeak() -> [BenchOperation] {
    switch workload.shape {
    case .pairs(let size): return [.allocate(0, size)]
    case .lifo(let count, let size): return (0..<count).map { .allocate($0, size) }
    case .recording: break
    case .orders, .turnover: return []
    }
    var (live, most, place) = (0, 0, 0)
    for (index, operation) in recorded.enumerated() {
      live += operation.isFree ? -units(operation) : units(operation)
      if live > most { (most, place) = (live, index + 1) }
    }
    return Array(recorded[..<place])
  }

  var isOfObjects: Bool { workload.service == .objects }

  /// Bytes, or pages, that a call asks for or gives back.
  func units(_ operation: BenchOperation) -> Int {
    workload.service == .objects ? cacheSizes.bytes(operation) : 1 << Int(operation.size)
  }

  private mutating func size() -> UInt32 {
    choices.count == 1 ? choices[0] : choices[random.below(choices.count)]
  }

  /// What is allocated before anything is timed.
  mutating func prefill() -> [BenchOperation] {
    switch workload.shape {
    case .pairs, .lifo, .recording: return []
    case .turnover where workload.isCrossed: return []
    case .turnover(let live, _, _):
      return (0..<live).map { slot in
        sizes[slot] = size()
        liveSize += Int(sizes[slot])
        return .allocate(slot, Int(sizes[slot]))
      }
    case .orders:
      var operations: [BenchOperation] = []
      while livePages < workload.frames / 2 { operations.append(allocateBlock()) }
      return operations
    }
  }

  /// Fills `operations` with the next calls.
  mutating func fill(_ operations: UnsafeMutableBufferPointer<BenchOperation>) {
    switch workload.shape {
    case .pairs(let size):
      for index in operations.indices {
        operations[index] = index & 1 == 0 ? .allocate(0, size) : .free(0, size)
      }
    case .lifo(let count, let size):
      for index in operations.indices {
        let step = index % (2 * count)
        operations[index] =
          step < count ? .allocate(step, size) : .free(2 * count - 1 - step, size)
      }
    case .orders:
      for index in operations.indices {
        let isFree =
          livePages * 20 > workload.frames * 11
          || livePages * 20 >= workload.frames * 9 && random.next() >> 63 == 0
        operations[index] = isFree ? freeBlock() : allocateBlock()
      }
    case .turnover where workload.isCrossed:
      for index in operations.indices {
        operations[index] = .allocate(index % slotCount, Int(size()))
      }
    case .turnover(let live, let burst, _): turnOver(operations, live, burst)
    case .recording:
      for index in operations.indices {
        operations[index] = recorded[place]
        place = place + 1 == recorded.count ? 0 : place + 1
      }
    }
  }

  /// The number of operations nearest to `count` after which a piece may end.
  func wholeCount(_ count: Int) -> Int {
    switch workload.shape {
    case .pairs: count & ~1
    case .lifo(let burst, _): max(1, count / (2 * burst)) * 2 * burst
    case .orders: count
    case .turnover(_, let burst, _): max(1, count / (2 * burst)) * 2 * burst
    case .recording: max(1, count / recorded.count) * recorded.count
    }
  }

  private mutating func turnOver(
    _ operations: UnsafeMutableBufferPointer<BenchOperation>, _ live: Int, _ burst: Int
  ) {
    var index = 0
    while index + 2 * burst <= operations.count {
      // A burst's slots lie apart and none comes twice: a random start and a random odd stride.
      let start = random.below(live)
      let stride = burst == 1 ? 0 : random.below(live / burst) + 1
      for step in 0..<burst {
        let slot = (start + step * stride) % live
        operations[index + step] = .free(slot, Int(sizes[slot]))
        let size = size()
        liveSize += Int(size) - Int(sizes[slot])
        sizes[slot] = size
        operations[index + burst + step] = .allocate(slot, Int(size))
      }
      index += 2 * burst
    }
  }

  private mutating func allocateBlock() -> BenchOperation {
    let slot = vacant.removeLast()
    let order = size()
    sizes[Int(slot)] = order
    slots.append(slot)
    livePages += 1 << Int(order)
    liveSize = livePages
    return .allocate(Int(slot), Int(order))
  }

  private mutating func freeBlock() -> BenchOperation {
    let index = random.below(slots.count)
    let slot = slots[index]
    slots[index] = slots[slots.count - 1]
    slots.removeLast()
    vacant.append(slot)
    livePages -= 1 << Int(sizes[Int(slot)])
    liveSize = livePages
    return .free(Int(slot), Int(sizes[Int(slot)]))
  }
}
