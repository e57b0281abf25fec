import Foundation
import LabBench
import Labs
import Synchronization

/// Judges submissions: builds them, runs their checks over workers, and collects the verdicts.
public struct Grader: Sendable {
  /// Sources to judge.
  public struct Assignment: Sendable {
    public let lab: Lab
    public let sources: [SourceFile]
    /// The checks to run; all of the lab's unless narrowed.
    public var checks: [Check]
    public var linksReference = false

    public init(lab: Lab, sources: [SourceFile]) {
      self.lab = lab
      self.sources = sources
      checks = lab.checks
    }
  }

  public let course: Course
  public let workshop: any Workshop
  public let crew: WorkCrew
  /// Told after each piece of work how many are done, of how many.
  public var progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

  public init(course: Course, workshop: any Workshop, crew: WorkCrew = WorkCrew()) {
    self.course = course
    self.workshop = workshop
    self.crew = crew
  }

  /// Grades `labs` of a submission; `alone` when one lab was named, whose files may then lie bare.
  ///
  /// - Parameter only: for the id of a lab the checks to run, where these are not all.
  /// - Throws: ``GradingError`` when the submission is not there or the grader fails.
  public func grade(
    _ submission: Submission, labs: [Lab], alone: Bool, only: [String: [Check]] = [:]
  ) throws(GradingError) -> CourseResult {
    var outcomes: [LabResult.Outcome?] = []
    var assignments: [Assignment] = []
    for lab in labs {
      do {
        let files = try submission.files(of: lab, bareFiles: alone)
        if try isStub(files, of: lab) {
          outcomes.append(.untouched)
        } else {
          outcomes.append(nil)
          var assignment = Assignment(lab: lab, sources: files)
          assignment.checks = only[lab.id] ?? lab.checks
          assignments.append(assignment)
        }
      } catch let problem as SubmissionProblem {
        outcomes.append(.refused(problem.message))
      } catch {
        throw error as? GradingError ?? .failure("\(error)")
      }
    }
    var judged = try judge(assignments)[...]
    for (place, assignment) in zip(judged.indices, assignments) {
      let stub = try course.sources(in: "grading/\(assignment.lab.id)/stub")
      let unbegun = UnbegunMethod.find(in: assignment.sources, stub: stub, of: assignment.lab)
      judged[place] = judged[place].noting(unbegun, of: assignment.lab)
    }
    let results = zip(labs, outcomes).map { lab, outcome in
      LabResult(
        lab: lab, weight: course.weight(of: lab), outcome: outcome ?? judged.removeFirst())
    }
    let wasRun = results.contains { !$0.checks.isEmpty }
    return CourseResult(
      course: course.name, seed: course.seed, labs: results,
      confinement: wasRun ? try workshop.confinement() : nil)
  }

  /// Whether `files` are the lab's stub, line for line.
  public func isStub(_ files: [SourceFile], of lab: Lab) throws(GradingError) -> Bool {
    let stub = try course.sources(in: "grading/\(lab.id)/stub")
    return files.count == stub.count && zip(files, stub).allSatisfy { $0.isSame(as: $1) }
  }

  /// Builds and judges every assignment; one outcome for each.
  ///
  /// Builds come first, then every check but those of speed, a few at a time; checks of speed run last and alone.
  public func judge(_ assignments: [Assignment]) throws(GradingError) -> [LabResult.Outcome] {
    let jobs = assignments.indices.flatMap { index in
      assignments[index].checks.indices.map { (assignment: index, check: $0) }
    }
    let isTimed = { (job: (assignment: Int, check: Int)) in
      assignments[job.assignment].checks[job.check].kind == .performance
    }
    let steps = Progress(total: assignments.count + jobs.count, report: progress)

    let built = crew.map(assignments.count) { index in
      defer { steps.advance() }
      return Result { try bench(for: assignments[index]) }
    }
    var benches: [Bench?] = []
    var outcomes: [LabResult.Outcome?] = []
    var results: [[CheckResult?]] = assignments.map {
      .init(repeating: nil, count: $0.checks.count)
    }
    for result in built {
      switch result {
      case .success(let bench):
        benches.append(bench)
        outcomes.append(nil)
      case .failure(let failure as BuildFailure):
        benches.append(nil)
        outcomes.append(.notBuilt(failure))
      case .failure(let error): throw error as? GradingError ?? .failure("\(error)")
      }
    }
    let possible = jobs.filter { benches[$0.assignment] != nil }
    steps.skip(jobs.count - possible.count)
    let together = possible.filter { !isTimed($0) }
    let alone = possible.filter(isTimed)
    let judge = {
      @Sendable [benches]
      (job: (assignment: Int, check: Int)) -> Result<CheckResult, GradingError> in
      defer { steps.advance() }
      return examine(assignments[job.assignment].checks[job.check], on: benches[job.assignment]!)
    }
    for (job, result) in zip(together, crew.map(together.count) { judge(together[$0]) }) {
      results[job.assignment][job.check] = try result.get()
    }
    for (job, result) in zip(alone, WorkCrew(size: 1).map(alone.count) { judge(alone[$0]) }) {
      results[job.assignment][job.check] = try result.get()
    }
    return assignments.indices.map { outcomes[$0] ?? .judged(results[$0].map { $0! }) }
  }

