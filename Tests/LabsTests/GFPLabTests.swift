import Foundation
import Testing

@testable import Labs

/// The lab as a whole: its shape, its hints, its lesson, and what it makes of right and empty answers.
@Suite struct GFPLabTests {
  private let lab = Lab.gfpFlags

  @Test func pointsAddToAHundredAndIdsAreUnique() {
    #expect(lab.checks.map(\.points).reduce(0, +) == 100)
    #expect(Set(lab.checks.map(\.id)).count == lab.checks.count)
    #expect(Set(lab.checks.map(\.title)).count == lab.checks.count)
    #expect(lab.checks.count >= 12)
  }

  @Test func hasTheKindsThatAPureLabCanHave() {
    #expect(Set(lab.checks.map(\.kind)) == [.example, .property, .exhaustive, .fault])
  }

  @Test func everyCheckHasThreeHintsAndNoHintRepeatsASentence() {
    var seen: [String: String] = [:]
    for check in lab.checks {
      #expect(check.hints.count == 3, "\(check.id)")
      for sentence in check.hints.flatMap({ $0.components(separatedBy: ". ") }) {
        #expect(seen[sentence] == nil, "\(check.id) repeats a sentence of \(seen[sentence] ?? "")")
        seen[sentence] = check.id
      }
    }
  }

  @Test func everyCheckPointsIntoTheLesson() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let lesson = try String(
      contentsOf: root.appending(path: "Exercises/GFPFlags/README.md"), encoding: .utf8)
    for check in lab.checks {
      #expect(lesson.contains("<a id=\"\(check.lesson)\"></a>"), "\(check.id): #\(check.lesson)")
      #expect(lesson.contains("`\(check.id)`"), "the lesson does not name \(check.id)")
    }
  }

  @Test(arguments: [1991, 1, 2, 3] as [UInt64])
  func aCorrectImplementationPassesEveryCheck(seed: UInt64) throws {
    #expect(try GFPGrading.failures(of: CorrectGFPRules.self, seed: seed) == [])
  }

  @Test func sameSeedSameVerdict() throws {
    for check in lab.checks.map(\.id) {
      let first = try GFPGrading.verdict(of: EverythingSleeps.self, in: check).counterexample
      let second = try GFPGrading.verdict(of: EverythingSleeps.self, in: check).counterexample
      #expect(first == second)
    }
  }

  @Test func doingNothingPassesNoCheck() throws {
    #expect(try GFPGrading.failures(of: EmptyAnswers.self) == lab.checks.map(\.id))
    #expect(try GFPGrading.failures(of: FullAnswers.self) == lab.checks.map(\.id))
  }

  @Test func aPassSaysHowMuchWasTried() throws {
    let verdict = try GFPGrading.verdict(of: CorrectGFPRules.self, in: "situation-sleep")
    guard case .passed(let note) = verdict else {
      Issue.record("did not pass")
      return
    }
    #expect(note == "120 questions")
  }
}

/// The model against what a real kernel printed.
@Suite struct GFPModelTests {
  @Test func allRecordedCombinationsComeBack() {
    #expect(GFPRecordings.combinations.count == 94)
    #expect(GFPRecordings.counted.map(\.count).reduce(0, +) == 637_918)
    for text in GFPRecordings.combinations {
      #expect(GFPModel.mask(text).map { GFPModel.text($0) } == text)
    }
  }

  @Test func thirtyFiveNamesInTheKernelsOrder() {
    #expect(GFPModel.names.count == 35)
    #expect(GFPModel.named == 0x00ff_fdff)
    #expect(GFPModel.text(0x1c_20ca) == "GFP_TRANSHUGE_LIGHT")
    #expect(
      GFPModel.text(0xffff_ffff) == "GFP_TRANSHUGE|GFP_ATOMIC|GFP_DMA|GFP_DMA32"
        + "|__GFP_RETRY_MAYFAIL|__GFP_NOFAIL|__GFP_NORETRY|__GFP_ZERO|__GFP_MEMALLOC"
        + "|__GFP_THISNODE|__GFP_RECLAIMABLE|__GFP_ACCOUNT|__GFP_WRITE|__GFP_ZEROTAGS|0xff000200")
  }

  @Test func watermarksOfTheRecordedMachine() {
    // The zone DMA32 of the 512 MiB machine that was recorded keeps 659 pages.
    #expect(GFPModel.watermark(0xcc0, min: 659) == 659)
    #expect(GFPModel.watermark(0x2800, min: 659) == 659)
    #expect(GFPModel.watermark(0xce0, min: 659) == 330)
    #expect(GFPModel.watermark(0x820, min: 659) == 248)
    #expect(GFPModel.watermark(0x8_0820, min: 659) == 330)
    #expect(GFPModel.watermark(0x2_0000, min: 659) == 0)
    #expect(GFPModel.watermark(0xa_0000, min: 659) == 659)
  }

  @Test func badZoneMasksAreTheEightOfTheKernel() {
    let bad = GFPModel.zoneTable.indices.filter { GFPModel.zoneTable[$0] == nil }
    #expect(bad == [3, 5, 6, 7, 0xb, 0xd, 0xe, 0xf])
  }
}
