import Foundation

/// A worker process, seen from `kmem bench`.
final class BenchProcess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var pending: [UInt8] = []
  let name: String
  /// Who runs in it: the contestant, then floors.
  private(set) var subjects: [String] = []
  /// Its rounds so far, one element for each subject.
  private(set) var rounds: [[BenchRound]] = []

  /// The running program itself.
  static var program: String {
    #if os(Linux)
      return "/proc/self/exe"
    #else
      return Bundle.main.executablePath ?? CommandLine.arguments[0]
    #endif
  }

  /// Starts a worker, with `library` loaded before the C library.
  init(_ order: BenchOrder, name: String, library: String?, program: String) throws(Failure) {
    self.name = name
    var environment = ProcessInfo.processInfo.environment
    if let library { environment["LD_PRELOAD"] = library }
    let text = (try? JSONEncoder().encode(order)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    process.executableURL = URL(fileURLWithPath: program).resolvingSymlinksInPath()
    process.arguments = ["bench-worker", text]
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    do { try process.run() } catch { throw .input("\(program) cannot be started: \(error)") }
    try? output.fileHandleForWriting.close()
    try? input.fileHandleForReading.close()
    let ready: BenchReady = try answer()
    subjects = ready.subjects
    rounds = subjects.map { _ in [] }
    if let library {
      let loaded = ready.malloc.split(separator: "/").last ?? ""
      let wanted = library.split(separator: "/").last ?? ""
      guard loaded == wanted else {
        throw .input("\(library) was not loaded: malloc comes from \(ready.malloc)")
      }
    }
  }

  /// Has it perform one round.
  func round() throws(Failure) {
    let answers: [BenchRound] = try ask("go")
    for (index, answer) in answers.enumerated() where index < rounds.count {
      rounds[index].append(answer)
    }
  }

  /// Ends it, and answers what is known then.
  func end() throws(Failure) -> BenchEnding {
    let ending: BenchEnding = try ask("end")
    process.waitUntilExit()
    return ending
  }

  private func ask<Answer: Decodable>(_ line: String) throws(Failure) -> Answer {
    do { try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8)) } catch {
      throw stopped
    }
    return try answer()
  }

  private func answer<Answer: Decodable>() throws(Failure) -> Answer {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Data(pending[..<end])
        pending.removeFirst(end + 1)
        guard let answer = try? JSONDecoder().decode(Answer.self, from: line) else {
          throw .input("\(name): unexpected answer `\(String(decoding: line, as: UTF8.self))`")
        }
        return answer
      }
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { throw stopped }
      pending += more
    }
  }

  private var stopped: Failure {
    process.waitUntilExit()
    let how = process.terminationReason == .uncaughtSignal ? "signal" : "status"
    return .input("\(name): the worker stopped with \(how) \(process.terminationStatus)")
  }

  deinit {
    if process.isRunning {
      try? input.fileHandleForWriting.close()
      process.terminate()
      process.waitUntilExit()
    }
  }
}
