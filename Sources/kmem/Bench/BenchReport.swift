import Foundation

/// What `kmem bench` found out, as data; `kmem bench --json` prints it, and `kmem help json` says what each key means.
struct BenchReport: Codable, Equatable {
  var version = 1
  var rounds: Int
  /// Calls of a round and thread, about.
  var calls: Int
  var topology: Topology
  var peers: [PeerReport] = []
  var pages: [WorkloadReport] = []
  var objects: [WorkloadReport] = []
  var recordings: [WorkloadReport] = []
  var growth: GrowthReport?
  var instructions: InstructionReport?
  /// The geometric mean of the reference's time over the best peer's, over the object workloads.
  var geometricMean: Double?
  var scaling: [ScalingReport] = []
  var bars: [BarReport] = []

  init(rounds: Int, calls: Int, topology: Topology) {
    self.rounds = rounds
    self.calls = calls
    self.topology = topology
  }
}

struct PeerReport: Codable, Equatable {
  var name: String
  /// The library's file; absent for the system's own.
  var library: String?
  /// Where the library can be had.
  var package: String?
  var isFound: Bool
}

/// A contestant's result at one workload.
struct ContestantReport: Codable, Equatable {
  var name: String
  /// Nanoseconds for each call: the median of the rounds and the least; with two threads of a thread's calls.
  var median: Double
  var least: Double
  /// The median on the wall; ``median`` is processor time where one thread runs.
  var wallMedian: Double
  /// Bytes held and live at the same moment; absent for floors.
  var held: Int?
  var live: Int?
  var unserved = 0
  var isDamaged = false

  /// Bytes held for each byte live.
  var overhead: Double? {
    guard let held, let live, live > 0, held > 0 else { return nil }
    return Double(held) / Double(live)
  }
}

/// One workload's results.
struct WorkloadReport: Codable, Equatable {
  var name: String
  var title: String
  var threads: Int
  var isTouched: Bool
  /// The reference first, then floors or peers.
  var contestants: [ContestantReport] = []
  /// The peer, or the floor, that the reference is compared with, and its time over that one's.
  var rival: String?
  var ratio: Double?
  var bar: Double?

  init(_ workload: Workload) {
    name = workload.name
    title = workload.title
    threads = workload.threads
    isTouched = workload.isTouched
    bar = workload.bar
  }

  var reference: ContestantReport { contestants[0] }

  mutating func add(
    _ subject: String, _ rounds: [BenchRound], isWall: Bool, ending: BenchEnding?
  ) {
    let times = rounds.map { isWall ? $0.wall : $0.processor }
    contestants.append(
      ContestantReport(
        name: subject, median: median(times), least: times.min() ?? 0,
        wallMedian: median(rounds.map(\.wall)), held: ending?.held, live: ending?.live,
        unserved: ending?.unserved ?? 0, isDamaged: ending?.isDamaged ?? false))
    let rivals = contestants.dropFirst().filter { $0.name != "call" && $0.median > 0 }
    guard let best = rivals.min(by: { $0.median < $1.median }) else { return }
    rival = best.name
    ratio = reference.median / best.median
  }
}

/// How the reference's cost grows.
struct GrowthReport: Codable, Equatable {
  struct Row: Codable, Equatable {
    var name: String
    var title: String
    /// Page frames of the machine, or live objects; and nanoseconds for each call there, the median.
    var sizes: [Int] = []
    var nanoseconds: [Double] = []
  }
  var withMemory: [Row] = []
  var withLiveObjects: [Row] = []

  mutating func add(_ report: WorkloadReport, at size: Int, toMemory: Bool) {
    func put(_ rows: inout [Row]) {
      let index = rows.firstIndex { $0.name == report.name } ?? rows.count
      if index == rows.count { rows.append(Row(name: report.name, title: report.title)) }
      rows[index].sizes.append(size)
      rows[index].nanoseconds.append(report.reference.median)
    }
    if toMemory { put(&withMemory) } else { put(&withLiveObjects) }
  }
}

/// What two threads do in the time that one takes.
struct ScalingReport: Codable, Equatable {
  var workload: String
  var contestant: String
  /// Throughput of two threads over that of one, by the clock on the wall.
  var ratio: Double
}

/// A bar, and where the reference stands.
struct BarReport: Codable, Equatable {
  var what: String
  var value: Double
  var limit: Double
  /// Whether the value must be at most the limit; else at least.
  var isCeiling: Bool
  var isMet: Bool

  init(_ what: String, _ value: Double, atMost limit: Double) {
    (self.what, self.value, self.limit, isCeiling) = (what, value, limit, true)
    isMet = value <= limit
  }

  init(_ what: String, _ value: Double, atLeast limit: Double) {
    (self.what, self.value, self.limit, isCeiling) = (what, value, limit, false)
    isMet = value >= limit
  }
}

func median(_ numbers: [Double]) -> Double {
  let sorted = numbers.sorted()
  guard !sorted.isEmpty else { return 0 }
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
