import Foundation
import Grading
import Labs

let isTerminal = isatty(STDOUT_FILENO) == 1
var size = winsize()
let hasSize = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
let environment = ProcessInfo.processInfo.environment

/// Grades in another process of this very program: only so would an order that differs between processes show.
let gradeAfresh: @Sendable (Course, String, Lab) throws -> String = { course, folder, lab in
  let process = Process()
  let pipe = Pipe()
  process.executableURL = Bundle.main.executableURL
  process.arguments = [
    lab.id, "--submission", course.path(folder), "--course", course.root, "--json", "-",
    "--no-replays",
  ]
  process.standardOutput = pipe
  try process.run()
  let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw GradingError.failure(
      "Grading \(folder) afresh ended with status \(process.terminationStatus).")
  }
  return String(decoding: output, as: UTF8.self)
}

/// Writes all of `text`, or ends the program: a reader who left wants no more, and a full disk has no room for it.
let write: @Sendable (String, Int32) -> Void = { text, descriptor in
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    if count < 0, errno != EINTR {
      if errno != EPIPE, descriptor == STDOUT_FILENO {
        let reason = String(cString: strerror(errno))
        try? FileHandle.standardError.write(
          contentsOf: Data("grade: standard output cannot be written: \(reason).\n".utf8))
      }
      if descriptor == STDOUT_FILENO { exit(3) }
      return
    }
    bytes = bytes.dropFirst(max(count, 0))
  }
}

let showsProgress = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"

/// Tells somebody who waits what is being built; the line of progress gives way.
let tell: @Sendable (BuildNote) -> Void = { note in
  let start = showsProgress ? "\r\u{1B}[K" : ""
  switch note {
  case .lasting(let text): write("\(start)grade: \(text)\n", STDERR_FILENO)
  case .passing(let text): if showsProgress { write(start + text, STDERR_FILENO) }
  }
}

let program = Program(
  workshop: { ConfinedWorkshop(course: $0, tell: tell) },
  currentDirectory: FileManager.default.currentDirectoryPath,
  style: Style(
    colours: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty,
    width: isTerminal && hasSize ? Int(size.ws_col) : 100),
  gradeAfresh: gradeAfresh,
  showsProgress: showsProgress,
  output: { write($0, STDOUT_FILENO) },
  errors: { write($0, STDERR_FILENO) })
exit(program.run(Array(CommandLine.arguments.dropFirst())))
