import Foundation
import Grading
import Labs
import Testing

@Suite struct CourseTests {
  @Test func theNearestParentWithACourseIsTheRoot() throws {
    let sandbox = try Sandbox()
    let course = try Course.find(
      directory: nil, start: sandbox.path("Exercises/Boxes"), labs: sandbox.labs)
    #expect(course.root == sandbox.root)
    #expect(course.name == "shelves")
    #expect(course.seed == 7)
    #expect(course.entries.map(\.lab) == ["Boxes", "Lids"])
    #expect(sandbox.labs.map(course.weight) == [2, 1])
  }

  @Test func outsideOfACourseTheWayInIsNamed() {
    #expect(
      throws: GradingError.usage(
        """
        No course here: neither / nor a folder above it has grading/course.json.
        Run grade inside the package, or name its folder: grade --course DIR
        """)
    ) { try Course.find(directory: nil, start: "/") }
  }

  @Test(arguments: [
    (
      "{", "grading/course.json cannot be read: it is not valid JSON.",
    ),
    (
      #"{"version":1,"name":"x","seed":1}"#,
      "grading/course.json cannot be read: “labs” is missing."
    ),
    (
      #"{"version":1,"name":"x","seed":"1","labs":[]}"#,
      "grading/course.json cannot be read: “seed” has the wrong type."
    ),
    (
      #"{"version":2,"name":"x","seed":1,"labs":[]}"#,
      "grading/course.json has version 2; this grader reads version 1."
    ),
    (
      #"{"version":1,"name":"x","seed":1,"labs":[]}"#, "grading/course.json lists no labs."
    ),
    (
      #"{"version":1,"name":"x","seed":1,"labs":[{"id":"Jars","weight":1}]}"#,
      "grading/course.json lists the lab Jars, which this kit has not; it has Boxes, Lids."
    ),
    (
      #"{"version":1,"name":"x","seed":1,"labs":[{"id":"Lids","weight":1},{"id":"Lids","weight":1}]}"#,
      "grading/course.json lists the lab Lids twice."
    ),
    (
      #"{"version":1,"name":"x","seed":1,"labs":[{"id":"Lids","weight":0}]}"#,
      "grading/course.json gives Lids the weight 0; a weight is from 1 to 1000."
    ),
  ])
  func aWrongCourseIsExplained(json: String, message: String) throws {
    let sandbox = try Sandbox()
    try sandbox.put(json, at: "grading/course.json")
    let error = #expect(throws: GradingError.self) {
      try Course.find(directory: sandbox.root, start: "/", labs: sandbox.labs)
    }
    #expect(error?.message.split(separator: "\n").first.map(String.init) == message)
  }

  @Test func recordingsAreReadFromTheCourse() throws {
    let sandbox = try Sandbox()
    try sandbox.put("abc", at: "grading/traces/boot.trace")
    let course = try Course.find(directory: sandbox.root, start: "/", labs: sandbox.labs)
    #expect(course.recording("boot") == [97, 98, 99])
    #expect(course.recording("halt") == nil)
  }

  @Test func pathsAreMadeAbsolute() {
    #expect(absolute("a/../b/./c/", from: "/x") == "/x/b/c")
    #expect(absolute("/a//b", from: "/x") == "/a/b")
    #expect(absolute("../../..", from: "/x") == "/")
  }

  @Test func filesAreWrittenWholeOrNotAtAll() throws {
    let sandbox = try Sandbox()
    try Files.write("one", to: sandbox.path("new/folder/file"))
    try Files.write("two", to: sandbox.path("new/folder/file"))
    #expect(sandbox.text("new/folder/file") == "two")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: sandbox.path("new/folder")) == ["file"])
    let path = sandbox.path("new/folder/file/below")
    #expect(throws: GradingError.failure("\(path) cannot be written: Not a directory.")) {
      try Files.write("three", to: path)
    }
  }
}
