import AllocationTrace
@testable import Grading
import Labs
import Synchronization
import Testing

@Suite struct ScoreTests {
  @Test func scoresAreRoundedDownToATenth() {
    #expect(Score(earned: 2, of: 3).description == "66.6")
    #expect(Score(earned: 999, of: 1000).description == "99.9")
    #expect(Score(earned: 72, of: 100).description == "72")
    #expect(Score(earned: 0, of: 0).description == "0")
  }

  @Test func theTotalIsTheWeightedMean() {
    let scores = [(score: Score(tenths: 1000), weight: 1), (score: Score(tenths: 555), weight: 3)]
    #expect(Score(mean: scores).description == "66.6")
    #expect(Score(mean: []).tenths == 0)
  }

  @Test func speedMayEarnAPart() {
    let check = Lab.boxes.checks[4]
    let counterexample = Counterexample(
      operations: [], transcript: Transcript(outcomes: []), steps: [], expected: "", found: "")
    #expect(CheckResult(check: check, verdict: .failed(counterexample, earned: 12)).earned == 12)
    #expect(CheckResult(check: check, verdict: .failed(counterexample, earned: 99)).earned == 20)
    #expect(CheckResult(check: check, verdict: .failed(counterexample)).earned == 0)
  }

  @Test func whatCannotBeJudgedIsLeftOutOfTheScore() {
    let checks = Lab.boxes.checks.map { check in
      CheckResult(
        check: check,
        verdict: check.id == "speed" ? .notJudged(reason: "no clock") : .passed(note: ""))
    }
    let lab = LabResult(lab: .boxes, weight: 1, outcome: .judged(checks))
    #expect(lab.earned == 80)
    #expect(lab.score.description == "100")
    #expect(lab.notJudged.map(\.check.id) == ["speed"])
    let result = CourseResult(
      course: "c", seed: 1, labs: [lab], confinement: ConfinementSummary(inForce: []))
    let text = TextReport(
      result, commands: Commands(labs: [.boxes]), courseLabs: [.boxes]
    ).text
    #expect(
      text
        == """
        Boxes: Boxes in a row                                  100 of 100 points
          ✔ A box can be taken                                          10 of 10
          ✔ No box is taken twice                                       30 of 30
          ✔ A box given back is free again                              25 of 25
          ✔ An empty shelf answers nil                                  15 of 15
          – Taking is fast                                            not judged
              no clock

        Total     100 of 100 points
        Seed      7
        Confined  not at all
        Note      20 points of Boxes could not be judged here; its score counts the other 80.
        Next      What is missing could not be judged on this machine.

        """.replacing("Seed      7", with: "Seed      1"))
  }

  @Test func aCrewAnswersInOrderWhateverItsSize() {
    for size in [1, 2, 4] {
      #expect(WorkCrew(size: size).map(100) { $0 * $0 } == (0..<100).map { $0 * $0 })
    }
    #expect(WorkCrew(size: 2).map(0) { $0 } == [])
  }

  @Test func speedIsJudgedLastAndAlone() throws {
    let sandbox = try Sandbox()
    try sandbox.submit("// good shelf")
    let running = Mutex((now: 0, most: 0, order: [String]()))
    let watched = Lab.boxes.checks.map { check in
      Check(
        id: check.id, title: check.title, rule: check.rule, kind: check.kind, points: check.points,
        lesson: check.lesson, hints: check.hints,
        examine: { examination in
          let others = running.withLock {
            $0.now += 1
            $0.order.append(check.id)
            return $0.now - 1
          }
          defer { running.withLock { $0.now -= 1 } }
          if check.kind == .performance {
            #expect(others == 0)
            #expect(examination.optimised != nil && examination.baseline != nil)
          } else {
            #expect(examination.optimised == nil && examination.baseline == nil)
          }
          // What is timed cannot be worked out ahead: the trace changes with the files.
          let files = [SourceFile(name: "Boxes.swift", text: "// good shelf")]
          let own = check.kind == .performance ? files.fingerprint : 0
          #expect(examination.seed == checkSeed(course: 7, check: check.id) ^ own)
          return check.examine(examination)
        })
    }
    let course = try Course.find(directory: sandbox.root, start: "/", labs: sandbox.labs)
    var assignment = Grader.Assignment(
      lab: .boxes, sources: [SourceFile(name: "Boxes.swift", text: "// good shelf")])
    assignment.checks = watched.reversed()
    let grader = Grader(course: course, workshop: FakeWorkshop(), crew: WorkCrew(size: 3))
    let outcome = try grader.judge([assignment])[0]
    guard case .judged(let results) = outcome else {
      Issue.record("not judged: \(outcome)")
      return
    }
    #expect(results.map(\.check.id) == watched.reversed().map(\.id))
    #expect(results.filter(\.passed).count == 5)
    #expect(running.withLock { $0.order.last } == "speed")
  }
}
