import Foundation
import Grading
import Labs

/// The program, apart from the process it runs in.
struct Program {
  var labs = Lab.all
  /// Makes what builds and starts submissions, once it is known where the course lies.
  var workshop: (Course) -> any Workshop
  var currentDirectory: String
  var style = Style()
  /// Grades a folder of one lab's files in a process of its own and answers the JSON report; nil where there is none.
  var gradeAfresh: (@Sendable (Course, _ folder: String, Lab) throws -> String)?
  /// Whether somebody watches standard error.
  var showsProgress = false
  var output: @Sendable (String) -> Void
  var errors: @Sendable (String) -> Void

  /// Runs one command line and answers the exit status.
  func run(_ words: [String]) -> Int32 {
    do throws(GradingError) {
      return try perform(try Command.parse(words, labs: labs))
    } catch {
      errors("grade: \(error.message.printable)\n")
      switch error {
      case .usage:
        errors("How to use it: swift run grade help\n")
        return 2
      case .failure: return 3
      }
    }
  }

  private func perform(_ command: Command) throws(GradingError) -> Int32 {
    switch command {
    case .grade(let options): return try grade(options)
    case .list(let course):
      let course = try find(course)
      output(LessonText.list(courseLabs(course), weight: course.weight, style: style))
    case .hint(let name, let level, let course):
      let (lab, check) = try LessonText.find(check: name, in: labs)
      guard level <= check.hints.count else {
        throw .failure("\(lab.id)/\(check.id) has no hint \(level).")
      }
      output(
        LessonText.hint(
          check, of: lab, level: level, commands: hintCommands(course), style: style))
    case .replay(let name, let submission, let course): return try replay(name, submission, course)
    case .reset(let name, let course):
      output(try Reset(course: try find(course)).run(try LessonText.find(lab: name, in: labs)))
    case .audit(let options): return try audit(options)
    case .help: output(helpText)
    }
    return 0
  }

  func find(_ directory: String?, seed: UInt64? = nil) throws(GradingError) -> Course {
    var course = try Course.find(directory: directory, start: currentDirectory, labs: labs)
    course.seed = seed ?? course.seed
    return course
  }

  /// The course's labs, in its order.
  private func courseLabs(_ course: Course) -> [Lab] {
    course.entries.compactMap { entry in labs.first { $0.id == entry.lab } }
  }

  /// The labs that are named, else all of the course.
  private func choose(_ names: [String], _ course: Course) throws(GradingError) -> [Lab] {
    guard !names.isEmpty else { return courseLabs(course) }
    var named: Set<String> = []
    for name in names {
      let lab = name.prefix { $0 != "/" }
      named.insert(try LessonText.find(lab: String(lab), in: labs).id)
    }
    // In the course's order; labs of the kit that the course does not list come last.
    let listed = courseLabs(course)
    let others = labs.filter { lab in !listed.contains { $0.id == lab.id } }
    return (listed + others).filter { named.contains($0.id) }
  }

  /// The checks that are named as `LAB/CHECK`, for each lab that is not named as a whole; in the lab's order.
  private func chooseChecks(_ names: [String]) throws(GradingError) -> [String: [Check]] {
    var whole: Set<String> = []
    var chosen: [String: (lab: Lab, ids: Set<String>)] = [:]
    for name in names {
      guard name.contains("/") else {
        whole.insert(try LessonText.find(lab: name, in: labs).id)
        continue
      }
      let (lab, check) = try LessonText.find(check: name, in: labs)
      chosen[lab.id, default: (lab, [])].ids.insert(check.id)
    }
    return chosen.filter { !whole.contains($0.key) }.mapValues { lab, ids in
      lab.checks.filter { ids.contains($0.id) }
    }
  }

  private func grade(_ options: GradeOptions) throws(GradingError) -> Int32 {
    let course = try find(options.course, seed: options.seed)
    let chosen = try choose(options.labs, course)
    let checks = try chooseChecks(options.labs)
    let isAlone = chosen.count == 1 && !options.labs.isEmpty
    let submission = try open(options.submission, of: course)
    guard submission.holdsAny(of: chosen, bareFiles: isAlone) else {
      throw .usage(submission.advice(on: chosen))
    }
    let workshop = workshop(course)
    if options.requireConfinement {
      let confinement = try workshop.confinement()
      guard confinement.isComplete else {
        throw .failure(
          "nothing was run: --require-confinement, but this machine lacks "
            + confinement.missing.joined(separator: ", ") + ".")
      }
    }
    let grader = grader(course, workshop)
    let result = try grader.grade(
      submission, labs: chosen, alone: isAlone, only: checks)
    clearProgress()

    var hasReplays = !options.noReplays
    if hasReplays {
      do throws(GradingError) {
        try ReplayFile.write(result, course: course)
      } catch {
        hasReplays = false
        errors("grade: no replays: \(error.message)\n")
      }
    }
    if options.json != "-" {
      let report = TextReport(
        result,
        commands: commands(course, options.submission, options.course, hasReplays: hasReplays),
        style: style, all: options.all, courseLabs: courseLabs(course),
        places: places(course, submission))
      output(report.text)
    }
    try write(JSONReport(result).text, to: options.json)
    if let required = options.require, result.total < required {
      errors("grade: \(result.total) of 100 points, and \(required) are required.\n")
      return 1
    }
    return 0
  }

