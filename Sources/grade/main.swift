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

let program = Program(
  workshop: { ConfinedWorkshop(course: $0) },
  currentDirectory: FileManager.default.currentDirectoryPath,
  style: Style(
    colours: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty,
    width: isTerminal && hasSize ? Int(size.ws_col) : 100),
  gradeAfresh: gradeAfresh,
  showsProgress: isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb",
  output: { text in FileHandle.standardOutput.write(Data(text.utf8)) },
  errors: { text in FileHandle.standardError.write(Data(text.utf8)) })
exit(program.run(Array(CommandLine.arguments.dropFirst())))
