import Grading
import Labs
import Testing

@testable import grade

/// What somebody reads who mistypes a command.
@Suite struct CommandLineTests {
  static let usage = "How to use it: swift run grade help\n"

  @Test(arguments: [
    (
      ["--sumbission", "x"],
      """
      grade: grade has no option --sumbission. Did you mean --submission?
      Its options: --submission DIR, --json FILE, --seed S, --require POINTS, --require-confinement, --all, --no-replays, --course DIR
      """
    ),
    (
      ["Boxs"],
      """
      grade: There is no lab or command “Boxs”. Did you mean Boxes?
      The labs: Boxes, Lids
      The commands: list, hint, replay, reset, audit, help
      """
    ),
    (
      ["Take-One"],
      """
      grade: There is no lab or command “Take-One”. To grade one check: grade Boxes/take-one, or grade Lids/take-one
      The labs: Boxes, Lids
      The commands: list, hint, replay, reset, audit, help
      """
    ),
    (
      ["Boxes/spead"],
      """
      grade: There is no check “spead” in Boxes. Did you mean speed?
      The checks in Boxes: take-one, no-doubles, give-back, empty-shelf, speed
      """
    ),
    (
      ["Lids", "Boxs/speed"],
      """
      grade: There is no lab or command “Boxs/speed”. Did you mean Boxes?
      The labs: Boxes, Lids
      The commands: list, hint, replay, reset, audit, help
      """
    ),
    (["--seed"], "grade: --seed needs a value: --seed S"),
    (["--seed", "--all"], "grade: --seed needs a value: --seed S"),
    (["--seed="], "grade: --seed needs a value: --seed S"),
    (
      ["--seed", "x"],
      "grade: --seed takes a whole number from 0 to 18446744073709551615, not “x”."
    ),
    (["--seed", "1", "--seed=2"], "grade: --seed is given twice."),
    (["--all=yes"], "grade: --all takes no value."),
    (["--require", "101"], "grade: --require takes points from 0 to 100, not “101”."),
    (["--require", "nan"], "grade: --require takes points from 0 to 100, not “nan”."),
    (["reset"], "grade: Something is missing. Usage: grade reset LAB"),
    (["list", "Boxes"], "grade: “Boxes” is too much. Usage: grade list"),
    (["hint", "speed", "4"], "grade: A hint has the levels 1, 2 and 3; there is no level “4”."),
    (
      ["hint", "sped"],
      """
      grade: There is no check “sped”. Did you mean speed?
      The checks: Boxes/take-one, no-doubles, give-back, empty-shelf, speed, Lids/take-one
      """
    ),
    (
      ["hint", "take-one"],
      "grade: Several labs have a check “take-one”. Say which: Boxes/take-one, Lids/take-one"
    ),
    (
      ["hint", "Lid/take-one"],
      """
      grade: There is no lab “Lid”. Did you mean Lids?
      The labs: Boxes, Lids
      """
    ),
    (
      ["--submission", "nowhere"], "grade: The submission nowhere does not exist."
    ),
    (
      ["--submission", "grading/course.json"],
      "grade: The submission grading/course.json is a file. Name the folder that it lies in, and the lab: grade LAB --submission grading"
    ),
    (
      ["--submission", "grading/Boxes"],
      """
      grade: grading/Boxes has none of the folders that are to be graded: Boxes, Lids.
      grading/Boxes/Boxes does not exist, but grading/Boxes/baseline/Boxes.swift does. The lab's Swift files belong \
      into a folder called Boxes.
      """
    ),
    (
      ["--course", "Exercises"], "grade: Exercises is not a course: it has no grading/course.json."
    ),
    (
      ["replay", "x.trace"],
      """
      grade: There is no file x.trace. Replays are kept in grading/results when a check fails: swift run grade
      """
    ),
    (["replay", "grading"], "grade: grading is a folder. Name a trace in it, or a check."),
    (
      ["replay", "sped"],
      """
      grade: There is no check “sped”. Did you mean speed?
      The checks: Boxes/take-one, no-doubles, give-back, empty-shelf, speed, Lids/take-one
      """
    ),
    (
      ["replay", "take-one"],
      "grade: Several labs have a check “take-one”. Say which: Boxes/take-one, Lids/take-one"
    ),
    (
      ["replay", "speed"],
      """
      grade: No replay is kept for Boxes/speed: grading/results/Boxes/speed.trace does not exist.
      It is written when the check fails: swift run grade Boxes/speed
      """
    ),
    (
      ["replay"], "grade: Something is missing. Usage: grade replay CHECK, or grade replay FILE"
    ),
    (
      ["audit", "--only", "x"],
      "grade: --only names a mutant or submission of one lab: grade audit LAB --only NAME"
    ),
    (
      ["audit", "--runs", "3"],
      "grade: --runs goes with --margins: grade audit LAB --margins --runs N"
    ),
    (
      ["audit", "--margins", "--runs", "none"],
      "grade: --runs takes a whole number from 1 to 1000, not “none”."
    ),
  ])
  func wrongUseIsExplained(words: [String], message: String) throws {
    let sandbox = try Sandbox()
    let run = sandbox.grade(words)
    #expect(run.errors == message + "\n" + Self.usage)
    #expect(run.output == "")
    #expect(run.status == 2)
  }

