import Foundation
import Grading
import Labs
import Testing

@Suite struct AuditTests {
  let sandbox: Sandbox

  /// A course whose every rule holds but those of number: the lab is too small for them.
  init() throws {
    sandbox = try Sandbox()
    try sandbox.put(
      """
      import LabKit
      // BEGIN SOLUTION
      // STUB: // dead
      // good shelf
      // END SOLUTION

      """, at: "Solutions/Boxes/Boxes.swift")
    for name in ["nil", "first", "throw", "true", "false"] {
      try sandbox.put("// dead", at: "grading/Boxes/constants/\(name)/Boxes.swift")
    }
    for name in ["row", "sets", "tree", "heap"] {
      try sandbox.put(
        "// wheat: \(name)\n// good shelf\nSet<Int>", at: "grading/Boxes/wheats/\(name)/Boxes.swift"
      )
    }
    try sandbox.put(
      "// wheat: the reference\n// links: KernelMemory\n// borrowed shelf",
      at: "grading/Boxes/wheats/reference/Boxes.swift")
    try sandbox.put(
      "// half-right: one box\n// expects: 50...60\n// same box",
      at: "grading/Boxes/halfright/one-box/Boxes.swift")
    try mutant("same", "same box", caughtBy: "no-doubles", shortest: "2")
    try sandbox.put(
      """
      /// A shelf.
      public protocol Shelf {
        /// Takes a free box,
        /// or returns `nil`.
        ///
        /// - Complexity: O(1).
        mutating func take() -> Int?
        /// Gives the **box** back.
        mutating func give(_ box: Int)
      }

      """, at: "Sources/LabKit/Boxes/Shelf.swift")
    try sandbox.put(
      """
      # Boxes
      ## Take one
      ## No doubles!
      ## Give back
      ## Empty shelf
      <a name="speed"></a>
      """, at: "Exercises/Boxes/README.md")
  }

  private func mutant(
    _ id: String, _ shelf: String, caughtBy: String, shortest: String, rest: String = ""
  ) throws {
    try sandbox.put(
      """
      base: Solutions/Boxes
      belief: None.
      source: BOX-1
      caught-by: \(caughtBy)
      shortest: \(shortest)
      \(rest)--- find Boxes.swift
      // good shelf
      --- replace
      // \(shelf)

      """, at: "grading/Boxes/mutants/\(id).mutant")
  }

