import AllocationTrace
import Foundation
import Grading
import LabBench
import Labs
import Synchronization

@testable import grade

/// A lab of one shelf with three boxes, small enough to know every answer by heart.
extension Lab {
  static let boxes = Lab(
    id: "Boxes", title: "Boxes in a row", subjectType: "Boxes", contract: "Shelf",
    vocabulary: Vocabulary(
      name: "Boxes",
      verbs: [
        Verb("take", [], "Takes a free box; answers its number, or nil."),
        Verb("give", [Parameter("", .block)], "Gives a box back."),
      ]),
    checks: [
      check("take-one", "A box can be taken", .example, 10, take(1)) { $0 == [.number(0)] },
      check("no-doubles", "No box is taken twice", .property, 30, take(2)) {
        $0.count == 2 && $0[0] != $0[1]
      },
      check("give-back", "A box given back is free again", .invariant, 25, take(3) + give(0)) {
        $0.last == .done
      },
      check("empty-shelf", "An empty shelf answers nil", .fault, 15, take(4)) {
        $0.last == Outcome.none
      },
      check("speed", "Taking is fast", .performance, 20, take(3)) { $0.count == 3 },
    ],
    promises: [
      Promise(
        "Takes a free box, or returns nil", checks: ["take-one", "no-doubles", "empty-shelf"],
        edges: "one box, two, and one more than there are"),
      Promise("Complexity: O(1)", checks: ["speed"], edges: "three boxes"),
      Promise("Gives the box back", checks: ["give-back"], edges: "the first of three"),
    ],
    methods: ["take()", "give(_:)"], method: { $0.verb == 0 ? "take()" : "give(_:)" },
    flaw: { $0.count > 9 ? "a shelf has room for nine steps" : nil }, narrate: narrate)

  /// A second lab with a check id of the first.
  static let lids = Lab(
    id: "Lids", title: "Lids", subjectType: "Lids", contract: "Shelf",
    vocabulary: Vocabulary(name: "Lids", verbs: Lab.boxes.vocabulary.verbs),
    checks: [
      check("take-one", "A lid can be taken", .example, 100, take(1)) { $0 == [.number(0)] }
    ], narrate: narrate)

  private static func take(_ count: Int) -> [TraceOperation] {
    .init(repeating: TraceOperation(verb: 0), count: count)
  }

  private static func give(_ operation: Int) -> [TraceOperation] {
    [TraceOperation(verb: 1, [.block(Handle(operation))])]
  }

  private static func check(
    _ id: String, _ title: String, _ kind: Check.Kind, _ points: Int,
    _ operations: [TraceOperation], _ holds: @escaping @Sendable ([Outcome]) -> Bool
  ) -> Check {
    let fewestSteps: @Sendable (any Subject, Int) -> Int? = { subject, depth in
      guard operations.count <= depth else { return nil }
      return holds(subject.perform(operations).outcomes) ? nil : operations.count
    }
    // A trace that begins as the check's does is judged by what the check asks.
    let judge: @Sendable ([TraceOperation], Transcript) -> Counterexample? = { trace, transcript in
      let outcomes = Array(transcript.outcomes.prefix(operations.count))
      guard trace.starts(with: operations), !holds(outcomes) else { return nil }
      return Counterexample(
        operations: operations, transcript: transcript,
        steps: outcomes.indices.map { narrate(operations, outcomes, $0) },
        expected: "that \(title.lowercased())",
        found: outcomes.last.map { "the last answer was \($0)" } ?? "no answer at all",
        picture: ["▒▒░  (before)", "▒▒▒  (after)"])
    }
    let examine: @Sendable (Examination) -> Verdict = { examination in
      let subject: any Subject = examination.optimised ?? examination.subject
      let failure = judge(operations, subject.perform(operations))
      return failure.map { .failed($0) } ?? .passed(note: "\(operations.count) operations")
    }
    return Check(
      id: id, title: title, rule: "\(title), and that is the rule.", kind: kind, points: points,
      lesson: id, hints: ["Think of \(id).", "Plan \(id).", "Write \(id)."],
      fewestSteps: kind == .performance ? nil : fewestSteps,
      judge: kind == .performance ? nil : judge, examine: examine)
  }

  private static func narrate(
    _ operations: [TraceOperation], _ outcomes: [Outcome], _ index: Int
  ) -> String {
    guard outcomes.indices.contains(index) else {
      return operations[index].verb == 0 ? "take" : "give"
    }
    let answer =
      switch outcomes[index] {
      case .number(let number): "box \(number)"
      case .done: "done"
      default: "nil"
      }
    return operations[index].verb == 0 ? "take → \(answer)" : "give → \(answer)"
  }
}

/// A shelf of three boxes that does what the rules say.
struct GoodShelf: Driver {
  var free = [0, 1, 2]

  mutating func perform(_ operation: TraceOperation) -> Outcome {
    if operation.verb == 1, case .number(let box) = operation.arguments[0] {
      free.append(box)
      return .done
    }
    return free.isEmpty ? .none : .number(free.removeFirst())
  }
}

/// A shelf that hands out box 0 again and again.
struct SameBox: Driver {
  func perform(_ operation: TraceOperation) -> Outcome {
    operation.verb == 0 ? .number(0) : .done
  }
}

/// A shelf that answers nothing.
struct NoBox: Driver {
  func perform(_ operation: TraceOperation) -> Outcome { .none }
}

