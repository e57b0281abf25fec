import Grading
import Testing

@Suite struct MutantTests {
  static let header = """
    base: Solutions/Boxes
    belief: A box given back goes to the end of the row.
    source: BOX-1
    caught-by: give-back
    shortest: 4

    """
  static let base = [
    SourceFile(name: "Boxes.swift", text: "one\n  two\n  two\nthree\n  four\nfive\n")
  ]

  private func mutant(_ rest: String) throws -> Mutant {
    try Mutant(parsing: Self.header + rest, id: "box-1")
  }

  @Test func aMutantIsReadAndApplied() throws {
    let mutant = try mutant(
      """
      minimum-score: 30
      note: every other check puts boxes back as well
      --- find Boxes.swift
      one
        two
      --- replace
      1
      --- find Boxes.swift
        four
      five
      --- replace
        4

        4½
      five

      """)
    #expect(mutant.id == "box-1")
    #expect(mutant.base == "Solutions/Boxes")
    #expect(mutant.belief == "A box given back goes to the end of the row.")
    #expect(mutant.caughtBy == "give-back")
    #expect(mutant.shortest == 4)
    #expect(mutant.minimumScore == 30)
    #expect(mutant.edits.count == 2)
    #expect(try mutant.apply(to: Self.base)[0].text == "1\n  two\nthree\n  4\n\n  4½\nfive\n")
  }

  @Test func aDashMeansNoSequence() throws {
    let text = Self.header.replacing("shortest: 4", with: "shortest: -")
    let mutant = try Mutant(parsing: text + "--- find A\na\n--- replace\n", id: "x")
    #expect(mutant.shortest == nil)
    #expect(mutant.minimumScore == 40)
    #expect(mutant.edits[0].replace == [])
  }

  @Test(arguments: [
    ("", "it has no edits"),
    (
      "hint: none\n",
      "line 6: expected one of base, belief, source, caught-by, shortest, minimum-score, note, found “hint: none”"
    ),
    ("base: twice\n", "line 6: “base:” stands twice"),
    ("minimum-score: many\n", "“minimum-score: many” is not from 0 to 100"),
    ("minimum-score: 39\n", "a minimum-score below 40 needs a “note:” with the reason"),
    ("--- find\n", "line 6: expected “--- find FILE”, found “--- find”"),
    ("--- find A\na\n", "line 6: no “--- replace” follows"),
    ("--- find A\n--- replace\nb\n", "line 6: there are no lines to find"),
    ("--- find A\na\n--- replace\na\n", "line 6: the edit changes nothing"),
  ])
  func aWrongFileIsExplained(rest: String, message: String) {
    let error = #expect(throws: MutantError.self) { try mutant(rest) }
    #expect(error?.message == message)
  }

  @Test func theHeaderIsComplete() {
    for key in ["base", "belief", "source", "caught-by", "shortest"] {
      let lines = Self.header.split(separator: "\n").filter { !$0.hasPrefix(key + ":") }
      let error = #expect(throws: MutantError.self) {
        try Mutant(parsing: lines.joined(separator: "\n"), id: "x")
      }
      #expect(error?.message == "“\(key):” is missing in the header")
    }
    let error = #expect(throws: MutantError.self) {
      try Mutant(parsing: Self.header.replacing("shortest: 4", with: "shortest: few"), id: "x")
    }
    #expect(error?.message == "“shortest: few” is neither a number of steps nor -")
  }

  @Test(arguments: [
    (
      "--- find Boxes.swift\n  two\n--- replace\n2\n",
      "the lines to find, from “two”, occur 2 times in Boxes.swift"
    ),
    (
      "--- find Boxes.swift\ntwo\n--- replace\n2\n",
      "the lines to find, from “two”, occur nowhere in Boxes.swift"
    ),
    (
      "--- find Boxes.swift\nfive\nsix\n--- replace\n2\n",
      "the lines to find, from “five”, occur nowhere in Boxes.swift"
    ),
    ("--- find Lids.swift\none\n--- replace\n2\n", "Solutions/Boxes has no file Lids.swift"),
    (
      "--- find Boxes.swift\none\n--- replace\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n",
      "it changes 11 lines; at most 10 are one bug"
    ),
  ])
  func anEditThatDoesNotFitIsExplained(rest: String, message: String) throws {
    let mutant = try mutant(rest)
    let error = #expect(throws: MutantError.self) { try mutant.apply(to: Self.base) }
    #expect(error?.message == message)
  }
}
