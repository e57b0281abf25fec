import Foundation
import Testing

@testable import Grading

/// A submission that makes no program is told why in the lab's words, by its own file names and lines.
@Suite struct WorkerBuilderTests {
  private static let contract = WorkerBench.submission()[0].text

  private func failure(_ text: String) throws -> BuildFailure {
    try failure([SourceFile(name: "BuddySystem.swift", text: text)])
  }

  private func failure(_ files: [SourceFile]) throws -> BuildFailure {
    switch try WorkerBench.build(files) {
    case .success:
      Issue.record("it was built")
      return BuildFailure(title: "", message: "")
    case .failure(let failure): return failure
    }
  }

  @Test func aSyntaxErrorIsTheCompilersOwnMessage() throws {
    let failure = try failure(
      "import LabKit\nstruct BuddySystem: PageAllocator {\n  let a = )\n}\n")
    #expect(failure.title == "BuddySystem does not compile")
    #expect(failure.message.hasPrefix("BuddySystem.swift:3:11: error: expected initial value"))
    #expect(!failure.message.contains("/"))
    #expect(failure.file == "BuddySystem.swift")
    #expect(failure.line == 3)
  }

  @Test func anErrorInASecondFileNamesThatFile() throws {
    let failure = try failure(
      WorkerBench.submission() + [
        SourceFile(name: "Lists.swift", text: "struct FreeList {\n  var first: Frame\n}\n")
      ])
    #expect(failure.message.hasPrefix("Lists.swift:2:14: error: cannot find type 'Frame' in scope"))
    #expect(failure.file == "Lists.swift")
  }

