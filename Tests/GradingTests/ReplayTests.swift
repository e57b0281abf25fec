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
    let wrong = """
      #0  take → box 0
      #1  take → box 0

      ✘ No box is taken twice
        Rule      No box is taken twice, and that is the rule.
        You did   take → box 0;  take → box 0
        Expected  that no box is taken twice
        Found     the last answer was number(0)
        Memory    ▒▒░  (before)
                  ▒▒▒  (after)
        Lesson    Exercises/Boxes/README.md#no-doubles
        Hint      swift run grade hint no-doubles

      """
    for name in ["grading/results/Boxes/no-doubles.trace", "No-Doubles", "boxes/no-doubles"] {
      let run = sandbox.grade("replay", name)
      #expect(run.output == wrong)
      #expect(run.status == 1)
    }
    try sandbox.submit("// good shelf")
    let run = sandbox.grade("replay", "no-doubles")
    #expect(
      run.output == """
        #0  take → box 0
        #1  take → box 1

        ✔ These steps break no rule of Boxes.
          The whole check tries more: swift run grade Boxes/no-doubles

        """)
    #expect(run.status == 0)
  }

  @Test func whatWasPrintedStandsUnderTheStepThatPrintedIt() throws {
    try sandbox.submit("// stops", to: "Other")
    let run = sandbox.grade(
      "replay", "../grading/results/Boxes/no-doubles.trace", "--submission", "../Other",
      in: sandbox.path("Exercises"))
    #expect(
      run.output == """
        #0  take → box 0
            │ one box is taken
        #1  take → the program stopped: Fatal error: Index out of range
            │ free boxes: 2
            │ now the next

        ✘ No box is taken twice
          Rule      No box is taken twice, and that is the rule.
          You did   take → box 0
          Expected  that no box is taken twice
          Found     the last answer was number(0)
          Memory    ▒▒░  (before)
                    ▒▒▒  (after)
          Lesson    \(sandbox.root)/Exercises/Boxes/README.md#no-doubles
          Hint      swift run grade hint no-doubles

        """)
    #expect(run.status == 1)
  }

  @Test func aTraceOfOnesOwnIsJudgedByEveryRule() throws {
    try sandbox.put(
      "kernel-memory-lab trace 1\nvocabulary: Boxes\n\ntake\ntake\n", at: "mine.trace")
    let run = sandbox.grade("replay", "mine.trace")
    #expect(run.output.contains("\n✘ No box is taken twice\n"))
    #expect(run.status == 1)
    try sandbox.submit("// good shelf")
    let right = sandbox.grade("replay", "mine.trace")
    #expect(
      right.output
        == "#0  take → box 0\n#1  take → box 1\n\n✔ These steps break no rule of Boxes.\n")
    #expect(right.status == 0)
  }

  @Test func aTraceThatBreaksAnotherRuleThanItsChecksSaysSo() throws {
    try sandbox.put(
      "kernel-memory-lab trace 1\nvocabulary: Boxes\ncheck: speed\n\ntake\ntake\n",
      at: "mine.trace")
    #expect(
      sandbox.grade("replay", "mine.trace").output.contains(
        """
        #1  take → box 0

        The trace was kept for the check `speed`; this rule is the one that it breaks.
        ✘ No box is taken twice

        """))
    try sandbox.submit("// good shelf")
    #expect(
      sandbox.grade("replay", "mine.trace").output.contains(
        """
        ✔ These steps break no rule of Boxes.
          Whether they are fast enough, the check says: swift run grade Boxes/speed

        """))
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
    ("kernel-memory-lab trace 1\nvocabulary: Boxes\n", "my.trace holds no operations."),
    (
      "kernel-memory-lab trace 1\nvocabulary: Boxes\n" + String(repeating: "take\n", count: 10),
      "my.trace cannot be performed: a shelf has room for nine steps"
    ),
  ])
  func aWrongFileIsExplained(text: String, message: String) throws {
    try sandbox.put(text, at: "my.trace")
    let run = sandbox.grade("replay", "my.trace")
    #expect(run.errors == "grade: \(message)\n\(CommandLineTests.usage)")
    #expect(run.status == 2)
  }
}