  private func audit(_ options: AuditOptions) throws(GradingError) -> Int32 {
    let course = try find(options.course)
    let chosen = try choose(options.labs, course)
    if options.writeStubs {
      output(try StubAudit(course: course).write(chosen))
      return 0
    }
    if options.stubs {
      let (text, defects) = try StubAudit(course: course).compare(chosen)
      output(text)
      return defects.isEmpty ? 0 : 1
    }
    if options.promises {
      output(chosen.map { PromiseTable.text($0, style: style) }.joined(separator: "\n"))
      return 0
    }
    if let runs = options.marginRuns {
      return try margins(chosen, runs: runs, only: options.only, course)
    }
    if let mutate = options.mutate { return try self.mutate(chosen, mutate, options.json, course) }
    var audit = Audit(grader: grader(course, workshop(course)))
    audit.only = options.only
    if let gradeAfresh {
      audit.gradeAfresh = { folder, lab in try gradeAfresh(course, folder, lab) }
    }
    let report = AuditReport(try audit.run(chosen), style: style)
    clearProgress()
    if options.json != "-" { output(report.text) }
    try write(report.json, to: options.json)
    return report.defects.isEmpty ? 0 : 1
  }

  private func margins(
    _ labs: [Lab], runs: Int, only: String?, _ course: Course
  ) throws(GradingError) -> Int32 {
    var margins = Margins(grader: grader(course, workshop(course)))
    margins.runs = runs
    margins.only = only
    var areWide = true
    for lab in labs {
      let rows = try margins.run(lab)
      clearProgress()
      output(Margins.text(rows, of: lab, style: style))
      areWide = areWide && rows.allSatisfy(\.isWide)
    }
    return areWide ? 0 : 1
  }

  private func mutate(
    _ labs: [Lab], _ options: MutateOptions, _ json: String?, _ course: Course
  ) throws(GradingError) -> Int32 {
    var run = MutationRun(grader: grader(course, workshop(course)))
    run.count = options.count
    run.seed = options.seed
    run.skipped = options.skip
    run.again = options.again.map { (absolute($0, from: currentDirectory), $0) }
    let report = MutationReport(try run.run(labs), style: style)
    clearProgress()
    if json != "-" { output(report.text) }
    try write(report.json, to: json)
    return report.isClean ? 0 : 1
  }

  func grader(_ course: Course, _ workshop: any Workshop) -> Grader {
    var grader = Grader(course: course, workshop: workshop)
    if showsProgress {
      grader.progress = { [errors] done, total in
        errors("\r\u{1B}[K\(done) of \(total) steps…")
      }
    }
    return grader
  }

  func clearProgress() {
    if showsProgress { errors("\r\u{1B}[K") }
  }

  /// The submission's folder: the one named, else the course's own Exercises.
  func open(_ name: String?, of course: Course) throws(GradingError) -> Submission {
    let submission =
      name.map { Submission(directory: absolute($0, from: currentDirectory), name: $0) }
      ?? Submission(
        directory: course.path("Exercises"), name: prefix(course) + "Exercises", isExercises: true)
    var isFolder: ObjCBool = false
    guard
      FileManager.default.fileExists(atPath: submission.directory, isDirectory: &isFolder)
    else {
      throw .usage("The submission \(submission.name) does not exist.")
    }
    guard isFolder.boolValue else {
      throw .usage(
        "The submission \(submission.name) is a file. Name the folder that it lies in, and the lab: "
          + "grade LAB --submission \(Submission.folder(of: submission.name))")
    }
    return submission
  }

  /// What stands before the course's own paths for somebody in the current folder.
  func prefix(_ course: Course) -> String {
    course.root == absolute(".", from: currentDirectory) ? "" : course.root + "/"
  }

  func commands(
    _ course: Course, _ submission: String?, _ directory: String?, hasReplays: Bool = true
  ) -> Commands {
    let options = [("--submission", submission), ("--course", directory)]
    let suffix = options.map { option, value in
      value.map { " \(option) \($0.asShellWord)" } ?? ""
    }.joined()
    return Commands(suffix: suffix, root: prefix(course), hasReplays: hasReplays, labs: labs)
  }

  /// The commands of a hint; hints can be read outside of a course, too.
  private func hintCommands(_ directory: String?) -> Commands {
    guard let course = try? find(directory) else { return Commands(labs: labs) }
    return commands(course, nil, nil)
  }

  /// Writes `text` where `--json` says.
  private func write(_ text: String, to file: String?) throws(GradingError) {
    switch file {
    case nil: break
    case "-": output(text)
    case let file?: try Files.write(text, to: absolute(file, from: currentDirectory))
    }
  }

  private func places(_ course: Course, _ submission: Submission) -> TextReport.Places {
    let prefix = prefix(course)
    return TextReport.Places(
      firstTask: { lab in Self.firstTask(lab, course: course).map { prefix + $0 } },
      file: { lab, name in
        let inFolder = "\(lab.id)/\(name)"
        let isThere = FileManager.default.fileExists(
          atPath: "\(submission.directory)/\(inFolder)")
        return "\(submission.name)/\(isThere ? inFolder : name)"
      })
  }

  /// The line of the lab's first TODO in the student's own files.
  private static func firstTask(_ lab: Lab, course: Course) -> String? {
    let folder = "Exercises/\(lab.id)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: course.path(folder))) ?? []
    for name in names.filter({ $0.hasSuffix(".swift") }).sorted() {
      let data = FileManager.default.contents(atPath: course.path("\(folder)/\(name)")) ?? Data()
      let lines = String(decoding: data, as: UTF8.self).split(
        omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      if let index = lines.firstIndex(where: { $0.contains("// TODO:") }) {
        return "\(folder)/\(name):\(index + 1)"
      }
    }
    return nil
  }
}

extension String {
  /// The text as one word of a command line.
  fileprivate var asShellWord: String {
    let isPlain =
      !isEmpty
      && unicodeScalars.allSatisfy {
        $0.properties.isAlphabetic || ("0"..."9").contains($0)
          || "-_./~+,:@".unicodeScalars.contains($0)
      }
    return isPlain ? self : "'" + replacing("'", with: "'\\''") + "'"
  }
}
