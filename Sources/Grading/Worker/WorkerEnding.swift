import AllocationTrace
import Foundation
import LabBench

/// Says in a student's words how a worker's process ended.
struct WorkerEnding {
  /// How the words begin for a program that took all the memory there is.
  static let outOfMemory = "ran out of memory"

  private let ending: ChildEnding
  private let complaints: String
  private let limits: WorkerLimits
  private let places: TrapPlaces?

  init(
    _ ending: ChildEnding, complaints: [UInt8], limits: WorkerLimits, places: TrapPlaces?
  ) {
    self.places = places
    self.ending = ending
    self.complaints = String(decoding: complaints, as: UTF8.self)
    self.limits = limits
  }

  var transcriptEnding: Transcript.Ending {
    switch ending {
    case .exited(brokenPipeExitCode):
      return .garbled("your code closed or changed the pipes that the checks speak through")
    case .exited(let code):
      return .crashed("your code ended the program (exit code \(code))")
    case .signalled(let number): return .crashed(words(for: number))
    case .overtime: return .garbled("the program ended in a way that the system does not tell")
    }
  }

  private func words(for signal: Int32) -> String {
    if let reason = trapMessage { return reason }
    switch signal {
    case SIGILL, SIGTRAP:
      // A trap that says nothing; which of these it was, only its line can tell.
      let kinds = "arithmetic overflow, a failed conversion, an index out of range, or nil"
      return "stopped by a trap: \(kinds)\(place)"
    case SIGABRT: return "the program aborted itself"
    case SIGSEGV, SIGBUS:
      return "stopped by a stack overflow or a wild pointer, often a recursion that does not end"
    case SIGSYS:
      return
        "stopped for asking the system for what a submission may not have (files, processes, network)"
    case SIGXCPU, SIGKILL: return "stopped by the system: it used more time or memory than there is"
    default: return "stopped by signal \(signal)"
    }
  }

  /// ` (BuddySystem.swift:57)`, or nothing where no line of the submission is known.
  private var place: String { places?.place(in: complaints).map { " (\($0))" } ?? "" }

  /// The reason that Swift wrote before it trapped: `Fatal error: Index out of range`.
  private var trapMessage: String? {
    let kinds = ["Fatal error", "Precondition failed", "Assertion failed"]
    for line in complaints.split(separator: "\n").reversed() {
      if line.contains("failed to allocate") || line.contains("out of memory") {
        return "\(Self.outOfMemory): the limit is \(limits.memoryBytes >> 20) MiB"
      }
      for kind in kinds {
        guard let range = line.range(of: kind) else { continue }
        let reason = line[range.lowerBound...].printable.prefix(300)
        // The runtime names its own source file; the student's is worth knowing.
        let names = line[..<range.lowerBound].split(separator: ":")
        guard names.count >= 2, let file = names[0].split(separator: "/").last,
          !names[0].hasPrefix("Swift/")
        else { return "\(reason)\(place)" }
        return "\(reason) (\(file):\(names[1]))".printable
      }
    }
    return nil
  }
}
