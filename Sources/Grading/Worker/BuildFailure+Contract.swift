/// Errors of the compiler that the lab can explain better: a contract that is not met, and names that are not there.
extension BuildFailure {
  /// Explains a conformance that the compiler misses something for, by the contract's own declarations.
  static func missingMethods(
    _ message: CompilerMessage, files: [SourceFile], lab: LabNames
  ) -> BuildFailure? {
    guard message.text.contains("does not conform to protocol '\(lab.contract)'") else {
      return nil
    }
    let required = message.notes.filter { $0.text.hasPrefix("protocol requires ") }
    guard !required.isEmpty else { return nil }
    let declarations = required.prefix(12).map { note in
      "  " + (note.source.map(plain) ?? note.text)
    }
    let place = message.file.map { "\($0):\(message.line ?? 1): " } ?? ""
    var lines = [
      "\(place)`\(lab.subjectType)` says that it is a \(lab.contract), but this is missing, or is there with other types:"
    ]
    lines += declarations
    if required.count > 12 { lines.append("  … and \(required.count - 12) more") }
    if let own = renaming(message, files: files) {
      lines.append(
        "\(own.file):\(own.line) declares a type \(own.name) of its own, so \(own.name) means another type in your "
          + "files than in the contract: give it another name.")
    } else {
      let candidates = message.notes.filter { $0.text.hasPrefix("candidate ") }.prefix(3)
      for note in candidates {
        let at = note.file.map { file in
          files.first { file.hasSuffix("/" + $0.name) }?.place ?? file
        }
        lines.append(
          "Compare \(at.map { "\($0):\(note.line ?? 1): " } ?? "")\(note.text)")
      }
      if candidates.isEmpty {
        lines.append("Write it as it stands here, with the same names, labels and types.")
      }
    }
    return BuildFailure(
      title: "\(lab.subjectType) does not fulfil the contract \(lab.contract)",
      message: lines.joined(separator: "\n"), file: message.file, line: message.line)
  }

  /// A declaration of the submission's own that takes a name which the contract uses: `typealias Int = Int32`.
  static func renaming(_ message: CompilerMessage, files: [SourceFile]) -> Declaration? {
    let required = message.notes.filter { $0.text.hasPrefix("protocol requires ") }
    let words = Set(required.flatMap { note in note.text.split { !$0.isLetter && !$0.isNumber } })
    guard !words.isEmpty else { return nil }
    return Declaration.all(in: files).first { words.contains(Substring($0.name)) }
  }

  /// A declaration without what the compiler adds when it has no source to show: the module, and the protocol's end.
  private static func plain(_ declaration: String) -> String {
    var text = declaration.replacing("LabKit.", with: "")
    if text.hasSuffix("}"), !text.contains("{") { text.removeLast() }
    return text
  }

  /// Explains a name that Swift has and a lab has not: tasks, actors and clocks.
  static func unavailable(_ message: CompilerMessage) -> BuildFailure? {
    if message.text.hasPrefix("'async let' in a function that does not support concurrency")
      || message.text.hasPrefix("'async' call in a function that does not support concurrency")
    {
      return concurrency("async", message)
    }
    guard ["cannot find ", "unknown attribute "].contains(where: message.text.hasPrefix),
      let name = message.text.split(separator: "'", omittingEmptySubsequences: false).dropFirst()
        .first.map(String.init), concurrencyNames.contains(name)
    else { return nil }
    return concurrency(name, message)
  }

  static func concurrency(_ name: String, _ message: CompilerMessage?) -> BuildFailure {
    let isClock = name.hasSuffix("Clock")
    let at = message?.file.map { "\($0):\(message?.line ?? 1): " } ?? ""
    return BuildFailure(
      title: "`\(name)` is not available here",
      message: isClock
        ? "\(at)the same calls must have the same results whenever they are made, so there is no clock to read. Remove it."
        : """
        \(at)a lab's code runs on one thread and returns when it is done: there are no tasks, no actors and no async \
        functions. `Mutex` and `Atomic` of Synchronization are there.
        """, file: message?.file, line: message?.line)
  }

  /// Names of the module _Concurrency that a submission might use.
  private static let concurrencyNames: Set = [
    "Task", "TaskGroup", "ThrowingTaskGroup", "TaskLocal", "TaskPriority", "UnsafeCurrentTask",
    "CancellationError", "MainActor", "GlobalActor", "Actor", "AnyActor", "Executor",
    "SerialExecutor",
    "AsyncSequence", "AsyncIteratorProtocol", "AsyncStream", "AsyncThrowingStream", "Clock",
    "ContinuousClock", "SuspendingClock", "InstantProtocol", "CheckedContinuation",
    "UnsafeContinuation", "DiscardingTaskGroup", "withTaskGroup", "withThrowingTaskGroup",
    "withDiscardingTaskGroup", "withCheckedContinuation", "withCheckedThrowingContinuation",
    "withUnsafeContinuation", "withUnsafeThrowingContinuation", "withTaskCancellationHandler",
    "withUnsafeCurrentTask", "extractIsolation",
  ]
}