  @Test func aMissingMethodIsToldByItsDeclaration() throws {
    let failure = try failure(
      Self.contract.replacing("freeBlocks(", with: "blocks("))
    #expect(failure.title == "BuddySystem does not fulfil the contract PageAllocator")
    #expect(
      failure.message == """
        BuddySystem.swift:3: `BuddySystem` says that it is a PageAllocator, but this is missing, or is there with other types:
          func freeBlocks(order: Int, zone: Int) -> [Int]
        Write it as it stands here, with the same names, labels and types.
        """)
    #expect(failure.line == 3)
  }

  @Test func aMethodOfOtherTypesIsCompared() throws {
    let failure = try failure(
      Self.contract.replacing("-> [Int] { [order, zone] }", with: "-> [Int32] { [] }"))
    #expect(failure.title == "BuddySystem does not fulfil the contract PageAllocator")
    #expect(failure.message.contains("\n  func freeBlocks(order: Int, zone: Int) -> [Int]\n"))
    #expect(
      failure.message.hasSuffix(
        "Compare BuddySystem.swift:14: candidate has non-matching type '(Int, Int) -> [Int32]'"))
  }

  @Test func aTypeThatTakesTheNameOfSwiftsIsFound() throws {
    let failure = try failure(Self.contract + "typealias Int = Int32\n")
    #expect(failure.title == "BuddySystem does not fulfil the contract PageAllocator")
    #expect(
      failure.message.hasSuffix(
        """
        BuddySystem.swift:16 declares a type Int of its own, so Int means another type in your files than in the \
        contract: give it another name.
        """))
  }

  @Test func messagesNameTheFileByThePathThatAnEditorOpens() throws {
    let place = "Exercises/BuddySystem/BuddySystem.swift"
    func failure(_ text: String) throws -> BuildFailure {
      try self.failure([SourceFile(name: "BuddySystem.swift", text: text, place: place)])
    }
    let broken = try failure("import LabKit\nlet a = \"src/BuddySystem.swift\" + )\n")
    #expect(broken.message.hasPrefix("\(place):2:35: error: "))
    #expect(broken.message.contains("\nlet a = \"src/BuddySystem.swift\" + )\n"))
    #expect(broken.file == place)
    #expect(try failure("import Foundation\n").message.hasPrefix("\(place):1: a submission may"))
    #expect(try failure("private struct BuddySystem {}\n").file == place)
  }

  /// The compiler warns of each of these while it lists the imports.
  @Test(arguments: [
    "let\u{A0}spaced = 1", "#warning(\"import Foundation\")", "// a nul: \0",
    "let used = 1; func unused() { let unused = 1 }",
    "@available(*, deprecated) struct Old {}; func old(_: Old) {}",
  ]) func whatTheCompilerRemarksIsNoImport(_ line: String) throws {
    let files = WorkerBench.submission(header: line)
    #expect(
      try WorkerBench.subject(files).perform([boot, allocate]).outcomes == [.done, .number(0)])
  }

  @Test func linesThatEndAsOnWindowsAreCounted() throws {
    let text = "\u{FEFF}" + Self.contract.replacing("\n", with: "\r\n")
    let files = [SourceFile(name: "BuddySystem.swift", text: text)]
    #expect(
      try WorkerBench.subject(files).perform([boot, allocate]).outcomes == [.done, .number(0)])
    #expect(
      try failure("import LabKit\r\n\r\nimport Foundation\r\n").message.hasPrefix(
        "BuddySystem.swift:3: a submission may import"))
  }

  @Test(arguments: [
    ("func f() { Task { } }", "Task"), ("func f() { Task.detached { } }", "Task"),
    ("@MainActor func f() {}", "MainActor"), ("let now = ContinuousClock.now", "ContinuousClock"),
    ("func f() { async let one = 1 }", "async"),
    ("func g() async {}; func f() { g() }", "async"),
    ("func f(_: some AsyncSequence) {}", "AsyncSequence"),
    ("import _Concurrency", "import _Concurrency"),
  ]) func tasksAndClocksAreRefusedInWords(_ line: String, _ name: String) throws {
    let failure = try failure(WorkerBench.submission(header: line))
    #expect(failure.title == "`\(name)` is not available here")
    #expect(
      failure.message.contains("there are no tasks, no actors and no async functions")
        || failure.message.contains("there is no clock to read"))
  }

  @Test func whatNeedsNoTaskIsThere() throws {
    let files = WorkerBench.submission(
      allocate: "return state.withLock { $0 += 1; return $0 }",
      header: """
        import Synchronization
        let state = Mutex(41)
        final class Shared: @unchecked Sendable { var value = 0 }
        struct Plain: Sendable { var time = Duration.seconds(1) }
        func call(_ body: @Sendable () -> Void) { body() }
        nonisolated(unsafe) var global = 1
        """)
    #expect(
      try WorkerBench.subject(files).perform([boot, allocate]).outcomes == [.done, .number(42)])
  }

  @Test func noTextMakesTheGeneratedMainLong() throws {
    let name = "WorkerMain" + String(repeating: "_", count: 50_000)
    let files = WorkerBench.submission(header: "// WorkerMain \(name)\nenum WorkerMain {}")
    #expect(
      try WorkerBench.subject(files).perform([boot, allocate]).outcomes == [.done, .number(0)])
  }

  @Test func aQuotationIsBounded() throws {
    let long = "let long = \"" + String(repeating: "x", count: 100_000) + "\" + )"
    let failure = try failure(String(repeating: long + "\n", count: 3))
    #expect(failure.message.count < 4_000)
    #expect(failure.message.contains("xxx…"))
  }

  /// A file of the one is named like the end of a file and the start of another of the other.
  @Test func noTwoSubmissionsShareAKey() {
    func key(_ files: [(String, String)]) -> BuildKey {
      var key = BuildKey("worker", "toolchain")
      key.add(files: files.map { SourceFile(name: $0.0, text: $0.1) })
      return key
    }
    let two = key([("A.swift", "x"), ("B.swift", "y")])
    let one = key([("A.swift 1\nx\nB.swift", "y")])
    #expect(two != one)
    #expect(key([("A.swift", "x7:B.swift1:y")]) != two)
    #expect(key([("A.swift", "xB.swift"), ("", "y")]) != two)
    #expect(BuildKey("ab", "c") != BuildKey("a", "bc"))
    #expect(BuildKey("1:a", "b") != BuildKey("1", "a1:b"))
  }

  @Test func aRenamedTypeIsFound() throws {
    let failure = try failure(
      Self.contract.replacing("struct BuddySystem", with: "struct Buddies"))
    #expect(failure.title == "There is no type called BuddySystem")
    #expect(
      failure.message
        == "BuddySystem.swift:3: `Buddies` is a PageAllocator, but the checks look for the name BuddySystem. "
        + "Call it so: `struct BuddySystem: PageAllocator { … }`.")
  }

  @Test func aMissingTypeIsAskedFor() throws {
    let failure = try failure("import LabKit\n")
    #expect(failure.title == "There is no type called BuddySystem")
    #expect(failure.message.contains("`grade reset BuddySystem` brings the stub back"))
  }

  @Test func aMissingConformanceIsAskedFor() throws {
    let failure = try failure(
      Self.contract.replacing("BuddySystem: PageAllocator", with: "BuddySystem"))
    #expect(failure.title == "BuddySystem does not say that it is a PageAllocator")
    #expect(failure.line == 3)
  }

  @Test func aHiddenTypeIsExplained() throws {
    let failure = try failure(
      Self.contract.replacing("struct BuddySystem", with: "private struct BuddySystem"))
    #expect(failure.title == "BuddySystem is hidden from the checks")
  }

  @Test func aGenericTypeIsExplained() throws {
    let failure = try failure(
      Self.contract.replacing("struct BuddySystem", with: "struct BuddySystem<Element>"))
    #expect(failure.title == "BuddySystem may not be generic")
  }

  @Test func aForbiddenImportNamesItsPlace() throws {
    let failure = try failure("import LabKit\n// import nothing of Foundation\nimport Foundation\n")
    #expect(failure.title == "`import Foundation` is not available here")
    #expect(
      failure.message.hasPrefix(
        "BuddySystem.swift:3: a submission may import Swift, LabKit and Synchronization only"))
  }

  @Test func noFilesAreNoSubmission() throws {
    #expect(try failure([]).title == "BuddySystem has no Swift files")
  }

  @Test func theAllowedImportsAreThere() throws {
    let files = WorkerBench.submission(
      allocate: "return counter.add(1, ordering: .relaxed).newValue",
      header: "import Swift\nimport Synchronization\nlet counter = Atomic<Int>(6)")
    let outcomes = try WorkerBench.subject(files).perform([boot, allocate]).outcomes
    #expect(outcomes == [.done, .number(7)])
  }

  @Test(arguments: [
    "struct LabBench {}; func serve(_ type: Any.Type) {}; func serve<T>(_ type: T.Type) {}",
    "enum WorkerMain {}; enum AllocationTrace {}; struct Driver {}; struct Outcome {}",
    "struct Session {}; protocol Subject {}; struct Wire {}; enum Never {}",
  ]) func namesOfTheKitAreFreeToUse(_ declarations: String) throws {
    let files = WorkerBench.submission(header: declarations)
    #expect(
      try WorkerBench.subject(files).perform([boot, allocate]).outcomes == [.done, .number(0)])
  }

  @Test func aSubmissionIsBuiltOnce() throws {
    let first = try WorkerBench.build(WorkerBench.submission()).get()
    let again = try WorkerBench.build(WorkerBench.submission()).get()
    let optimised = try WorkerBench.build(WorkerBench.submission(), optimised: true).get()
    #expect(first.path == again.path)
    #expect(first.path != optimised.path)
  }

  @Test func aProgramOutlivesItsFile() throws {
    let files = WorkerBench.submission(allocate: "return 1991 + count")
    let image = try WorkerBench.build(files).get()
    try FileManager.default.removeItem(atPath: image.path)
    #expect(
      WorkerSubject(image, rules: WorkerBench.rules).perform([boot, allocate]).outcomes == [
        .done, .number(1991),
      ])
  }

  @Test func theReferenceIsThereForAuditAlone() throws {
    let files = WorkerBench.submission(
      allocate: "return 5", header: "import KernelMemory")
    #expect(try failure(files).title == "`import KernelMemory` is not available here")
    let linked = try WorkerBench.builder.get().build(
      files, lab: WorkerBench.lab, optimised: true, linksReference: true
    ).get()
    #expect(
      WorkerSubject(linked, rules: WorkerBench.rules).perform([boot, allocate]).outcomes == [
        .done, .number(5),
      ])
  }

  /// What the machine lacks is a matter of the machine; what it has must be in force.
  @Test func theReportTellsWhatIsInForce() throws {
    let report = try WorkerBench.builder.get().confinement()
    #expect(report.worker.isSuperset(of: [.session, .cleanStart, .limits]))
    #expect(report.summary.isComplete == report.isComplete)
    #expect(
      report.summary.inForce.prefix(2) == [
        "own session", "cleared environment and closed descriptors",
      ])
    let none = ConfinementReport(
      worker: [.session, .limits], compiler: .all, landlock: 0, isStatic: true)
    #expect(!none.isComplete)
    #expect(none.summary.missing.contains("worker: system call rules (seccomp)"))
    let noLandlock = Layers.all.subtracting(.fileRules)
    #expect(
      !ConfinementReport(
        worker: noLandlock, compiler: noLandlock, landlock: 0, isStatic: true
      ).isComplete)
    #expect(
      ConfinementReport(worker: noLandlock, compiler: .all, landlock: 7, isStatic: true).isComplete)
  }
}
