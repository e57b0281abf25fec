import Confinement
import Foundation
import LabBench
import Synchronization

/// Finds the line of a submission where it trapped, from the addresses that its worker wrote to standard error.
///
/// Swift's runtime names the line of a `fatalError`, but of an index out of range its own file, and of an overflow nothing.
/// The toolchain's symbolizer reads the program's line table, confined: the program is the submission's.
final class TrapPlaces: Sendable {
  private let program: String
  private let files: Set<String>
  private let symbolizer: String
  private let rules: [FileRule]
  /// What was looked up already; nil where no line of the submission is among the addresses.
  private let known = Mutex<[String: String?]>([:])
  /// Different places that are looked up for one program at most.
  private static let most = 50

  /// - Parameters:
  ///   - program: the worker's file, whose code lies where its line table says.
  ///   - files: the names of the submission's files.
  init?(program: String, files: [String], toolchain: Toolchain) {
    guard let symbolizer = toolchain.symbolizer else { return nil }
    self.program = program
    self.files = Set(files)
    self.symbolizer = symbolizer
    rules =
      [toolchain.root, "/usr", "/lib", "/lib64"].map(FileRule.run) + [.read(program)]
  }

  /// `BuddySystem.swift:57`, or nil when the text names no such place.
  func place(in complaints: String) -> String? {
    let note = complaints.split(separator: "\n").last { $0.hasPrefix(trapNote) }
    guard let note else { return nil }
    let addresses = note.dropFirst(trapNote.count).split(separator: " ").prefix(41)
      .compactMap { UInt64($0, radix: 16) }
    guard !addresses.isEmpty else { return nil }
    let key = String(note)
    return known.withLock { known in
      if let place = known[key] { return place }
      guard known.count < Self.most else { return nil }
      let place = lookUp(addresses)
      known[key] = place
      return place
    }
  }

  private func lookUp(_ addresses: [UInt64]) -> String? {
    // Behind a call lies the instruction to return to; the call is on the line before it, perhaps.
    let places = addresses.enumerated().map {
      "0x" + String($1 - ($0 > 0 && $1 > 0 ? 1 : 0), radix: 16)
    }
    var plan = LaunchPlan(
      profile: LAB_COMPILER, program: .path(symbolizer),
      arguments: [symbolizer, "--obj=\(program)", "--no-demangle"] + places,
      environment: ["LC_ALL=C"])
    plan.memoryBytes = 2 << 30
    plan.processorSeconds = 5
    plan.fileBytes = 0
    plan.openFiles = 64
    plan.rules = rules
    guard let run = try? ToolRun.of(plan, seconds: 10), run.succeeded else { return nil }
    for line in run.output.split(separator: "\n") {
      // /scratch/src/BuddySystem.swift:57:12
      let parts = line.split(separator: ":")
      guard parts.count >= 3, let number = Int(parts[parts.count - 2]), number > 0,
        let file = parts[parts.count - 3].split(separator: "/").last, files.contains(String(file))
      else { continue }
      return "\(file):\(number)"
    }
    return nil
  }
}
