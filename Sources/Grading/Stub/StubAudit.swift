import Foundation
import Labs

/// Compares the stubs that students have with what the solutions give.
///
/// The lesson is written in `Exercises/<Lab>`; beside the stub lies a copy of it, from which `grade reset` restores it.
public struct StubAudit: Sendable {
  /// The lesson's file name.
  static let lesson = "README.md"

  public let course: Course

  public init(course: Course) { self.course = course }

  /// A line for each lab, and the defects: stubs or exercises that differ.
  public func compare(_ labs: [Lab]) throws(GradingError) -> (text: String, defects: [Defect]) {
    var lines: [String] = []
    var defects: [Defect] = []
    for lab in labs {
      let fresh = try generate(lab)
      var differing: [Defect] = []
      for folder in ["grading/\(lab.id)/stub", "Exercises/\(lab.id)"] {
        differing += Self.differences(fresh, course.swiftFiles(in: folder), place: folder)
      }
      if text("Exercises/\(lab.id)/\(Self.lesson)") != text("grading/\(lab.id)/stub/\(Self.lesson)")
      {
        differing.append(
          Defect(
            place: "grading/\(lab.id)/stub/\(Self.lesson)",
            message:
              "differs from Exercises/\(lab.id)/\(Self.lesson); `grade audit --write-stubs` copies it"
          ))
      }
      lines.append(
        differing.isEmpty
          ? "✔ \(lab.id): the solution's stub, grading/\(lab.id)/stub and Exercises/\(lab.id) agree"
          : differing.map { "✘ \($0.place): \($0.message)" }.joined(separator: "\n"))
      defects += differing
    }
    return (lines.joined(separator: "\n") + "\n", defects)
  }

  /// Writes `grading/<Lab>/stub` anew, and `Exercises/<Lab>` where it is still the old stub; answers what was done.
  public func write(_ labs: [Lab]) throws(GradingError) -> String {
    var lines: [String] = []
    for lab in labs {
      let fresh = try generate(lab)
      let stub = "grading/\(lab.id)/stub"
      let exercise = "Exercises/\(lab.id)"
      let old = course.swiftFiles(in: stub)
      let isUntouched =
        course.swiftFiles(in: exercise) == old || course.swiftFiles(in: exercise).isEmpty
      for file in old where !fresh.contains(where: { $0.name == file.name }) {
        unlink(course.path("\(stub)/\(file.name)"))
        if isUntouched { unlink(course.path("\(exercise)/\(file.name)")) }
      }
      for file in fresh {
        try Files.write(file.text, to: course.path("\(stub)/\(file.name)"))
        if isUntouched { try Files.write(file.text, to: course.path("\(exercise)/\(file.name)")) }
      }
      if let lesson = text("\(exercise)/\(Self.lesson)") {
        try Files.write(lesson, to: course.path("\(stub)/\(Self.lesson)"))
      }
      lines.append("\(stub) is written.")
      lines.append(
        isUntouched
          ? "\(exercise) is written." : "\(exercise) holds somebody's work and is left alone.")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func text(_ file: String) -> String? {
    FileManager.default.contents(atPath: course.path(file)).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  private func generate(_ lab: Lab) throws(GradingError) -> [SourceFile] {
    var stub: [SourceFile] = []
    for file in try AuditCatalogue.solution(of: lab, course: course) {
      stub.append(try StubGenerator.stub(of: file, named: "Solutions/\(lab.id)/\(file.name)"))
    }
    return stub
  }

  private static func differences(
    _ fresh: [SourceFile], _ found: [SourceFile], place: String
  ) -> [Defect] {
    var defects: [Defect] = []
    for file in fresh {
      let path = "\(place)/\(file.name)"
      guard let other = found.first(where: { $0.name == file.name }) else {
        defects.append(Defect(place: path, message: "missing"))
        continue
      }
      guard other.text != file.text else { continue }
      let ours = file.text.split(separator: "\n", omittingEmptySubsequences: false)
      let theirs = other.text.split(separator: "\n", omittingEmptySubsequences: false)
      let line = zip(ours, theirs).prefix { $0 == $1 }.count + 1
      defects.append(
        Defect(place: "\(path):\(line)", message: "differs from the stub that the solution gives"))
    }
    for file in found where !fresh.contains(where: { $0.name == file.name }) {
      defects.append(
        Defect(place: "\(place)/\(file.name)", message: "the solution has no such file"))
    }
    return defects
  }
}
