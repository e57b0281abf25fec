import Foundation
import Grading
import Labs
import Testing

@Suite struct JSONReportTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func theSchemaIsTheDocumentedOne() throws {
    try sandbox.submit("nonsense")
    try sandbox.submit("// no box", as: "Lids")
    let run = sandbox.grade("--json", "-")
    #expect(
      run.output == """
        {
          "confinement" : {
            "inForce" : [
              "own session",
              "seccomp"
            ],
            "missing" : [

            ]
          },
          "course" : "shelves",
          "labs" : [
            {
              "checks" : [

              ],
              "earned" : 0,
              "id" : "Boxes",
              "message" : "Boxes does not compile\\nBoxes.swift:1:1: error: cannot find 'shelf' in scope",
              "possible" : 100,
              "score" : 0,
              "status" : "notBuilt",
              "title" : "Boxes in a row",
              "weight" : 2
            },
            {
              "checks" : [
                {
                  "counterexample" : {
                    "answers" : [
                      "nil"
                    ],
                    "ending" : "complete",
                    "expected" : "that a lid can be taken",
                    "found" : "the last answer was none",
                    "operationCount" : 1,
                    "operations" : [
                      "take"
                    ],
                    "picture" : [
                      "▒▒░  (before)",
                      "▒▒▒  (after)"
                    ],
                    "steps" : [
                      "take → nil"
                    ]
                  },
                  "earned" : 0,
                  "id" : "take-one",
                  "kind" : "example",
                  "points" : 100,
                  "status" : "failed",
                  "title" : "A lid can be taken"
                }
              ],
              "earned" : 0,
              "id" : "Lids",
              "possible" : 100,
              "score" : 0,
              "status" : "judged",
              "title" : "Lids",
              "weight" : 1
            }
          ],
          "seed" : 7,
          "total" : 0,
          "version" : 1
        }

        """)
  }

  @Test func theSameSubmissionGivesTheSameBytes() throws {
    try sandbox.submit("// no box")
    sandbox.grade("--json", "one.json")
    let other = try Sandbox()
    try other.submit("// no box", to: "Elsewhere")
    try other.submit(
      "import LabKit\n\n// TODO: put the boxes on the shelf.\n", as: "Lids", to: "Elsewhere")
    other.grade("--json", "reports/two.json", "--submission", "Elsewhere")
    let one = try #require(sandbox.text("one.json"))
    #expect(one == other.text("reports/two.json"))
  }

  @Test func everyKeyIsDocumented() throws {
    try sandbox.submit("// stops")
    try sandbox.submit("nonsense", as: "Lids")
    let text = sandbox.grade("--json", "-").output
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let document = try String(
      contentsOf: root.appendingPathComponent("grading/REPORT.md"), encoding: .utf8)
    let keys = Set(text.matches(of: /"(\w+)" :/).map { String($0.1) })
    #expect(keys.count > 20)
    for key in keys.sorted() {
      #expect(
        document.contains("`\(key)") || document.contains(".\(key)`"), "\(key) is not documented")
    }
  }
}
