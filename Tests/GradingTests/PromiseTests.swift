import Labs
import Testing

@testable import Grading

@Suite struct PromiseTests {
  private let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.put(
      """
      public protocol Shelf {
        /// Takes a free box, or returns nil.
        mutating func take() -> Int?

        /// Gives a box back:
        ///   - `box`: *any* number from 0 to [two](https://example.org).
        mutating func give(_ box: Int)
        init(boxes: Int)
        var isEmpty: Bool { get }
      }

      """, at: "Sources/LabKit/Boxes/Shelf.swift")
    try sandbox.put(
      "# Boxes\n> A box is **never**\n> taken twice.\n", at: "Exercises/Boxes/README.md")
  }

  private func defects(_ promises: [Promise]) throws -> [String] {
    let lab = Lab(
      id: "Boxes", title: "", subjectType: "Boxes", contract: "Shelf",
      vocabulary: Lab.boxes.vocabulary, checks: Array(Lab.boxes.checks.prefix(2)),
      promises: promises, narrate: Lab.boxes.narrate)
    let course = try Course.find(directory: sandbox.root, start: "/", labs: [.boxes, .lids])
    return PromiseRules(lab, course: course).defects.map { "\($0.place): \($0.message)" }
  }

  private let kept = [
    Promise("Takes a free box … returns nil", checks: ["take-one"], edges: "one"),
    Promise("A box is never taken twice.", checks: ["no-doubles"], edges: "two"),
    Promise("box: any number from 0 to two", checks: ["no-doubles"], edges: "0 and 2"),
    Promise("init(boxes: Int)", checks: ["take-one"], edges: "1"),
    Promise("var isEmpty", checks: ["take-one"], edges: "at once"),
  ]

  @Test func keptPromisesAreNoDefect() throws { #expect(try defects(kept) == []) }

  @Test func aLabWithoutPromisesIsADefect() throws {
    #expect(try defects([]) == ["Boxes: it lists no promises"])
  }

  @Test func brokenRowsAreDefects() throws {
    let rows = [
      Promise("A box is never taken twice", checks: [], edges: "two"),
      Promise("A box is always red", checks: ["take-one"], edges: "one"),
      Promise("Takes a free box", checks: ["take-on"], edges: " "),
    ]
    #expect(
      try defects(kept + rows) == [
        "Boxes, promise “A box is never taken twice”: no check tries it",
        "Boxes, promise “A box is always red”: neither the contract nor the lesson says so",
        "Boxes, promise “Takes a free box”: there is no check “take-on”",
        "Boxes, promise “Takes a free box”: it does not say which edges are tried",
      ])
  }

  @Test func checksAndMethodsWithoutPromiseAreDefects() throws {
    #expect(
      try defects([kept[0]]) == [
        "Boxes/no-doubles: no promise names this check", "Shelf.give: no promise speaks of it",
        "Shelf.init: no promise speaks of it", "Shelf.isEmpty: no promise speaks of it",
      ])
  }

  @Test func theListIsPrinted() {
    #expect(
      sandbox.grade("audit", "Boxes", "--promises").output == """
        Boxes: 3 promises

          Takes a free box, or returns nil
            → take-one, no-doubles, empty-shelf: one box, two, and one more than there are

          Complexity: O(1)
            → speed: three boxes

          Gives the box back
            → give-back: the first of three

        """)
  }
}
