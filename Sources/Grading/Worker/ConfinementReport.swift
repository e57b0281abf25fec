import Confinement
import Foundation

/// Layers of confinement that a process runs under.
struct Layers: OptionSet, Hashable, Sendable {
  let rawValue: UInt32

  static let session = Layers(rawValue: LAB_SESSION.rawValue)
  static let cleanStart = Layers(rawValue: LAB_CLEAN_START.rawValue)
  static let limits = Layers(rawValue: LAB_LIMITS.rawValue)
  static let noNewPrivileges = Layers(rawValue: LAB_NO_NEW_PRIVILEGES.rawValue)
  static let deathSignal = Layers(rawValue: LAB_DEATH_SIGNAL.rawValue)
  static let fileRules = Layers(rawValue: LAB_FILE_RULES.rawValue)
  static let callRules = Layers(rawValue: LAB_CALL_RULES.rawValue)

  static let all: Layers = [
    .session, .cleanStart, .limits, .noNewPrivileges, .deathSignal, .fileRules, .callRules,
  ]

  /// Each layer and how a report names it.
  static let names: [(layer: Layers, name: String)] = [
    (.session, "own session"), (.cleanStart, "cleared environment and closed descriptors"),
    (.limits, "resource limits"), (.noNewPrivileges, "no new privileges"),
    (.deathSignal, "ends with the grader"), (.fileRules, "file rules (Landlock)"),
    (.callRules, "system call rules (seccomp)"),
  ]

  /// How a report names the layers.
  var words: [String] { Layers.names.filter { contains($0.layer) }.map(\.name) }
}

/// What holds a submission back on this machine, found by trying.
struct ConfinementReport: Hashable, Sendable {
  let worker: Layers
  let compiler: Layers
  /// Version of Landlock's interface; 0 when there is none.
  let landlock: Int
  /// Whether workers are linked statically, and so need not open any file.
  let isStatic: Bool

  /// Whether nothing is missing that keeps a submission from files, network, processes and the grader.
  ///
  /// A static worker opens no file, so its call rules refuse files even where Landlock is missing; a
  /// compiler has to open files, and needs Landlock.
  var isComplete: Bool {
    let needed: Layers = isStatic ? Layers.all.subtracting(.fileRules) : .all
    return worker.isSuperset(of: needed) && compiler == .all
  }

  /// The same in the words of the report.
  var summary: ConfinementSummary {
    var inForce = worker.words
    inForce.append("time limits")
    if !isStatic {
      inForce.append("a dynamic program, since this toolchain has no static libraries")
    } else if worker.contains(.callRules) {
      inForce.append("a static program, which opens no file")
    }
    var missing: [String] = []
    if !isComplete {
      missing += Layers.all.subtracting(worker).words.map { "worker: \($0)" }
      missing += Layers.all.subtracting(compiler).words.map { "compiler: \($0)" }
    }
    return ConfinementSummary(inForce: inForce, missing: missing)
  }
}
