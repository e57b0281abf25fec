import Foundation
import Grading
import Labs
import Testing

@Suite struct ReplayTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.submit("// same box")
    sandbox.grade("Boxes", "--seed", "99")
  }

  @Test func failuresLeaveTracesThatSayWhatHappened() {
    #expect(
      sandbox.text("grading/results/Boxes/no-doubles.trace") == """
        kernel-memory-lab trace 1
        vocabulary: Boxes
        lab: Boxes
        check: no-doubles
        seed: 99

        take  // take → box 0
        take  // take → box 0

        """)
    #expect(sandbox.text("grading/results/Boxes/take-one.trace") == nil)
  }

  @Test func aMendedCheckTakesItsTraceAway() throws {
    try sandbox.submit("// good shelf")
    sandbox.grade("Boxes")
    #expect(sandbox.text("grading/results/Boxes/no-doubles.trace") == nil)
  }

  @Test func replayShowsEachStepAndTheVerdict() throws {
    #expect(
      sandbox.grade("replay", "grading/results/Boxes/no-doubles.trace").output == """
        #0  take → box 0
        #1  take → box 0

        ✘ No box is taken twice                                   0 of 30 points
          Rule      No box is taken twice, and that is the rule.
          You did   take → box 0;  take → box 0
          Expected  that no box is taken twice
          Found     the last answer was number(0)
          Memory    ▒▒░  (before)
                    ▒▒▒  (after)
          Lesson    Exercises/Boxes/README.md#no-doubles
          Replay    swift run grade replay grading/results/Boxes/no-doubles.trace
          Hint      swift run grade hint no-doubles

        """)
    try sandbox.submit("// good shelf")
    #expect(
      sandbox.grade("replay", "grading/results/Boxes/no-doubles.trace").output == """
        #0  take → box 0
        #1  take → box 1

        ✔ No box is taken twice: the check passes.

        """)
    try sandbox.submit("// stops", to: "Other")
    let run = sandbox.grade(
      "replay", "../grading/results/Boxes/no-doubles.trace", "--submission", "../Other",
      in: sandbox.path("Exercises"))
    #expect(
      run.output == """
        #0  take → box 0
        #1  take → the program stopped: Fatal error: Index out of range
        Your code printed:
          free boxes: 2
          now the next

        ✘ No box is taken twice                                   0 of 30 points
          Rule      No box is taken twice, and that is the rule.
          You did   take → box 0
          Expected  that no box is taken twice
          Found     the last answer was number(0)
          Printed   free boxes: 2
                    now the next
          Memory    ▒▒░  (before)
                    ▒▒▒  (after)
          Lesson    Exercises/Boxes/README.md#no-doubles
          Replay    swift run grade replay \(sandbox.root)/grading/results/Boxes/no-doubles.trace --submission ../Other
          Hint      swift run grade hint no-doubles

        """)
  }

  @Test(arguments: [
    (
      "kernel-memory-lab trace 1\nvocabulary: Jars\n",
      "my.trace, line 2: there is no vocabulary called `Jars` here\n  vocabulary: Jars"
    ),
    (
      "kernel-memory-lab trace 1\nvocabulary: Boxes\n\ntake\nthrow #0\n",
      "my.trace, line 5: expected a verb of Boxes (take, give), found `throw`\n  throw #0"
    ),
    (
      "kernel-memory-lab trace 1\nvocabulary: Boxes\ncheck: give-bak\n\ntake\n",
      """
      my.trace names the check “give-bak”, which does not exist. Did you mean give-back?
      The checks: take-one, no-doubles, give-back, empty-shelf, speed
      """
    ),
  ])
  func aWrongFileIsExplained(text: String, message: String) throws {
    try sandbox.put(text, at: "my.trace")
    let run = sandbox.grade("replay", "my.trace")
    #expect(run.errors == "grade: \(message)\n\(CommandLineTests.usage)")
    #expect(run.status == 2)
  }
}
