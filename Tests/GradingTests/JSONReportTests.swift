import Foundation
import Grading
import Labs
import Testing

@Suite struct JSONReportTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func theSchemaIsTheDocumentedOne() throws {
    try sandbox.submit("// stops")
    try sandbox.submit("nonsense", as: "Lids")
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
                {
                  "earned" : 10,
                  "id" : "take-one",
                  "kind" : "example",
                  "note" : "1 operations",
                  "points" : 10,
                  "status" : "passed",
                  "title" : "A box can be taken"
                },
                {
                  "counterexample" : {
                    "answers" : [
                      "0"
                    ],
                    "ending" : "crashed",
                    "endingText" : "Fatal error: Index out of range",
                    "expected" : "that no box is taken twice",
                    "found" : "the last answer was number(0)",
                    "operationCount" : 2,
                    "operations" : [
                      "take",
                      "take"
                    ],
                    "picture" : [
                      "▒▒░  (before)",
                      "▒▒▒  (after)"
                    ],
                    "steps" : [
                      "take → box 0"
                    ]
                  },
                  "earned" : 0,
                  "id" : "no-doubles",
                  "kind" : "property",
                  "points" : 30,
                  "printed" : "free boxes: 2\\nnow the next\\n",
                  "status" : "failed",
                  "title" : "No box is taken twice"
                },
                {
                  "counterexample" : {
                    "answers" : [
                      "0"
                    ],
                    "ending" : "crashed",
                    "endingText" : "Fatal error: Index out of range",
                    "expected" : "that a box given back is free again",
                    "found" : "the last answer was number(0)",
                    "operationCount" : 4,
                    "operations" : [
                      "take",
                      "take",
                      "take",
                      "give #0"
                    ],
                    "picture" : [
                      "▒▒░  (before)",
                      "▒▒▒  (after)"
                    ],
                    "steps" : [
                      "take → box 0"
                    ]
                  },
                  "earned" : 0,
                  "id" : "give-back",
                  "kind" : "invariant",
                  "points" : 25,
                  "printed" : "free boxes: 2\\nnow the next\\n",
                  "status" : "failed",
                  "title" : "A box given back is free again"
                },
                {
                  "counterexample" : {
                    "answers" : [
                      "0"
                    ],
                    "ending" : "crashed",
                    "endingText" : "Fatal error: Index out of range",
                    "expected" : "that an empty shelf answers nil",
                    "found" : "the last answer was number(0)",
                    "operationCount" : 4,
                    "operations" : [
                      "take",
                      "take",
                      "take",
                      "take"
                    ],
                    "picture" : [
                      "▒▒░  (before)",
                      "▒▒▒  (after)"
                    ],
                    "steps" : [
                      "take → box 0"
                    ]
                  },
                  "earned" : 0,
                  "id" : "empty-shelf",
                  "kind" : "fault",
                  "points" : 15,
                  "printed" : "free boxes: 2\\nnow the next\\n",
                  "status" : "failed",
                  "title" : "An empty shelf answers nil"
                },
                {
                  "counterexample" : {
                    "answers" : [
                      "0"
                    ],
                    "ending" : "crashed",
                    "endingText" : "Fatal error: Index out of range",
                    "expected" : "that taking is fast",
                    "operationCount" : 3,
                    "operations" : [
                      "take",
                      "take",
                      "take"
                    ]
                  },
                  "earned" : 0,
                  "id" : "speed",
                  "kind" : "performance",
                  "points" : 20,
                  "status" : "failed",
                  "title" : "Taking is fast"
                }
              ],
              "earned" : 10,
              "id" : "Boxes",
              "possible" : 100,
              "score" : 10,
              "status" : "judged",
              "title" : "Boxes in a row",
              "weight" : 2
            },
            {
              "checks" : [

              ],
              "earned" : 0,
              "id" : "Lids",
              "message" : "Lids.swift:1:1: error: cannot find 'shelf' in scope",
              "possible" : 100,
              "score" : 0,
              "status" : "notBuilt",
              "title" : "Lids",
              "weight" : 1
            }
          ],
          "seed" : 7,
          "total" : 6.6,
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