  /// What one assignment's checks run on.
  private struct Bench: Sendable {
    let unoptimised: any Build
    let optimised: (any Build)?
    let baseline: (any Build)?
    /// Of the sources; zero where nothing is timed.
    var fingerprint: UInt64 = 0
  }

  private func bench(for assignment: Assignment) throws -> Bench {
    let lab = assignment.lab
    var kind = BuildKind(linksReference: assignment.linksReference)
    guard assignment.checks.contains(where: { $0.kind == .performance }) else {
      return Bench(
        unoptimised: try workshop.build(assignment.sources, for: lab, as: kind), optimised: nil,
        baseline: nil)
    }
    kind.optimised = true
    let kinds = [BuildKind(linksReference: kind.linksReference), kind]
    // Both at once: the compiler keeps one core busy each.
    let builds = WorkCrew(size: 2).map(2) { index in
      Result { try workshop.build(assignment.sources, for: lab, as: kinds[index]) }
    }
    let unoptimised = try builds[0].get()
    let optimised = try builds[1].get()
    let path = "grading/\(lab.id)/baseline"
    let sources = try course.sources(in: path)
    do {
      let baseline = try workshop.build(sources, for: lab, as: BuildKind(optimised: true))
      return Bench(
        unoptimised: unoptimised, optimised: optimised, baseline: baseline,
        fingerprint: assignment.sources.fingerprint)
    } catch let failure as BuildFailure {
      throw GradingError.failure("\(path) does not build: \(failure.text)")
    }
  }

  private func examine(
    _ check: Check, on bench: Bench
  ) -> Result<CheckResult, GradingError> {
    let isTimed = check.kind == .performance
    let subject = bench.unoptimised.start()
    let optimised = isTimed ? bench.optimised?.start() : nil
    let baseline = isTimed ? bench.baseline?.start() : nil
    var seed = checkSeed(course: course.seed, check: check.id)
    if isTimed { seed ^= bench.fingerprint }
    var measurements: [MeasuredQuantity] = []
    var verdict = Verdict.passed(note: "")
    if !subject.isOutOfTime {
      verdict = check.examine(
        Examination(
          subject: subject, optimised: optimised, baseline: baseline,
          seed: seed, recording: course.recording, noteMeasurement: { measurements.append($0) }))
    }
    for subject in [subject, optimised, baseline] {
      if let failure = subject?.failure { return .failure(failure) }
    }
    // What was not tried for lack of time is neither right nor wrong, whatever a check makes of it.
    if let reason = subject.outOfTimeReason ?? optimised?.outOfTimeReason, !verdict.isFinding {
      verdict = .unfinished(reason: reason)
    }
    var printed = Printed()
    if case .failed(let counterexample, _) = verdict, !isTimed {
      switch counterexample.transcript.ending {
      case .complete, .crashed:
        // What was printed on the way to the shortest run is of no use; what this run prints is.
        let again = bench.unoptimised.start()
        _ = again.perform(counterexample.operations)
        printed = again.printed
      case .timedOut, .garbled, .outOfTime: break
      }
    }
    return .success(
      CheckResult(
        check: check, verdict: verdict, printed: printed, measurements: measurements))
  }
}

extension Verdict {
  /// Whether a wrong answer was found; an operation that was never asked is none.
  fileprivate var isFinding: Bool {
    guard case .failed(let counterexample, _) = self else { return false }
    return counterexample.transcript.ending != .outOfTime
  }
}

/// Counts pieces of work done on several threads.
final class Progress: Sendable {
  private let done = Mutex(0)
  private let total: Int
  private let report: @Sendable (Int, Int) -> Void

  init(total: Int, report: @escaping @Sendable (Int, Int) -> Void) {
    self.total = total
    self.report = report
  }

  func advance() { skip(1) }

  func skip(_ count: Int) {
    done.withLock {
      $0 += count
      report($0, total)
    }
  }
}
