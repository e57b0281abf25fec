import Confinement
import Foundation
import Synchronization

/// How a child process ended.
enum ChildEnding: Hashable, Sendable {
  case exited(Int32)
  case signalled(Int32)
  /// It had to be stopped because its time was up.
  case overtime
}

/// What to start and under which rules; see `lab_start` in the Confinement target.
struct LaunchPlan {
  enum Program {
    case path(String)
    /// An open executable file; what workers are started from, so that nobody can exchange it meanwhile.
    case descriptor(Int32)
  }

  var profile: lab_profile
  var program: Program
  var arguments: [String]
  var environment: [String]
  var directory: String?
  /// The child's descriptors 0 to 4; -1 is /dev/null for the first three and closed for the others.
  var descriptors: [Int32] = [-1, -1, -1, -1, -1]
  var memoryBytes: UInt64 = 0
  var processorSeconds: UInt64 = 0
  var fileBytes = UInt64.max
  var openFiles: UInt64 = 0
  var rules: [FileRule] = []
  /// Puts everything in force and ends, to learn what can be.
  var isProbe = false

  /// Starts the process, on a thread that lives as long as the grader.
  ///
  /// Linux ends a process that asked to die with its parent when the parent's *thread* ends that started it.
  func launch() throws(GradingError) -> LaunchedProcess {
    try SpawnThread.shared.run { launchHere() }.get()
  }

  private func launchHere() -> Result<LaunchedProcess, GradingError> {
    let path: String
    var start = lab_start()
    start.executable = -1
    switch program {
    case .path(let name): path = name
    case .descriptor(let descriptor):
      path = arguments.first ?? ""
      start.executable = descriptor
    }
    start.profile = profile
    start.descriptors = (
      descriptors[0], descriptors[1], descriptors[2], descriptors[3], descriptors[4]
    )
    start.memory_bytes = memoryBytes
    start.processor_seconds = processorSeconds
    start.file_bytes = fileBytes
    start.open_files = openFiles
    start.probe = isProbe ? 1 : 0

    var started = lab_started()
    withCStrings(arguments) { arguments in
      withCStrings(environment) { environment in
        withCStrings([path, directory ?? ""] + rules.map(\.path)) { names in
          let paths = rules.indices.map { lab_path(path: names[$0 + 2], access: rules[$0].access) }
          paths.withUnsafeBufferPointer { paths in
            start.path = UnsafePointer(names[0])
            start.directory = directory == nil ? nil : UnsafePointer(names[1])
            start.arguments = UnsafePointer(arguments)
            start.environment = UnsafePointer(environment)
            start.paths = paths.baseAddress
            start.path_count = Int32(paths.count)
            _ = lab_spawn(&start, &started)
          }
        }
      }
    }
    guard started.pid > 0 else {
      let reason = String(cString: strerror(started.error))
      return .failure(
        GradingError.failure(
          "\(path) could not be started: \(String(cString: started.step)): \(reason)"))
    }
    return .success(
      LaunchedProcess(
        id: started.pid, layers: Layers(rawValue: started.layers),
        landlock: Int(started.landlock)))
  }
}

/// What a confined process may do below a path.
struct FileRule: Hashable, Sendable {
  var path: String
  var access: Int32

  static func read(_ path: String) -> FileRule {
    FileRule(path: path, access: Int32(LAB_READ.rawValue))
  }
  /// Read and execute.
  static func run(_ path: String) -> FileRule {
    FileRule(path: path, access: Int32(LAB_READ.rawValue | LAB_EXECUTE.rawValue))
  }
  /// Read and write, never execute.
  static func write(_ path: String) -> FileRule {
    FileRule(path: path, access: Int32(LAB_READ.rawValue | LAB_WRITE.rawValue))
  }
}

/// A process that runs, or has ended and waits to be reaped.
struct LaunchedProcess {
  let id: pid_t
  let layers: Layers
  /// Version of Landlock's interface; 0 when there is none.
  let landlock: Int

  /// Processor time used so far in seconds, or nil when the system does not say.
  var processorTime: Double? {
    let time = lab_processor_time(id)
    return time < 0 ? nil : Double(time) / 1e9
  }

  /// ``processorTime`` once the process sleeps, waiting for a question.
  ///
  /// Linux brings the clock of a process that runs on another core up to date when it pauses, or else some milliseconds
  /// later: what is read sooner lacks what was used since.
  var settledProcessorTime: Double? {
    for _ in 0..<500 where lab_is_asleep(id) == 0 { usleep(10) }
    return processorTime
  }

  var hasEnded: Bool {
    var code: Int32 = 0
    return lab_peek(id, &code) != LAB_RUNNING
  }

  /// Waits until it has ended, at most `seconds`.
  func wait(seconds: Double) -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    var pause: UInt32 = 50
    while !hasEnded {
      guard ContinuousClock.now < deadline else { return false }
      usleep(pause)
      pause = min(pause * 2, 5_000)
    }
    return true
  }

  /// Ends it with everything it started, and reaps it; says how it had ended before.
  func end() -> ChildEnding {
    var code: Int32 = 0
    switch lab_end(id, &code) {
    case LAB_EXITED: return .exited(code)
    case LAB_SIGNALLED: return .signalled(code)
    default: return .overtime
    }
  }
}

/// A pipe whose ends no child inherits unless they are placed for it.
struct Pipe {
  let readEnd: Int32
  let writeEnd: Int32

  init() throws(GradingError) {
    var ends: [Int32] = [-1, -1]
    let error = lab_pipe(&ends)
    guard error == 0 else {
      throw GradingError.failure("no pipe could be made: \(String(cString: strerror(error)))")
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }
}

/// The one thread that starts processes; see ``LaunchPlan/launch()``.
private final class SpawnThread: Sendable {
  static let shared = SpawnThread()
  private let jobs = Mutex<[@Sendable () -> Void]>([])
  private let waiting = DispatchSemaphore(value: 0)

  private init() {
    // A worker that died must show as an error of `write`, not end the grader.
    signal(SIGPIPE, SIG_IGN)
    let thread = Thread { [unowned self] in
      while true {
        waiting.wait()
        jobs.withLock { $0.removeFirst() }()
      }
    }
    thread.name = "spawn"
    thread.start()
  }

  func run<R>(_ work: @escaping @Sendable () -> R) -> R {
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var result: R?
    jobs.withLock {
      $0.append {
        result = work()
        done.signal()
      }
    }
    waiting.signal()
    done.wait()
    return result!
  }
}

/// Calls `body` with a NULL-terminated array of C strings.
private func withCStrings<R>(
  _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
  pointers.append(nil)
  defer { pointers.forEach { free($0) } }
  return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
}