  @Test func theTableShowsEverySubmission() throws {
    try mutant(
      "mute", "no box", caughtBy: "give-back", shortest: "4",
      rest: "minimum-score: 10\nnote: mute\n")
    try mutant("unseen", "same box", caughtBy: "give-back", shortest: "4")
    try mutant("slow", "stops", caughtBy: "speed", shortest: "-")
    let run = sandbox.grade("audit", "Boxes")
    #expect(run.status == 1)
    #expect(
      run.output == """
        Boxes: 5 checks, 100 points
          submission          score  caught by (steps)
        ✔ stub                    0
        ✔ solution              100
        ✔ constants/false         0
        ✔ constants/first         0
        ✔ constants/nil           0
        ✔ constants/throw         0
        ✔ constants/true          0
        ✔ wheats/heap           100
        ✔ wheats/reference      100
        ✔ wheats/row            100
        ✔ wheats/sets           100
        ✔ wheats/tree           100
        ✔ halfright/one-box      55  expected 50 to 60
        ✔ mutants/mute          ≥15  give-back (4, the fewest)
        ✔ mutants/same           55  no-doubles (2, the fewest)
        ✘ mutants/slow           10  speed
        ✘ mutants/unseen         55  not caught by give-back
          ≥ of a mutant: its checks of speed were not run, for they would decide nothing; their points are
          not counted.

        Defects
          ✘ Boxes: it has 5 checks; at least 15 are wanted
          ✘ Boxes: it has no check of the kind exhaustive
          ✘ grading/Boxes/mutants: 4 mutants; at least 25 are wanted
          ✘ grading/Boxes/mutants/unseen.mutant: fails the same checks with the same counterexamples as
            mutants/same
          ✘ grading/Boxes/mutants/slow.mutant: it scores 10, less than 40; it fails no-doubles, give-back,
            empty-shelf, speed
          ✘ grading/Boxes/mutants/unseen.mutant: give-back does not catch it; it fails no-doubles,
            empty-shelf

        Boxes: 3 of 4 mutants caught by the check they name, 3 confirmed shortest; 6 of 6 correct submissions at 100; 6 defects

        """)
  }

  @Test func oneSubmissionIsAuditedAlone() throws {
    #expect(
      sandbox.grade("audit", "Boxes", "--only", "same").output == """
        Boxes: 5 checks, 100 points
          submission     score  caught by (steps)
        ✔ mutants/same      55  no-doubles (2, the fewest)

        Boxes: 1 of 1 mutants caught by the check they name, 1 confirmed shortest; no defects

        """)
    let run = sandbox.grade("audit", "Boxes", "--only", "sam")
    #expect(run.status == 2)
    #expect(
      run.errors == """
        grade: There is no submission “sam”.
        The submissions: stub, solution, constants/false, constants/first, constants/nil, constants/throw, constants/true, wheats/heap, wheats/reference, wheats/row, wheats/sets, wheats/tree, halfright/one-box, mutants/same
        How to use it: swift run grade help

        """)
  }

  @Test func anAuditNeedsTheSolution() throws {
    let run = sandbox.grade("audit")
    #expect(run.status == 2)
    #expect(
      run.errors == """
        grade: Solutions/Lids does not exist, and an audit needs the solution.
        The audit is for maintainers; a copy made for students has no solutions. To grade: swift run grade Lids
        \(CommandLineTests.usage)
        """)
  }

  @Test func aStubThatEarnsIsADefect() throws {
    try sandbox.put("// no box", at: "Solutions/Boxes/Boxes.swift")
    try sandbox.put("// no box", at: "grading/Boxes/wheats/row/Boxes.swift")
    #expect(
      sandbox.grade("audit", "Boxes", "--only", "stub").output == """
        Boxes: 5 checks, 100 points
          submission   score  caught by (steps)
        ✘ stub      35

        Defects
          ✘ Solutions/Boxes (its stub): it earns 15 points in empty-shelf, having done nothing
          ✘ Solutions/Boxes (its stub): it earns 20 points in speed, having done nothing

        Boxes: 2 defects

        """)
    #expect(
      sandbox.grade("audit", "Boxes", "--only", "row").output == """
        Boxes: 5 checks, 100 points
          submission   score  caught by (steps)
        ✘ wheats/row      35

        Defects
          ✘ grading/Boxes/wheats/row: it loses points in take-one: expected that a box can be taken; found
            the last answer was none (take → nil)
          ✘ grading/Boxes/wheats/row: it loses points in no-doubles: expected that no box is taken twice;
            found the last answer was none (take → nil; take → nil)
          ✘ grading/Boxes/wheats/row: it loses points in give-back: expected that a box given back is free
            again; found the last answer was skipped (take → nil; take → nil; take → nil; give → nil)

        Boxes: 0 of 1 correct submissions at 100; 3 defects

        """)
  }

  @Test func aHalfRightSubmissionStaysWithinItsRange() throws {
    try sandbox.put(
      "// expects: 60...70\n// same box", at: "grading/Boxes/halfright/one-box/Boxes.swift")
    try sandbox.put("// same box", at: "grading/Boxes/halfright/two-box/Boxes.swift")
    #expect(
      sandbox.grade("audit", "Boxes", "--only", "one-box").output == """
        Boxes: 5 checks, 100 points
          submission          score  caught by (steps)
        ✘ halfright/one-box      55  expected 60 to 70

        Defects
          ✘ grading/Boxes/halfright/one-box: it scores 55, and 60 to 70 were expected

        Boxes: 1 defect

        """)
    #expect(
      sandbox.grade("audit", "Boxes", "--only", "two-box").errors == """
        grade: grading/Boxes/halfright/two-box: no line “// expects: LOW...HIGH” at the head of a file
        How to use it: swift run grade help

        """)
  }

  @Test func aMutantsHeaderIsHeldToItsWord() throws {
    try mutant("same", "same box", caughtBy: "no-doubles", shortest: "3")
    #expect(
      sandbox.grade("audit", "Boxes", "--only", "same").output == """
        Boxes: 5 checks, 100 points
          submission     score  caught by (steps)
        ✘ mutants/same      55  no-doubles (2)

        Defects
          ✘ grading/Boxes/mutants/same.mutant: its header says 3 steps, but 2 are enough
          ✘ grading/Boxes/mutants/same.mutant: its header says 3 steps, but a search found a shorter
            sequence

        Boxes: 1 of 1 mutants caught by the check they name, 0 confirmed shortest; 2 defects

        """)
    try mutant("same", "same box", caughtBy: "no-doubles", shortest: "1")
    #expect(
      sandbox.grade("audit", "Boxes", "--only", "same").output.contains(
        "✘ grading/Boxes/mutants/same.mutant: its header says 1 steps, but the counterexample has 2\n"
      ))
    try mutant(
      "same", "same box", caughtBy: "no-doubles", shortest: "2", rest: "minimum-score: 56\n")
    #expect(
      sandbox.grade("audit", "Boxes", "--only", "same").output.contains(
        "✘ grading/Boxes/mutants/same.mutant: it scores 55, less than 56; it fails no-doubles,\n    empty-shelf\n"
      ))
  }

  @Test func reportsThatDifferBetweenRunsAreADefect() throws {
    let course = try Course.find(directory: sandbox.root, start: "/", labs: [.boxes, .lids])
    var audit = Audit(grader: Grader(course: course, workshop: FakeWorkshop()))
    audit.gradeAfresh = { folder, _ in folder.contains("wheats/") ? UUID().uuidString : "same" }
    let defects = try audit.run([.boxes])[0].defects
    #expect(
      defects.filter { $0.message.contains("two runs") }
        == [Defect(place: "grading/Boxes/wheats/heap", message: "two runs gave different reports")])
    audit.gradeAfresh = { _, _ in "same" }
    #expect(try audit.run([.boxes])[0].defects == defects.dropLast())
  }

  @Test func theJSONSaysTheSame() throws {
    let run = sandbox.grade("audit", "Boxes", "--only", "same", "--json", "-")
    #expect(
      run.output == """
        {
          "labs" : [
            {
              "defects" : [

              ],
              "id" : "Boxes",
              "submissions" : [
                {
                  "caughtBy" : "no-doubles",
                  "earned" : 55,
                  "failed" : [
                    "no-doubles",
                    "empty-shelf"
                  ],
                  "isShortest" : true,
                  "name" : "mutants/same",
                  "possible" : 100,
                  "steps" : 2
                }
              ]
            }
          ],
          "version" : 1
        }

        """)
    #expect(run.status == 0)
  }

  @Test func stubsAreComparedAndWritten() throws {
    #expect(
      sandbox.grade("audit", "Boxes", "--stubs").output == """
        ✘ grading/Boxes/stub/Boxes.swift:2: differs from the stub that the solution gives
        ✘ Exercises/Boxes/Boxes.swift:2: differs from the stub that the solution gives
        ✘ grading/Boxes/stub/README.md: differs from Exercises/Boxes/README.md; `grade audit --write-stubs` copies it

        """)
    #expect(sandbox.grade("audit", "Boxes", "--stubs").status == 1)
    #expect(
      sandbox.grade("audit", "Boxes", "--write-stubs").output == """
        grading/Boxes/stub is written.
        Exercises/Boxes is written.

        """)
    #expect(sandbox.text("Exercises/Boxes/Boxes.swift") == "import LabKit\n// dead\n")
    let run = sandbox.grade("audit", "Boxes", "--stubs")
    #expect(run.status == 0)
    #expect(
      run.output == "✔ Boxes: the solution's stub, grading/Boxes/stub and Exercises/Boxes agree\n")

    try sandbox.submit("// my work")
    #expect(
      sandbox.grade("audit", "Boxes", "--write-stubs").output == """
        grading/Boxes/stub is written.
        Exercises/Boxes holds somebody's work and is left alone.

        """)
    #expect(sandbox.text("Exercises/Boxes/Boxes.swift") == "// my work")
  }

  @Test func wrongMarkersStopTheStubs() throws {
    try sandbox.put("// BEGIN SOLUTION\n", at: "Solutions/Boxes/Boxes.swift")
    let run = sandbox.grade("audit", "Boxes", "--stubs")
    #expect(run.status == 2)
    #expect(
      run.errors
        == "grade: Solutions/Boxes/Boxes.swift:1: “// BEGIN SOLUTION” is never closed.\n\(CommandLineTests.usage)"
    )
  }
}
