import Foundation
import Grading

let isTerminal = isatty(STDOUT_FILENO) == 1
var size = winsize()
let hasSize = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
let environment = ProcessInfo.processInfo.environment

let program = Program(
  workshop: { course throws(GradingError) in try ConfinedWorkshop(course: course) },
  currentDirectory: FileManager.default.currentDirectoryPath,
  style: Style(
    colours: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty,
    width: isTerminal && hasSize ? Int(size.ws_col) : 100),
  showsProgress: isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb",
  output: { text in FileHandle.standardOutput.write(Data(text.utf8)) },
  errors: { text in FileHandle.standardError.write(Data(text.utf8)) })
exit(program.run(Array(CommandLine.arguments.dropFirst())))
