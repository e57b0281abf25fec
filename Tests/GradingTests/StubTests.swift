import Foundation
import Grading
import Testing

@Suite struct StubTests {
  private func stub(_ text: String) throws(GradingError) -> String {
    try StubGenerator.stub(of: SourceFile(name: "Boxes.swift", text: text)).text
  }

  @Test func regionsLeaveWhatTheySayInTheirPlace() throws {
    let solution = """
      struct Boxes {
        func take() -> Int? {
          // BEGIN SOLUTION
          // STUB: // TODO: find a free box.
          // STUB:
          // STUB: return nil
          let box = free.first
          // A comment of the solution's.
          return box
          // END SOLUTION
        }
        // BEGIN SOLUTION
        var free = [0, 1, 2]
        // END SOLUTION
      }

      """
    #expect(
      try stub(solution) == """
        struct Boxes {
          func take() -> Int? {
            // TODO: find a free box.

            return nil
          }
        }

        """)
  }

  @Test(arguments: [
    (
      "// BEGIN SOLUTION\n  // BEGIN SOLUTION\n",
      "Boxes.swift:2: “// BEGIN SOLUTION” within the region that line 1 opened; regions do not nest."
    ),
    ("a\n// BEGIN SOLUTION\nb\n", "Boxes.swift:2: “// BEGIN SOLUTION” is never closed."),
    ("a\n// END SOLUTION\n", "Boxes.swift:2: “// END SOLUTION” closes nothing."),
    ("// STUB: x\n", "Boxes.swift:1: “// STUB:” stands outside of a marked region."),
    (
      "a\n//BEGIN SOLUTION\n",
      "Boxes.swift:2: a marker is a line of its own, exactly “// BEGIN SOLUTION” or “// END SOLUTION”."
    ),
    (
      "// BEGIN SOLUTION\n} // END SOLUTION\n",
      "Boxes.swift:2: a marker is a line of its own, exactly “// BEGIN SOLUTION” or “// END SOLUTION”."
    ),
  ])
  func wrongMarkersAreNamed(text: String, message: String) {
    #expect(throws: GradingError.usage(message)) { try stub(text) }
  }

  @Test func resetKeepsTheOldFiles() throws {
    let sandbox = try Sandbox()
    let stub = try #require(sandbox.text("grading/Boxes/stub/Boxes.swift"))
    #expect(
      sandbox.grade("reset", "Boxes").output
        == "Exercises/Boxes is the stub already; nothing was changed.\n")

    try sandbox.submit("my work")
    try sandbox.put("my helper", at: "Exercises/Boxes/Helper.swift")
    try sandbox.put("lesson", at: "Exercises/Boxes/README.md")
    #expect(
      sandbox.grade("reset", "boxes").output == """
        Your files (Boxes.swift, Helper.swift) are kept in Exercises/Boxes.old-1.
        Exercises/Boxes is the stub again.

        """)
    #expect(sandbox.text("Exercises/Boxes/Boxes.swift") == stub)
    #expect(sandbox.text("Exercises/Boxes/Helper.swift") == nil)
    #expect(sandbox.text("Exercises/Boxes/README.md") == "lesson")
    #expect(sandbox.text("Exercises/Boxes.old-1/Boxes.swift") == "my work")
    #expect(sandbox.text("Exercises/Boxes.old-1/Helper.swift") == "my helper")

    try sandbox.submit("more work")
    sandbox.grade("reset", "Boxes")
    #expect(sandbox.text("Exercises/Boxes.old-1/Boxes.swift") == "my work")
    #expect(sandbox.text("Exercises/Boxes.old-2/Boxes.swift") == "more work")
  }

  @Test func resetBringsTheLessonBack() throws {
    let sandbox = try Sandbox()
    try sandbox.put("lesson", at: "grading/Boxes/stub/README.md")
    #expect(
      sandbox.grade("reset", "Boxes").output == """
        The lesson Exercises/Boxes/README.md is there again.
        Exercises/Boxes is the stub already; no code was changed.

        """)
    #expect(sandbox.text("Exercises/Boxes/README.md") == "lesson")
    try FileManager.default.removeItem(atPath: sandbox.path("Exercises/Boxes"))
    #expect(
      sandbox.grade("reset", "Boxes").output == """
        The lesson Exercises/Boxes/README.md is there again.
        Exercises/Boxes is the stub again.

        """)
  }

  @Test func aLessonOfOnesOwnIsLeftAlone() throws {
    let sandbox = try Sandbox()
    try sandbox.put("lesson", at: "grading/Boxes/stub/README.md")
    try sandbox.put("lesson with my notes", at: "Exercises/Boxes/README.md")
    sandbox.grade("reset", "Boxes")
    #expect(sandbox.text("Exercises/Boxes/README.md") == "lesson with my notes")
  }
}
