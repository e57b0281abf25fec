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
    #expect(message() == "in/Boxes/B.swift is not UTF-8 text.")
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

        Total     33.3 of 100 points   (Boxes 0 × 2, Lids 100 × 1)
        Seed      7
        Confined  own session, seccomp

        """)
    #expect(run.status == 0)
  }
}
