import AllocationTrace
import Labs
import Testing

@testable import Grading

/// How a report ends: what is told once, what is left out, and the one thing to do next.
@Suite struct ReportEndTests {
  /// The end of a report from the footer's first line on.
  static func footer(_ output: String) -> String {
    let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.drop { !$0.hasPrefix("Total") }.joined(separator: "\n")
  }

  @Test func aSolvedLabPraisesAndNamesTheNextOne() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// good shelf")
    let alone = sandbox.grade("Boxes").output
    #expect(
      alone.contains(
        """

        Well done: every check of Boxes passes. What goes further: Exercises/Boxes/README.md#6-going-further

        Total
        """))
    #expect(alone.hasSuffix("\nNext      Lids (Lids): read Exercises/Lids/README.md\n"))
    let both = sandbox.grade().output
    #expect(
      both.hasPrefix("Boxes: Boxes in a row                                  100 of 100 points"))
    #expect(both.hasSuffix("\nNext      Lids (Lids): read Exercises/Lids/README.md\n"))
    #expect(
      both.contains(
        """
        Lids: Lids                                               0 of 100 points
          The files are still as they were handed out. To begin:
        """))
    try sandbox.submit("// good shelf", as: "Lids")
    #expect(
      sandbox.grade().output.hasSuffix(
        "\nNext      Nothing: every lab of the course is solved. Well done!\n"))
    #expect(
      sandbox.grade("Lids").output.hasSuffix(
        "\nNext      See where all labs of the course stand: swift run grade\n"))
  }

  @Test func oneLabAloneIsNoFirstDay() throws {
    let sandbox = try Sandbox()
    #expect(sandbox.grade("Lids").output.hasPrefix("Lids: Lids "))
  }

  @Test func aLabThatDoesNotCompileComesFirst() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("nonsense", as: "Lids")
    #expect(
      sandbox.grade().output.hasSuffix(
        "\nNext      Mend what the compiler names first above, and grade Lids again.\n"))
  }

  @Test func withoutReplaysNoneIsOffered() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// stops")
    let output = sandbox.grade("Boxes", "--no-replays").output
    #expect(!output.lowercased().contains("replay"))
    #expect(
      output.contains(
        """
                    (your code printed 2 lines)
          Memory    ▒▒░  (before)
                    ▒▒▒  (after)
          Lesson    Exercises/Boxes/README.md#no-doubles
          Hint      swift run grade hint no-doubles

        """))
    #expect(
      output.hasSuffix("\nNext      No box is taken twice: swift run grade hint no-doubles\n"))
    try sandbox.put("a file", at: "grading/results")
    let run = sandbox.grade("Boxes")
    #expect(run.errors.hasPrefix("grade: no replays: "))
    #expect(!run.output.lowercased().contains("replay"))
  }

  @Test func checksCanBeGradedAlone() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// same box")
    sandbox.grade("Boxes")
    let run = sandbox.grade("boxes/Give-Back", "Boxes/no-doubles", "--require", "45.5")
    #expect(
      run.output.hasPrefix(
        """
        Boxes: Boxes in a row                                    25 of 55 points
          ✘ No box is taken twice                                        0 of 30
          ✔ A box given back is free again                              25 of 25

        """))
    #expect(
      Self.footer(run.output) == """
        Total     45.4 of 100 points
                  (25 of 55 in the 2 checks of Boxes that were named; the others were not run)
        Seed      7
        Confined  own session, seccomp
        Replays   grading/results/Boxes
        Next      No box is taken twice: swift run grade replay no-doubles

        """)
    #expect(run.errors == "grade: 45.4 of 100 points, and 45.5 are required.\n")
    #expect(run.status == 1)
    // What was kept of the other checks stays.
    #expect(sandbox.text("grading/results/Boxes/empty-shelf.trace") != nil)
    let right = sandbox.grade("Boxes/give-back", "--submission", "Exercises")
    #expect(
      Self.footer(right.output) == """
        Total     100 of 100 points
                  (25 of 25 in the check of Boxes that was named; the others were not run)
        Seed      7
        Confined  own session, seccomp
        Next      What was named is right. The whole lab: swift run grade Boxes --submission Exercises

        """)
    // A lab that is named as a whole is graded as a whole.
    #expect(sandbox.grade("Boxes/give-back", "Boxes").output.contains("55 of 100 points"))
  }

  @Test func commandsQuoteTheSubmission() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// same box", to: "It's mine")
    #expect(
      sandbox.grade("Boxes", "--submission", "It's mine").output.hasSuffix(
        "\nNext      No box is taken twice: swift run grade replay no-doubles --submission 'It'\\''s mine'\n"
      ))
  }

  // MARK: Told once

  static func failed(
    _ index: Int, _ found: String, follows cause: String? = nil,
    ending: Transcript.Ending = .complete
  ) -> CheckResult {
    CheckResult(
      check: Lab.boxes.checks[index],
      verdict: .failed(
        Counterexample(
          operations: [TraceOperation(verb: 0)],
          transcript: Transcript(outcomes: ending == .complete ? [.none] : [], ending: ending),
          steps: ["take → nil"], expected: "a box", found: found, followsFrom: cause)))
  }

  static func report(_ checks: [CheckResult], width: Int = 100) -> String {
    TextReport(
      CourseResult(
        course: "shelves", seed: 7,
        labs: [LabResult(lab: .boxes, weight: 1, outcome: .judged(checks))], confinement: nil),
      commands: Commands(labs: [.boxes]), style: Style(width: width), courseLabs: [.boxes]
    ).text
  }

  @Test func aConsequenceIsOneLine() {
    let checks = [
      Self.failed(0, "nil", follows: "give-back"), Self.failed(1, "box 1", follows: "speed"),
      Self.failed(2, "box 2"),
    ]
    #expect(
      Self.report(checks).hasSuffix(
        """
          Hint      swift run grade hint no-doubles

        ✘ A box given back is free again                          0 of 25 points
          Rule      A box given back is free again, and that is the rule.
          You did   take → nil
          Expected  a box
          Found     box 2
          Lesson    Exercises/Boxes/README.md#give-back
          Replay    swift run grade replay give-back        Hint  swift run grade hint give-back

        One more check failed:
          ✘ A box can be taken: follows from `give-back`
        See it in full: swift run grade Boxes --all

        Total     0 of 100 points
                  (0 of 65 in the 3 checks of Boxes that were named; the others were not run)
        Seed      7
        Replays   grading/results/Boxes
        Next      No box is taken twice: swift run grade replay no-doubles

        """.replacing(
          "  Hint      swift run grade hint no-doubles\n",
          with:
            "  Replay    swift run grade replay no-doubles        Hint  swift run grade hint no-doubles\n"
        )))
  }

  @Test func whatTimeRanOutForIsToldOnce() {
    let slow = "Your code is slow: the time for all checks was used up."
    let checks = Lab.boxes.checks.enumerated().map { index, check in
      index == 0
        ? CheckResult(check: check, verdict: .passed(note: ""))
        : CheckResult(check: check, verdict: .unfinished(reason: index == 4 ? "Other." : slow))
    }
    #expect(
      Self.report(checks) == """
        Boxes: Boxes in a row                                   10 of 100 points
          ✔ A box can be taken                                          10 of 10
          ◌ No box is taken twice                                        0 of 30   not finished
          ◌ A box given back is free again                               0 of 25   not finished
          ◌ An empty shelf answers nil                                   0 of 15   not finished
          ◌ Taking is fast                                               0 of 20   not finished

        ◌ 3 checks: not finished, which is no wrong answer but earns nothing. Your code is slow: the time
        for all checks was used up.

        ◌ Taking is fast: not finished, which is no wrong answer but earns nothing. Other.

        Total     10 of 100 points
        Seed      7
        Next      Make it faster: No box is taken twice: swift run grade hint no-doubles

        """)
  }

  @Test func whatCouldNotBeJudgedIsNotLeftToDo() {
    var checks = Lab.boxes.checks.map { CheckResult(check: $0, verdict: .passed(note: "")) }
    checks[4] = CheckResult(check: checks[4].check, verdict: .notJudged(reason: "no baseline"))
    #expect(
      Self.footer(Self.report(checks)) == """
        Total     100 of 100 points
        Seed      7
        Note      20 points of Boxes could not be judged here; its score counts the other 80.
        Next      What is missing could not be judged on this machine.

        """)
    let none = checks.suffix(1)
    #expect(
      Self.report(Array(none)).contains(
        "Note      20 points of Boxes could not be judged here; and no others were run.\n"))
  }

  @Test func aSmallTerminalIsFilled() {
    let checks = [Self.failed(0, "nil"), Self.failed(1, "nil"), Self.failed(2, "nil")]
    for line in Self.report(checks, width: 60).split(separator: "\n") {
      #expect(line.columns <= 60 || line.contains("swift run grade"), "\(line)")
    }
  }
}
