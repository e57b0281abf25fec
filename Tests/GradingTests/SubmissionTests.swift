import Foundation
import Grading
import Labs
import Testing

/// Which files are graded, and what is said of those that are not.
@Suite struct SubmissionTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func message(bareFiles: Bool = false, from folder: String = "in") -> String {
    let submission = Submission(directory: sandbox.path(folder), name: folder)
    do {
      return try submission.files(of: .boxes, bareFiles: bareFiles).map(\.name)
        .joined(separator: ", ")
    } catch {
      return error.message
    }
  }

  @Test func filesComeInTheOrderOfTheirNames() throws {
    try sandbox.put("b", at: "in/Boxes/B.swift")
    try sandbox.put("a", at: "in/Boxes/A.swift")
    try sandbox.put("lesson", at: "in/Boxes/README.md")
    try sandbox.put("hidden", at: "in/Boxes/.C.swift")
    #expect(message() == "A.swift, B.swift")
  }

  @Test func bareFilesCountWhenOneLabIsNamed() throws {
    try sandbox.put("a", at: "in/A.swift")
    #expect(message(bareFiles: true) == "A.swift")
    #expect(
      message() == "in/Boxes does not exist. The lab's Swift files belong into that folder.")
    try sandbox.put("// good shelf", at: "bare/A.swift")
    #expect(sandbox.grade("Boxes", "--submission", "bare").output.contains("Total     100 of 100"))
    #expect(sandbox.grade("--submission", "bare").status == 2)
  }

  @Test func anEmptyFolderIsNamed() throws {
    try sandbox.put("lesson", at: "in/Boxes/README.md")
    #expect(message() == "in/Boxes holds no Swift files.")
  }

  @Test func filesInASubfolderAreNotOverlooked() throws {
    try sandbox.put("a", at: "in/Boxes/A.swift")
    try sandbox.put("b", at: "in/Boxes/More/B.swift")
    #expect(
      message() == "in/Boxes/More is a folder with Swift files; put them into in/Boxes itself.")
  }

  @Test func filesBesideBareOnesAreNotOverlooked() throws {
    try sandbox.put("a", at: "in/A.swift")
    try sandbox.put("b", at: "in/Sources/Deep/B.swift")
    #expect(
      message(bareFiles: true)
        == "in/Sources is a folder with Swift files; put them into in itself.")
    try FileManager.default.removeItem(atPath: sandbox.path("in/Sources"))
    try sandbox.put("x", at: "in/__MACOSX/._A.swift")
    try sandbox.put("x", at: "in/.DS_Store")
    try sandbox.put("b", at: "in/GFPFlags/GFPFlags.swift")
    #expect(message(bareFiles: true) == "A.swift")
  }

  @Test func aFolderAroundWhatWasMeantIsNamed() throws {
    try sandbox.put("a", at: "in/myproject/Boxes/Boxes.swift")
    try sandbox.put("x", at: "in/__MACOSX/Boxes/Boxes.swift")
    let advice = """
      in/Boxes does not exist, but in/myproject/Boxes does: hand in what is within myproject, or name that folder: \
      --submission in/myproject
      """
    #expect(message() == advice)
    #expect(
      sandbox.grade("--submission", "in").errors
        == "grade: in has none of the folders that are to be graded: Boxes, Lids.\n\(advice)\n"
        + "How to use it: swift run grade help\n")
    try sandbox.put("a", at: "zip/myproject/Boxes.swift")
    #expect(
      message(from: "zip") == """
        zip/Boxes does not exist, but zip/myproject/Boxes.swift does. The lab's Swift files belong into a folder called Boxes.
        """)
  }

  @Test func aFolderInOtherLettersIsNamed() throws {
    try sandbox.put("a", at: "in/boxes/Boxes.swift")
    #expect(
      message()
        == "in/boxes should be called Boxes, with capital letters as in the lab's name: rename it.")
  }

  @Test func aBareFileThatNoOneAskedForIsNamed() throws {
    try sandbox.put("a", at: "in/Boxes.swift")
    #expect(
      message() == """
        in/Boxes does not exist, but in/Boxes.swift does. Put it into a folder called Boxes, or grade this lab alone, whose \
        files may lie bare: grade Boxes
        """)
  }

  @Test func aFileIsNoSubmission() throws {
    try sandbox.put("a", at: "in/Boxes.swift")
    let run = sandbox.grade("Boxes", "--submission", "in/Boxes.swift")
    #expect(run.status == 2)
    #expect(
      run.errors.hasPrefix(
        "grade: The submission in/Boxes.swift is a file. Name the folder that it lies in, and the lab: "
          + "grade LAB --submission in\n"))
  }

  @Test func whatIsGoneFromExercisesIsBroughtBackByReset() throws {
    let stub = sandbox.text("grading/Boxes/stub/Boxes.swift")
    try FileManager.default.removeItem(atPath: sandbox.path("Exercises/Boxes"))
    let run = sandbox.grade("Boxes")
    #expect(run.status == 2)
    #expect(
      run.errors.contains("\n`swift run grade reset Boxes` puts the stub and the lesson there"))
    try sandbox.put("lesson", at: "Exercises/Boxes/README.md")
    #expect(
      sandbox.grade("Boxes").output.contains(
        "Exercises/Boxes holds no Swift files. `swift run grade reset Boxes`"))
    sandbox.grade("reset", "Boxes")
    #expect(sandbox.text("Exercises/Boxes/Boxes.swift") == stub)
  }

  @Test(arguments: [
    (
      "Boxes.swift.txt",
      "in/Boxes holds no Swift files, but Boxes.swift.txt: give it a name that ends in “.swift”."
    ),
    (
      "Boxes.SWIFT",
      "in/Boxes holds no Swift files, but Boxes.SWIFT: give it a name that ends in “.swift”."
    ),
    (
      "Package.swift",
      "in/Boxes/Package.swift describes a package and is no file of the lab; hand in Boxes.swift, and your other files of the lab, without it."
    ),
  ])
  func namesThatAreNearlyRight(file: String, expected: String) throws {
    try sandbox.put("a", at: "in/Boxes/\(file)")
    #expect(message() == expected)
  }

  @Test(arguments: [
    "-O.swift", "@file.swift", "A 1\nx\nB.swift", "a\tb.swift", "a:1:1.swift", "a\u{1B}[2J.swift",
    "a\u{202E}b.swift", "quo\"te.swift", String(repeating: "x", count: 120) + ".swift",
  ])
  func namesThatAreNoPlainNamesAreRefused(file: String) throws {
    try sandbox.put("a", at: "in/Boxes/\(file)")
    #expect(message().contains(" has a name that is not graded. Rename it: "))
    #expect(!message().contains("\n") && !message().contains("\u{1B}"))
  }

  @Test(arguments: ["A+B.swift", "My File (1).swift", "Füllung.swift", "列表.swift"])
  func namesThatPeopleGiveAreGraded(file: String) throws {
    try sandbox.put("a", at: "in/Boxes/\(file)")
    #expect(message() == file)
  }

  @Test func theWholeIsBounded() throws {
    let half = String(repeating: "x", count: 600_000)
    try sandbox.put(half, at: "in/Boxes/A.swift")
    try sandbox.put(half, at: "in/Boxes/B.swift")
    #expect(message() == "The Swift files of in/Boxes are larger than 1 MiB together.")
  }

  @Test func aStubThatWentThroughWindowsIsUntouched() throws {
    let stub = try #require(sandbox.text("grading/Boxes/stub/Boxes.swift"))
    try sandbox.submit("\u{FEFF}" + stub.replacing("\n", with: "\r\n"))
    #expect(sandbox.grade("Boxes").output.contains("The files are still as they were handed out."))
    #expect(
      sandbox.grade("reset", "Boxes").output
        == "Exercises/Boxes is the stub already; nothing was changed.\n")
    try sandbox.submit(stub.replacing("\n", with: "\r\n") + "let mine = 1\r\n")
    #expect(!sandbox.grade("reset", "Boxes").output.contains("already"))
  }

  @Test func linksThatLeaveTheSubmissionAreRefused() throws {
    try sandbox.put("a", at: "in/Boxes/A.swift")
    try sandbox.put("secret", at: "out/B.swift")
    let link = sandbox.path("in/Boxes/B.swift")
    #expect(symlink(sandbox.path("out/B.swift"), link) == 0)
    #expect(
      message() == "in/Boxes/B.swift is a symbolic link that leaves in; it is not followed.")
    unlink(link)
    #expect(symlink("../../out/C.swift", link) == 0)
    #expect(
      message() == "in/Boxes/B.swift is a symbolic link that leaves in; it is not followed.")
    unlink(link)
    #expect(symlink("gone.swift", link) == 0)
    #expect(message() == "in/Boxes/B.swift is a symbolic link to a file that does not exist.")
    unlink(link)
    #expect(symlink("A.swift", link) == 0)
    #expect(message() == "A.swift, B.swift")
  }

  @Test func aLinkedFolderThatLeavesIsRefused() throws {
    try sandbox.put("secret", at: "out/A.swift")
    try sandbox.put("x", at: "in/README.md")
    #expect(symlink(sandbox.path("out"), sandbox.path("in/Boxes")) == 0)
    #expect(message() == "in/Boxes is a symbolic link that leaves in; it is not followed.")
  }

  @Test func onlyRegularFilesAreRead() throws {
    try sandbox.put("a", at: "in/Boxes/A.swift")
    #expect(mkfifo(sandbox.path("in/Boxes/P.swift"), 0o600) == 0)
    #expect(message() == "in/Boxes/P.swift is not a regular file.")
    unlink(sandbox.path("in/Boxes/P.swift"))
    try sandbox.put("x", at: "in/Boxes/D.swift/x")
    #expect(message() == "in/Boxes/D.swift is not a regular file.")
  }

  @Test func bytesThatAreNoTextAreRefused() throws {
    try sandbox.put("a", at: "in/Boxes/A.swift")
    try Data([0x6C, 0xFF, 0xFE]).write(to: URL(fileURLWithPath: sandbox.path("in/Boxes/B.swift")))
    #expect(message() == "in/Boxes/B.swift is not UTF-8 text. Save it as UTF-8 in your editor.")
    try sandbox.put(String(repeating: "x", count: 1 << 20 + 1), at: "in/Boxes/B.swift")
    #expect(message() == "in/Boxes/B.swift is larger than 1 MiB.")
  }

  @Test func oneLabsTroubleLeavesTheOtherGraded() throws {
    try sandbox.put("shelf", at: "in/Boxes/Boxes.swift")
    try sandbox.put("// good shelf", at: "in/Lids/Lids.swift")
    let run = sandbox.grade("--submission", "in")
    #expect(
      run.output == """
        Boxes: Boxes in a row                                    0 of 100 points
          Boxes does not compile
          Boxes.swift:1:1: error: cannot find 'shelf' in scope

        Lids: Lids                                             100 of 100 points
          ✔ A lid can be taken                                        100 of 100

        Well done: every check of Lids passes. What goes further: Exercises/Lids/README.md#6-going-further

        Total     33.3 of 100 points   (Boxes 0 × 2, Lids 100 × 1)
        Seed      7
        Confined  own session, seccomp
        Next      Mend what the compiler names first above, and grade Boxes again.

        """)
    #expect(run.status == 0)
  }
}