  @Test func optionsAreRead() throws {
    let command = try Command.parse(
      [
        "Boxes", "--submission=a b", "--json", "-", "--seed", "9", "--require", "59.95",
        "--require-confinement", "--all", "--no-replays", "--course", "c", "--", "LIDS",
      ], labs: [.boxes, .lids])
    var options = GradeOptions()
    options.labs = ["Boxes", "LIDS"]
    options.submission = "a b"
    options.json = "-"
    options.seed = 9
    options.require = Score(tenths: 600)
    options.requireConfinement = true
    options.all = true
    options.noReplays = true
    options.course = "c"
    #expect(command == .grade(options))
    #expect(try Command.parse(["list", "-h"], labs: []) == .help)
  }

  @Test func helpNamesEveryCommandAndOption() throws {
    let sandbox = try Sandbox()
    let run = sandbox.grade("help")
    #expect(run.status == 0)
    for word in Command.names.filter({ $0 != "help" }) {
      #expect(run.output.contains("swift run grade \(word)"))
    }
    let options: [Option] = [
      .submission, .json, .seed, .require, .requireConfinement, .all, .noReplays, .course, .only,
      .stubs,
      .writeStubs,
    ]
    for option in options { #expect(run.output.contains("\n  \(option.usage) ")) }
  }

  @Test func listShowsKindsAndPoints() throws {
    let sandbox = try Sandbox()
    #expect(
      sandbox.grade("list").output == """
        Boxes: Boxes in a row (weight 2)
          take-one     example      10  A box can be taken
          no-doubles   property     30  No box is taken twice
          give-back    invariant    25  A box given back is free again
          empty-shelf  fault        15  An empty shelf answers nil
          speed        performance  20  Taking is fast

        Lids: Lids (weight 1)
          take-one  example     100  A lid can be taken

        """)
  }

  @Test func aHintInvitesToTryFirst() throws {
    let sandbox = try Sandbox()
    #expect(
      sandbox.grade("hint", "No-Doubles").output == """
        No box is taken twice (Boxes/no-doubles)

        Rule
          No box is taken twice, and that is the rule.

        Try first: read the rule, and draw what your code does with the failing steps on paper.

        Hint 1 of 3
          Think of no-doubles.

        Lesson   Exercises/Boxes/README.md#no-doubles
        More     swift run grade hint no-doubles 2

        """)
    #expect(
      sandbox.grade("hint", "lids/take-one", "3").output == """
        A lid can be taken (Lids/take-one)

        Rule
          A lid can be taken, and that is the rule.

        Try first: this is nearly the code. Sleep over it, or explain your own code to somebody.

        Hint 3 of 3
          Write take-one.

        Lesson   Exercises/Lids/README.md#take-one

        """)
  }

  @Test func belowTheRequiredPointsIsStatusOne() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// same box")
    #expect(sandbox.grade("Boxes", "--require", "55").status == 0)
    let run = sandbox.grade("Boxes", "--require", "55.1")
    #expect(run.status == 1)
    #expect(run.errors == "grade: 55 of 100 points, and 55.1 are required.\n")
  }

  @Test func aFailingGraderIsStatusThree() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// no compiler")
    let run = sandbox.grade()
    #expect(run.status == 3)
    #expect(run.errors == "grade: There is no compiler.\n")
    #expect(run.output == "")
  }

  @Test func requiredConfinementStopsBeforeAnythingRuns() throws {
    let sandbox = try Sandbox()
    sandbox.workshop.summary = ConfinementSummary(
      inForce: ["own session"], missing: ["seccomp", "Landlock"])
    try sandbox.submit("// good shelf")
    let run = sandbox.grade("--require-confinement")
    #expect(run.status == 3)
    #expect(
      run.errors == """
        grade: nothing was run: --require-confinement, but this machine lacks seccomp, Landlock.

        """)
    #expect(
      sandbox.grade("Boxes").output.contains(
        "\nConfined  own session; this machine lacks: seccomp, Landlock\n"))
  }

  @Test func everyKindOfMisspellingFindsItsNeighbour() {
    let names = ["merging", "splitting", "bad-frees"]
    #expect(Names.nearest(to: "mergign", of: names) == "merging")
    #expect(Names.nearest(to: "Spliting", of: names) == "splitting")
    #expect(Names.nearest(to: "bad", of: names) == "bad-frees")
    #expect(Names.nearest(to: "xylophone", of: names) == nil)
  }
}
