import Foundation
import Labs

/// Puts a lab's stub back where the student works, and keeps what was there.
public struct Reset: Sendable {
  public let course: Course

  public init(course: Course) { self.course = course }

  /// Restores the lab's stub, and its lesson where that is gone, and says what was done, for the student.
  ///
  /// The old files go into a folder beside the lab's, which belongs to no module: a file that is not Swift within
  /// the lab's own folder would make the package manager warn at every build.
  public func run(_ lab: Lab) throws(GradingError) -> String {
    let stub = try course.sources(in: "grading/\(lab.id)/stub")
    let folder = "Exercises/\(lab.id)"
    let old = course.swiftFiles(in: folder)
    var message = try restoreLesson(lab)
    if old.count == stub.count, zip(old, stub).allSatisfy({ $0.isSame(as: $1) }) {
      return message
        + "\(folder) is the stub already; \(message.isEmpty ? "nothing" : "no code") was changed.\n"
    }
    if !old.isEmpty {
      let kept = freeName(folder)
      do {
        try FileManager.default.createDirectory(
          atPath: course.path(kept), withIntermediateDirectories: true)
        for file in old {
          try FileManager.default.moveItem(
            atPath: course.path("\(folder)/\(file.name)"),
            toPath: course.path("\(kept)/\(file.name)"))
        }
      } catch {
        throw .failure("\(folder) cannot be kept in \(kept): \(Files.reason(error)).")
      }
      let names = old.map(\.name).joined(separator: ", ")
      message += "Your files (\(names)) are kept in \(kept).\n"
    }
    for file in stub {
      try Files.write(file.text, to: course.path("\(folder)/\(file.name)"))
    }
    return message + "\(folder) is the stub again.\n"
  }

  /// Puts the lesson back if it is gone, and says so.
  private func restoreLesson(_ lab: Lab) throws(GradingError) -> String {
    let lesson = "Exercises/\(lab.id)/\(StubAudit.lesson)"
    guard !FileManager.default.fileExists(atPath: course.path(lesson)),
      let data = FileManager.default.contents(
        atPath: course.path("grading/\(lab.id)/stub/\(StubAudit.lesson)"))
    else { return "" }
    try Files.write(String(decoding: data, as: UTF8.self), to: course.path(lesson))
    return "The lesson \(lesson) is there again.\n"
  }

  /// The first of `Exercises/Lab.old-1`, `-2`, … that is not there.
  private func freeName(_ folder: String) -> String {
    var number = 1
    while FileManager.default.fileExists(atPath: course.path("\(folder).old-\(number)")) {
      number += 1
    }
    return "\(folder).old-\(number)"
  }
}