/// Performs on a driver in this process; a shelf that stops does so at one operation, having printed.
final class FakeSubject<D: Driver>: PrintingSubject {
  private let subject = InProcessSubject(D.self)
  private let stop: Int?
  private(set) var printed = Printed()
  var failure: GradingError? { nil }

  init(stop: Int? = nil) { self.stop = stop }

  func perform(_ traces: [[TraceOperation]]) -> [Transcript] {
    guard let stop else { return subject.perform(traces) }
    return traces.map { trace in
      let outcomes = subject.perform(Array(trace.prefix(stop))).outcomes
      guard trace.count > stop else { return Transcript(outcomes: outcomes) }
      printed = Printed("free boxes: 2\nnow the next\n")
      return Transcript(outcomes: outcomes, ending: .crashed("Fatal error: Index out of range"))
    }
  }

  func performStepByStep(
    _ operations: [TraceOperation]
  ) -> (transcript: Transcript, printed: [Printed]) {
    let transcript = perform(operations)
    var texts = operations.indices.prefix(transcript.outcomes.count + 1).map { _ in Printed() }
    if let stop, operations.count > stop {
      texts[stop] = printed
      if stop > 0 { texts[0] = Printed("one box is taken\n") }
    }
    return (transcript, texts)
  }

  func time(_ phases: [[TraceOperation]], goesOn: (Int, Double) -> Bool) -> Timing {
    Timing(transcript: perform(phases.flatMap(\.self)), seconds: phases.map { _ in 0.001 })
  }
}

/// Builds by reading a source's lines: one of them says which shelf it describes.
struct FakeWorkshop: Workshop {
  var summary = ConfinementSummary(inForce: ["own session", "seccomp"])
  /// What is said of sources that describe no shelf.
  var message: String?

  func confinement() -> ConfinementSummary { summary }

  struct FakeBuild: Build {
    let make: @Sendable () -> any PrintingSubject
    func start() -> any PrintingSubject { make() }
  }

  func build(_ sources: [SourceFile], for lab: Lab, as kind: BuildKind) throws -> any Build {
    let text = Set(sources[0].text.split(separator: "\n"))
    if text.contains("// same box") { return FakeBuild { FakeSubject<SameBox>() } }
    if text.contains("// no box") { return FakeBuild { FakeSubject<NoBox>() } }
    if text.contains("// stops") { return FakeBuild { FakeSubject<GoodShelf>(stop: 1) } }
    if text.contains("// dead") { return FakeBuild { FakeSubject<GoodShelf>(stop: 0) } }
    if text.contains("// borrowed shelf"), kind.linksReference {
      return FakeBuild { FakeSubject<GoodShelf>() }
    }
    if text.contains("// good shelf") { return FakeBuild { FakeSubject<GoodShelf>() } }
    if text.contains("// no compiler") { throw GradingError.failure("There is no compiler.") }
    throw BuildFailure(
      title: "\(lab.id) does not compile",
      message: message ?? "\(sources[0].name):1:1: error: cannot find 'shelf' in scope")
  }
}

/// A course in a temporary folder, and the program run in it.
final class Sandbox {
  let root: String
  var workshop = FakeWorkshop()
  var labs: [Lab] = [.boxes, .lids]

  init() throws {
    let folder = FileManager.default.temporaryDirectory.path
    let path = absolute("grading-tests-\(UUID().uuidString)", from: folder)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let real = realpath(path, nil)!
    root = String(cString: real)
    free(real)
    try put(
      """
      {"version":1,"name":"shelves","seed":7,
       "labs":[{"id":"Boxes","weight":2},{"id":"Lids","weight":1}]}
      """, at: "grading/course.json")
    for lab in ["Boxes", "Lids"] {
      let stub = "import LabKit\n\n// TODO: put the boxes on the shelf.\n"
      try put(stub, at: "grading/\(lab)/stub/\(lab).swift")
      try put(stub, at: "Exercises/\(lab)/\(lab).swift")
      try put("// good shelf", at: "grading/\(lab)/baseline/\(lab).swift")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func path(_ relative: String) -> String { root + "/" + relative }

  func put(_ text: String, at relative: String) throws { try Files.write(text, to: path(relative)) }

  func text(_ relative: String) -> String? {
    FileManager.default.contents(atPath: path(relative)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Hands in one lab's only file.
  func submit(_ text: String, as lab: String = "Boxes", to folder: String = "Exercises") throws {
    try put(text, at: "\(folder)/\(lab)/\(lab).swift")
  }

  /// Runs `grade` with `words` and answers what it printed and its exit status.
  @discardableResult
  func grade(_ words: String..., in folder: String? = nil) -> (
    output: String, errors: String, status: Int32
  ) {
    grade(words, in: folder)
  }

  func grade(_ words: [String], in folder: String? = nil) -> (
    output: String, errors: String, status: Int32
  ) {
    let workshop = workshop
    let written = Written()
    let program = Program(
      labs: labs, workshop: { _ in workshop }, currentDirectory: folder ?? root,
      output: { text in written.text.withLock { $0.output += text } },
      errors: { text in written.text.withLock { $0.errors += text } })
    let status = program.run(words)
    return written.text.withLock { ($0.output, $0.errors, status) }
  }

  private final class Written: Sendable {
    let text = Mutex((output: "", errors: ""))
  }
}
