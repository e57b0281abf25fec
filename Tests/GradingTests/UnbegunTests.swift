import AllocationTrace
import Foundation
import Labs
import Testing

@testable import Grading

/// Not begun is not wrong.
@Suite struct UnbegunTests {
  static let stub = """
    struct Boxes {
      mutating func take() -> Int? {
        // TODO: take a box.
        return nil
      }

      mutating func give(_ box: Int) {
        // TODO: put it back.
      }
    }

    """

  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.put(Self.stub, at: "grading/Boxes/stub/Boxes.swift")
  }

  @Test func whatNobodyHasBegunIsNoFailure() throws {
    try sandbox.submit("// no box\n" + Self.stub)
    #expect(
      sandbox.grade("Boxes").output == """
        Boxes: Boxes in a row                                   35 of 100 points
          ○ A box can be taken                                           0 of 10   not begun: take()
          ○ No box is taken twice                                        0 of 30   not begun: take()
          ○ A box given back is free again                               0 of 25   not begun: take, give
          ✔ An empty shelf answers nil                                  15 of 15
          ✔ Taking is fast                                              20 of 20

        Total     35 of 100 points
        Seed      7
        Confined  own session, seccomp
        Replays   grading/results/Boxes
        Next      Write take() at Exercises/Boxes/Boxes.swift:4; read Exercises/Boxes/README.md#take-one

        """)
    let json = sandbox.grade("Boxes", "--json", "-").output
    #expect(
      json.contains(
        """
                  "notBegun" : [
                    "take()",
                    "give(_:)"
                  ],
        """))
  }

  @Test func aBegunPartComesFirst() throws {
    let begun = Self.stub.replacing("return nil", with: "return Int?.none")
    try sandbox.submit("// no box\n" + begun)
    let output = sandbox.grade("Boxes").output
    #expect(
      output.contains(
        """
          ✘ A box can be taken                                           0 of 10
          ✘ No box is taken twice                                        0 of 30
          ○ A box given back is free again                               0 of 25   not begun: give(_:)
        """))
    #expect(
      output.hasSuffix(
        "Next      A box can be taken: swift run grade replay Boxes/take-one\n"))
    #expect(!output.contains("\n✘ A box given back is free again"))
  }

  @Test func layoutAndCommentsDoNotBegin() {
    let moved = """
      struct Boxes { // mine
        mutating func take() -> Int? { return nil }
        func give(_ box: Int) { print(box) }
        func other() {}
      }
      """
    let found = UnbegunMethod.find(
      in: [SourceFile(name: "Mine.swift", text: moved)],
      stub: [SourceFile(name: "Boxes.swift", text: Self.stub)], of: .boxes)
    #expect(found == [UnbegunMethod(name: "take()", file: "Mine.swift", line: 2)])
  }

  @Test func aStopIsTheWorkOfTheCallThatStopped() {
    let take = UnbegunMethod(name: "take()", file: "Boxes.swift", line: 4)
    let trace = [
      TraceOperation(verb: 0), TraceOperation(verb: 1, [.block(Handle(0))]),
    ]
    func noted(_ outcomes: [Outcome], _ ending: Transcript.Ending) -> [UnbegunMethod] {
      let counterexample = Counterexample(
        operations: trace, transcript: Transcript(outcomes: outcomes, ending: ending), steps: [],
        expected: "", found: "")
      let check = CheckResult(check: Lab.boxes.checks[2], verdict: .failed(counterexample))
      let outcome = LabResult.Outcome.judged([check]).noting([take], of: .boxes)
      return LabResult(lab: .boxes, weight: 1, outcome: outcome).checks[0].notBegun
    }
    #expect(noted([.number(0), .done], .complete) == [take])
    #expect(noted([.number(0)], .crashed("Fatal error")) == [])
    #expect(noted([], .crashed("Fatal error")) == [take])
  }

  @Test func aStubWithOtherLineEndsIsUntouched() throws {
    try sandbox.submit(Self.stub.replacing("\n", with: "\r\n"))
    #expect(
      sandbox.grade("Boxes").output.contains(
        "  The files are still as they were handed out. To begin:\n"))
  }

  /// The names that a lab gives its methods are those of the stub's functions, or nothing would ever count as not begun.
  @Test(arguments: Lab.all.map(\.id)) func everyMethodOfALabStandsInItsStub(id: String) throws {
    let lab = try #require(Lab.named(id))
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appendingPathComponent("grading/\(lab.id)/stub/\(lab.id).swift"),
      encoding: .utf8)
    let stub = [SourceFile(name: "\(lab.id).swift", text: text)]
    #expect(UnbegunMethod.find(in: stub, stub: stub, of: lab).map(\.name) == lab.methods)
    let called = lab.vocabulary.verbs.indices.map {
      lab.method(TraceOperation(verb: UInt8($0)))
    }
    #expect(Set(called) == Set(lab.methods))
  }
}
