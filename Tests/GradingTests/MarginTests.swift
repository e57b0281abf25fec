import Labs
import Testing

@testable import Grading

/// How far what is measured lies from the steps at which points are lost.
@Suite struct MarginTests {
  private func measured(_ values: [Double], steps: [Double] = [3, 10]) -> [MeasuredQuantity] {
    values.map {
      MeasuredQuantity(quantity: "speed", value: $0, steps: steps, detail: "call \($0)")
    }
  }

  @Test func theNearestValueCounts() {
    let row = Margins.rows("wheats/a", measured([1, 1.5, 1.2]))[0]
    #expect(row.values == [1, 1.2, 1.5])
    #expect(row.margin == 2)
    #expect(row.isWide)
    #expect(!Margins.rows("wheats/a", measured([1, 2.1]))[0].isWide)
    #expect(!Margins.rows("wheats/a", measured([14]))[0].isWide)
    #expect(Margins.rows("wheats/a", measured([15.1]))[0].isWide)
  }

  @Test func theTableSaysHowFar() {
    let rows =
      Margins.rows("wheats/plain", measured([1, 1.5, 1.25]))
      + Margins.rows("mutants/slow", measured([4, 4.125]))
    #expect(
      Margins.text(rows, of: .boxes) == """
        Boxes: 3 runs
          submission    quantity     least    median      most    margin  steps
        ✔ wheats/plain  speed            1      1.25       1.5         2  3, 10: call 1.5
        ✘ mutants/slow  speed            4      4.13      4.13      1.33  3, 10: call 4.125
        1 of 2 within a factor of 1.5 of a step.

        """)
    #expect(
      Margins.text([rows[0]], of: .boxes).hasSuffix("None lies within a factor of 1.5 of a step.\n")
    )
    #expect(Margins.text([], of: .boxes) == "Boxes: nothing is measured\n")
  }

  @Test func everyByteChangesTheFingerprint() {
    let files = { (texts: [(String, String)]) in
      texts.map { SourceFile(name: $0.0, text: $0.1) }.fingerprint
    }
    let one = files([("a.swift", "let a = 1")])
    #expect(one == files([("a.swift", "let a = 1")]))
    #expect(one != files([("a.swift", "let a = 2")]))
    #expect(one != files([("b.swift", "let a = 1")]))
    #expect(files([("ab", "c")]) != files([("a", "bc")]))
    #expect(files([("a", "b"), ("c", "d")]) != files([("a", "b\0c")]))
  }
}
