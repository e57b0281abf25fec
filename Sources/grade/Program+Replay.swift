import Grading
import Labs

extension Program {
  /// Performs the trace that `name` means on the submission, and answers 1 when it breaks a rule.
  func replay(
    _ name: String, _ submissionName: String?, _ directory: String?
  ) throws(GradingError) -> Int32 {
    let course = try find(directory)
    let path = try ReplayFile.find(name, from: currentDirectory, course: course, labs: labs)
    let replay = try Replay(path: path, name: name, labs: labs)
    let submission = try open(submissionName, of: course)
    let files: [SourceFile]
    do throws(SubmissionProblem) {
      files = try submission.files(of: replay.lab, bareFiles: true)
    } catch {
      throw .usage(error.message)
    }
    do {
      let build = try workshop(course).build(files, for: replay.lab, as: BuildKind())
      let subject = build.start()
      // What was replayed is not offered to be replayed.
      let outcome = replay.run(
        on: subject,
        commands: commands(course, submissionName, directory, hasReplays: false), style: style)
      if let failure = subject.failure { throw failure }
      output(outcome.text)
      return outcome.isRight ? 0 : 1
    } catch let failure as BuildFailure {
      throw .usage(failure.text)
    } catch {
      throw error as? GradingError ?? .failure("\(error)")
    }
  }
}
