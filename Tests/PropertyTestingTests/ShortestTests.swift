import PropertyTesting
import Testing

/// The planted bugs, and the fewest commands that show each.
enum Planted: CaseIterable, CustomStringConvertible {
  case heap(PlantedHeap.Bug)
  case buddy(PlantedBuddy.Bug)

  static let allCases =
    PlantedHeap.Bug.allCases.map(Planted.heap) + PlantedBuddy.Bug.allCases.map(Planted.buddy)

  var description: String {
    switch self {
    case .heap(let bug): "heap: \(bug)"
    case .buddy(let bug): "buddy: \(bug)"
    }
  }

  var shortest: Int {
    switch self {
    case .heap(.lostCoalesce): 4
    case .heap(.shortSeventeen): 3
    case .heap(.fourthHole): 9
    case .heap(.dropsTail): 7
    case .buddy(.buddyStaysListed): 4
    case .buddy(.orderNotCompared): 6
    }
  }

  /// The share of seeds, in percent, that must end at the shortest.
  var required: Int { shortest >= 9 ? 90 : 95 }

  func use(_ choices: Choices) throws {
    switch self {
    case .heap(let bug): try useHeap(bug: bug, choices)
    case .buddy(let bug): try useBuddy(bug: bug, choices)
    }
  }
}

/// Shrinking ends at the shortest counterexample that exists.
@Suite struct ShortestTests {
  /// The passes were tuned on seeds below 10,000; these are others.
  static let seeds: Range<UInt64> = 7_000_000..<7_000_200

  @Test(arguments: Planted.allCases)
  func mostSeedsReachTheShortest(_ planted: Planted) {
    var lengths: [Int: Int] = [:]
    for seed in Self.seeds {
      let report = search(seed: seed, runs: 1000, property: planted.use)
      lengths[commandCount(report.failure?.error), default: 0] += 1
    }
    let atShortest = lengths[planted.shortest, default: 0]
    #expect(
      atShortest * 100 >= planted.required * Self.seeds.count, "seeds by length: \(lengths)")
    #expect(lengths.keys.allSatisfy { $0 >= planted.shortest }, "seeds by length: \(lengths)")
  }

  /// Every sequence of commands on a small heap: nothing shorter fails, and something of this length does.
  ///
  /// Ten units and requests of 1...10 hold every arrangement that matters: nine commands make at most three
  /// holes with three blocks between them and the rest behind, or fill the heap. The short request needs
  /// seventeen units and a neighbour.
  @Test(arguments: PlantedHeap.Bug.allCases)
  func shortestInTheHeap(_ bug: PlantedHeap.Bug) {
    let isShort = bug == .shortSeventeen
    let found = fewestCommands(
      from: HeapUse(capacity: isShort ? 40 : 10, bug: bug), depth: 9
    ) { use in
      let indices = use.live.indices
      return (isShort ? 1...40 : 1...10).map { .allocate($0) } + indices.map { .free($0) }
        + (isShort ? indices.map { .touch($0) } : [])
    } perform: {
      $0.perform($1)
    } key: { use in
      // Commands name any block, so the order in which blocks are listed makes no difference.
      use.live.sorted { $0.units.start < $1.units.start }.map {
        [$0.units.start, $0.units.size, $0.request]
      } + use.heap.holes.map { [$0.start, $0.size] }
    }
    #expect(found == Planted.heap(bug).shortest)
  }

  /// Every sequence of commands on the very machine that the search uses.
  @Test(arguments: PlantedBuddy.Bug.allCases)
  func shortestInTheBuddy(_ bug: PlantedBuddy.Bug) {
    let found = fewestCommands(from: BuddyUse(bug: bug), depth: 9) { use in
      (0...PlantedBuddy.topOrder).map { .allocate(order: $0) }
        + use.live.indices.map { .free($0) }
    } perform: {
      $0.perform($1)
    } key: { use in
      use.live.sorted { $0[0] < $1[0] } + [[-1]] + use.buddy.lists
    }
    #expect(found == Planted.buddy(bug).shortest)
  }

  private func commandCount(_ error: (any Error)?) -> Int {
    switch error {
    case let wrong as Wrong<HeapUse.Command>: wrong.commands.count
    case let wrong as Wrong<BuddyUse.Command>: wrong.commands.count
    default: 0
    }
  }
}

/// Breadth first: the length of the shortest sequence after which something is wrong, or nil up to `depth`.
///
/// Situations with the same key are followed once.
private func fewestCommands<Use, Command, Key: Hashable>(
  from start: Use, depth: Int, commands: (Use) -> [Command],
  perform: (inout Use, Command) -> String?, key: (Use) -> Key
) -> Int? {
  var frontier = [start]
  var seen: Set<Key> = [key(start)]
  for length in 1...depth {
    var next: [Use] = []
    for use in frontier {
      for command in commands(use) {
        var later = use
        if perform(&later, command) != nil { return length }
        if seen.insert(key(later)).inserted { next.append(later) }
      }
    }
    frontier = next
  }
  return nil
}
