import Foundation

/// Instructions for each call, as callgrind counts them.
struct InstructionReport: Codable, Equatable {
  struct Row: Codable, Equatable {
    var name: String
    var title: String
    /// At 2^12 and at 2^20 page frames; those of an entry that returns at once are taken off.
    var small: Double
    var large: Double
    var bar: Double
  }
  var rows: [Row] = []
  /// Why there are none.
  var problem: String?
}

/// Counts instructions by running a worker under `valgrind --tool=callgrind`, independent of the machine's load.
///
/// Each workload runs twice with different numbers of calls: the difference holds no start and no end. Pages and objects
/// are taken and given back in a plain Swift loop, as the reference's users write it, the loop included. Buddy operations
/// follow a trace; the same trace with an entry that returns at once tells what the harness and the call take.
struct InstructionCount {
  private let bench: Bench
  private let calls = 1 << 16

  init(_ bench: Bench) { self.bench = bench }

  private static let bars: [(name: String, title: String, bar: Double)] = [
    ("page-pair", "a page through the per-CPU list", 25),
    ("uniform-buddy", "a buddy operation", 66),
    ("pair-64", "kmalloc and kfree", 26),
  ]

  func run() throws(Failure) -> InstructionReport {
    var report = InstructionReport()
    guard let valgrind = Self.program("valgrind") else {
      report.problem = "valgrind is not in PATH (Debian: valgrind)"
      return report
    }
    let stripped = try strippedProgram()
    defer { if let stripped { try? FileManager.default.removeItem(atPath: stripped) } }
    for (name, title, bar) in Self.bars where bench.options.wants(name) || !named {
      bench.console.status(title + ": counting instructions")
      var counts: [Double] = []
      for frames in [1 << 12, 1 << 20] {
        guard let workload = Workload.growing(frames: frames).first(where: { $0.name == name })
        else { continue }
        guard let all = perCall(workload, isEmpty: false, valgrind, stripped ?? bench.program),
          let empty = workload.service == .buddy
            ? perCall(workload, isEmpty: true, valgrind, stripped ?? bench.program) : 0
        else {
          report.problem = "valgrind could not run \(stripped ?? bench.program)"
          return report
        }
        counts.append(all - empty)
      }
      report.rows.append(
        InstructionReport.Row(
          name: name, title: title, small: counts[0], large: counts[1], bar: bar))
    }
    bench.console.endProgress()
    return report
  }

  /// Whether `--only` names any of the workloads counted here.
  private var named: Bool { Self.bars.contains { bench.options.only.contains($0.name) } }

  private func perCall(
    _ workload: Workload, isEmpty: Bool, _ valgrind: String, _ program: String
  ) -> Double? {
    var counts: [Int] = []
    for rounds in [1, 2] {
      let order = CountOrder(workload: workload, calls: calls, rounds: rounds, isEmpty: isEmpty)
      guard let text = try? JSONEncoder().encode(order),
        let count = instructions(
          valgrind, program, ["bench-count", String(decoding: text, as: UTF8.self)])
      else { return nil }
      counts.append(count)
    }
    return Double(counts[1] - counts[0]) / Double(calls)
  }

  /// Instructions of a run, from callgrind's last line but one: `Collected : 123456`.
  private func instructions(_ valgrind: String, _ program: String, _ arguments: [String]) -> Int? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: valgrind)
    process.arguments =
      ["--tool=callgrind", "--callgrind-out-file=/dev/null", program] + arguments
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    do { try process.run() } catch { return nil }
    let text = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let line = text.split(separator: "\n").last { $0.contains("Collected : ") }
    return line?.split(separator: " ").last.flatMap { Int($0) }
  }

  /// A copy without debugging information, which old versions of valgrind cannot read; nil where no tool makes one.
  private func strippedProgram() throws(Failure) -> String? {
    guard let strip = Self.program("strip") ?? Self.program("llvm-strip") else { return nil }
    let copy = NSTemporaryDirectory() + "/kmem-\(ProcessInfo.processInfo.processIdentifier)"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: strip)
    process.arguments = [
      "-o", copy, URL(fileURLWithPath: bench.program).resolvingSymlinksInPath().path,
    ]
    do { try process.run() } catch { return nil }
    process.waitUntilExit()
    return process.terminationStatus == 0 ? copy : nil
  }

  /// A program in PATH.
  static func program(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}

/// What a worker under callgrind is told.
struct CountOrder: Codable {
  var workload: Workload
  var calls: Int
  var rounds: Int
  /// Whether an entry that returns at once stands in for the reference.
  var isEmpty: Bool

  /// Performs it.
  static func run(_ text: String) throws(Failure) -> Int32 {
    guard let order = try? JSONDecoder().decode(CountOrder.self, from: Data(text.utf8)) else {
      throw .usage("kmem bench-count is started by kmem bench alone")
    }
    let reference = try BenchReference(order.workload)
    guard order.workload.service == .buddy else {
      reference.pairs(order.calls / 2 * (order.rounds + 1))
      return 0
    }
    var state = BenchThreadState(
      TraceGenerator(order.workload, seed: 1991), calls: order.calls)
    state.subjects = [
      order.isEmpty
        ? BenchFloor.call(memory: reference.machine.memory.base)
        : reference.subject(order.workload, thread: 0)
    ]
    _ = state.prefill(state.generator.prefill(), false)
    // One round before all others, so that both runs count warm lists.
    for _ in 0...order.rounds {
      state.writeNextPiece()
      state.perform(subject: 0, isTouched: false, rings: nil)
    }
    return 0
  }
}
