import Foundation

/// What a worker process is told: one contestant, one workload.
struct BenchOrder: Codable {
  var workload: Workload
  /// The peer it was started with; nil is the reference.
  var peer: String?
  /// Calls of a round and thread, about.
  var calls: Int
}

/// A worker's first answer.
struct BenchReady: Codable {
  /// The contestant, then the floors.
  var subjects: [String]
  /// The file that malloc comes from in this process.
  var malloc: String
}

/// The worker's side of `kmem bench`: performs a round for each line `go`, and tells the ending at the line `end`.
///
/// Each contestant has a process of its own: a peer is loaded before the C library, as it is meant to be used, and its
/// memory is that of the process.
enum BenchWorker {
  static func run(
    _ order: String, read: () -> String?, write: (String) -> Void
  ) throws(Failure) -> Int32 {
    guard let order = try? JSONDecoder().decode(BenchOrder.self, from: Data(order.utf8)) else {
      throw .usage("kmem bench-worker is started by kmem bench alone")
    }
    // What the answers need is there before memory is looked at.
    _ = line([BenchRound(processor: 0, wall: 0)])
    let session = try BenchSession(order.workload, peer: order.peer, calls: order.calls)
    write(
      line(
        BenchReady(
          subjects: session.subjectNames, malloc: BenchPeer.file(of: dlsym(nil, "malloc")) ?? "?")))
    while let command = read() {
      switch command {
      case "go": write(line(session.round()))
      default:
        write(line(session.end()))
        return 0
      }
    }
    return 0
  }

  private static func line(_ answer: some Encodable) -> String {
    let data = (try? JSONEncoder().encode(answer)) ?? Data()
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}
