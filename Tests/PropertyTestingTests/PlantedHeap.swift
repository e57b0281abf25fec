import PropertyTesting

/// A first-fit free list of units, with at most one planted bug.
struct PlantedHeap: Hashable {
  enum Bug: CaseIterable {
    /// Free forgets to merge with the hole in front.
    case lostCoalesce
    /// A request for 17 units gets 16.
    case shortSeventeen
    /// The table of holes has three rows; the fourth hole is lost.
    case fourthHole
    /// Merging with both neighbours at once drops the holes behind.
    case dropsTail
  }

  struct Hole: Hashable {
    var start: Int
    var size: Int
    var end: Int { start + size }
  }

  let bug: Bug?
  /// Ordered by address.
  private(set) var holes: [Hole]

  init(capacity: Int, bug: Bug?) {
    self.bug = bug
    holes = [Hole(start: 0, size: capacity)]
  }

  /// The first unit of the first hole that is large enough, and the units taken.
  mutating func allocate(_ request: Int) -> Hole? {
    let size = bug == .shortSeventeen && request == 17 ? 16 : request
    guard let index = holes.firstIndex(where: { $0.size >= size }) else { return nil }
    let taken = Hole(start: holes[index].start, size: size)
    holes[index].start += size
    holes[index].size -= size
    if holes[index].size == 0 { holes.remove(at: index) }
    return taken
  }

  mutating func free(_ block: Hole) {
    var merged = block
    var index = holes.firstIndex { $0.start >= block.end } ?? holes.count
    var touchesBehind = false
    var touchesBefore = false
    if index < holes.count, holes[index].start == merged.end {
      merged.size += holes[index].size
      holes.remove(at: index)
      touchesBehind = true
    }
    if bug != .lostCoalesce, index > 0, holes[index - 1].end == merged.start {
      index -= 1
      merged.start = holes[index].start
      merged.size += holes[index].size
      holes.remove(at: index)
      touchesBefore = true
    }
    holes.insert(merged, at: index)
    if bug == .dropsTail && touchesBefore && touchesBehind {
      holes.removeSubrange((index + 1)...)
    }
    if bug == .fourthHole && holes.count > 3 { holes.removeLast() }
  }
}

/// A heap in use, with what the user knows about it.
struct HeapUse: Hashable {
  struct Block: Hashable {
    var units: PlantedHeap.Hole
    /// What was asked for, and so what the user writes to.
    var request: Int
    var owner: UInt8
  }

  enum Command: CustomStringConvertible, Sendable {
    case allocate(Int)
    case free(Int)
    case touch(Int)

    var description: String {
      switch self {
      case .allocate(let size): "allocate(\(size))"
      case .free(let index): "free(\(index))"
      case .touch(let index): "touch(\(index))"
      }
    }
  }

  private(set) var heap: PlantedHeap
  private(set) var live: [Block] = []
  private var memory: [UInt8]

  init(capacity: Int, bug: PlantedHeap.Bug?) {
    heap = PlantedHeap(capacity: capacity, bug: bug)
    memory = Array(repeating: 0, count: capacity)
  }

  /// Performs `command` and answers what is wrong afterwards, or nil.
  mutating func perform(_ command: Command) -> String? {
    switch command {
    case .allocate(let size):
      guard let units = heap.allocate(size) else { break }
      // The owner's number is free again once nobody has it, so that equal situations are equal values.
      let owner = (1...UInt8.max).first { number in !live.contains { $0.owner == number } }!
      live.append(Block(units: units, request: size, owner: owner))
      let end = min(units.start + size, memory.count)
      for unit in units.start..<end { memory[unit] = owner }
    case .free(let index):
      let block = live.remove(at: index)
      for unit in block.units.start..<block.units.end { memory[unit] = 0 }
      heap.free(block.units)
    case .touch(let index):
      let block = live[index]
      let end = min(block.units.start + block.request, memory.count)
      if memory[block.units.start..<end].contains(where: { $0 != block.owner }) {
        return "block \(index) was overwritten"
      }
    }
    for (hole, next) in zip(heap.holes, heap.holes.dropFirst()) where hole.end >= next.start {
      return "holes at \(hole.start) and \(next.start) were not merged"
    }
    let free = heap.holes.reduce(0) { $0 + $1.size }
    let used = live.reduce(0) { $0 + $1.units.size }
    return free + used == memory.count ? nil : "\(memory.count - free - used) units were lost"
  }
}

/// A failure that knows the commands that led to it.
struct Wrong<Command: CustomStringConvertible & Sendable>: Error, CustomStringConvertible {
  var commands: [Command]
  var what: String

  var description: String {
    (commands.map(\.description) + [what]).joined(separator: "\n")
  }
}

/// Uses a heap at random until something is wrong.
func useHeap(capacity: Int = 256, bug: PlantedHeap.Bug?, _ choices: Choices) throws {
  var use = HeapUse(capacity: capacity, bug: bug)
  var commands: [HeapUse.Command] = []
  try choices.commands(average: 20, max: 60) {
    let isEmpty = use.live.isEmpty
    let command: HeapUse.Command
    switch try choices.weighted([3, isEmpty ? 0 : 2, isEmpty ? 0 : 1]) {
    case 0: command = .allocate(try choices.draw(1...40))
    case 1: command = .free(try choices.draw(0...use.live.count - 1))
    default: command = .touch(try choices.draw(0...use.live.count - 1))
    }
    commands.append(command)
    if let what = use.perform(command) { throw Wrong(commands: commands, what: what) }
  }
}
