import Grading
import Labs
import Testing

@Suite struct TextReportTests {
  @Test func handedOutFilesGetAWelcome() throws {
    let sandbox = try Sandbox()
    let run = sandbox.grade()
    #expect(run.status == 0)
    #expect(
      run.output == """
        Welcome! Nothing is solved yet, and this is where everybody starts. Each lab below names the page to
        read and the file to open; after every small step, grade again.

        Boxes: Boxes in a row                                    0 of 100 points
          The files are still as they were handed out. To begin:
          1. Read  Exercises/Boxes/README.md
          2. Edit  Exercises/Boxes/Boxes.swift:3
          3. Run   swift run grade Boxes
          The first check to turn green: A box can be taken (swift run grade hint Boxes/take-one)

        Lids: Lids                                               0 of 100 points
          The files are still as they were handed out. To begin:
          1. Read  Exercises/Lids/README.md
          2. Edit  Exercises/Lids/Lids.swift:3
          3. Run   swift run grade Lids
          The first check to turn green: A lid can be taken (swift run grade hint Lids/take-one)

        Total     0 of 100 points   (Boxes 0 × 2, Lids 0 × 1)
        Seed      7
        Next      Boxes (Boxes in a row): read Exercises/Boxes/README.md

        """)
  }

  @Test func aFailureHasTheShapeOfTheCourse() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// same box")
    let run = sandbox.grade("Boxes")
    #expect(run.status == 0)
    #expect(
      run.output == """
        Boxes: Boxes in a row                                   55 of 100 points
          ✔ A box can be taken                                          10 of 10
          ✘ No box is taken twice                                        0 of 30
          ✔ A box given back is free again                              25 of 25
          ✘ An empty shelf answers nil                                   0 of 15
          ✔ Taking is fast                                              20 of 20

        ✘ No box is taken twice                                   0 of 30 points
          Rule      No box is taken twice, and that is the rule.
          You did   take → box 0;  take → box 0
          Expected  that no box is taken twice
          Found     the last answer was number(0)
          Memory    ▒▒░  (before)
                    ▒▒▒  (after)
          Lesson    Exercises/Boxes/README.md#no-doubles
          Replay    swift run grade replay no-doubles        Hint  swift run grade hint no-doubles

        ✘ An empty shelf answers nil                              0 of 15 points
          Rule      An empty shelf answers nil, and that is the rule.
          You did   take → box 0;  take → box 0;  take → box 0;  take → box 0
          Expected  that an empty shelf answers nil
          Found     the last answer was number(0)
          Memory    ▒▒░  (before)
                    ▒▒▒  (after)
          Lesson    Exercises/Boxes/README.md#empty-shelf
          Replay    swift run grade replay empty-shelf        Hint  swift run grade hint empty-shelf

        Total     55 of 100 points
        Seed      7
        Confined  own session, seccomp
        Replays   grading/results/Boxes
        Next      No box is taken twice: swift run grade replay no-doubles

        """)
  }

  @Test func threeFailuresAreShownInFull() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// no box")
    let run = sandbox.grade("boxes")
    #expect(
      run.output == """
        Boxes: Boxes in a row                                   35 of 100 points
          ✘ A box can be taken                                           0 of 10
          ✘ No box is taken twice                                        0 of 30
          ✘ A box given back is free again                               0 of 25
          ✔ An empty shelf answers nil                                  15 of 15
          ✔ Taking is fast                                              20 of 20

        ✘ A box can be taken                                      0 of 10 points
          Rule      A box can be taken, and that is the rule.
          You did   take → nil
          Expected  that a box can be taken
          Found     the last answer was none
          Memory    ▒▒░  (before)
                    ▒▒▒  (after)
          Lesson    Exercises/Boxes/README.md#take-one
          Replay    swift run grade replay Boxes/take-one        Hint  swift run grade hint Boxes/take-one

        ✘ No box is taken twice                                   0 of 30 points
          Rule      No box is taken twice, and that is the rule.
          You did   take → nil;  take → nil
          Expected  that no box is taken twice
          Found     the last answer was none
          Memory    ▒▒░  (before)
                    ▒▒▒  (after)
          Lesson    Exercises/Boxes/README.md#no-doubles
          Replay    swift run grade replay no-doubles        Hint  swift run grade hint no-doubles

        ✘ A box given back is free again                          0 of 25 points
          Rule      A box given back is free again, and that is the rule.
          You did   take → nil;  take → nil;  take → nil;  give → nil
          Expected  that a box given back is free again
          Found     the last answer was skipped
          Memory    ▒▒░  (before)
                    ▒▒▒  (after)
          Lesson    Exercises/Boxes/README.md#give-back
          Replay    swift run grade replay give-back        Hint  swift run grade hint give-back

        Total     35 of 100 points
        Seed      7
        Confined  own session, seccomp
        Replays   grading/results/Boxes
        Next      A box can be taken: swift run grade replay Boxes/take-one

        """)
  }

  @Test func aStopShowsWhatTheCodePrinted() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// stops")
    let run = sandbox.grade("Boxes")
    #expect(
      run.output == """
        Boxes: Boxes in a row                                   10 of 100 points
          ✔ A box can be taken                                          10 of 10
          ✘ No box is taken twice                                        0 of 30
          ✘ A box given back is free again                               0 of 25
          ✘ An empty shelf answers nil                                   0 of 15
          ✘ Taking is fast                                               0 of 20

        ✘ No box is taken twice                                   0 of 30 points
          Rule      No box is taken twice, and that is the rule.
          You did   take → box 0
          Expected  that no box is taken twice
          Found     the last answer was number(0)
          Line      LAB=Boxes CHECK=no-doubles swift test --filter Boxes
          Printed   free boxes: 2
                    now the next
                    (your code printed 2 lines; swift run grade replay no-doubles shows each under the step
                    that printed it)
          Memory    ▒▒░  (before)
                    ▒▒▒  (after)
          Lesson    Exercises/Boxes/README.md#no-doubles
          Replay    swift run grade replay no-doubles        Hint  swift run grade hint no-doubles

        3 more checks failed:
          ✘ A box given back is free again: stopped as in “No box is taken twice”
          ✘ An empty shelf answers nil: stopped as in “No box is taken twice”
          ✘ Taking is fast: stopped as in “No box is taken twice”
        See them in full: swift run grade Boxes --all

        Total     10 of 100 points
        Seed      7
        Confined  own session, seccomp
        Replays   grading/results/Boxes
        Next      No box is taken twice: swift run grade replay no-doubles

        """)
  }

  @Test func allFailuresAreShownWhenAskedFor() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// stops")
    let output = sandbox.grade("Boxes", "--all").output
    #expect(output.split(separator: "\n").count { $0.hasPrefix("  Replay    ") } == 4)
    #expect(
      output.contains(
        "✔ A box can be taken                                          10 of 10\n      1 operations\n"
      ))
    #expect(!output.contains("more checks failed"))
  }

  @Test func controlCharactersNeverReachTheScreen() throws {
    let sandbox = try Sandbox()
    try sandbox.put("x", at: "Exercises/Boxes/\u{1B}[31mA.swift/x")
    #expect(
      sandbox.grade("Boxes").output.contains(
        "  Exercises/Boxes/\u{FFFD}[31mA.swift has a name that is not graded."))
  }
}
