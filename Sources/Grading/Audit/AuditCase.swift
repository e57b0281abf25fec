import Foundation
import Labs

/// A submission whose score is known beforehand.
public struct AuditCase: Sendable {
  public enum Role: Sendable {
    /// The stub made afresh from the solution: earns nothing in any check.
    case stub
    /// Answers the same thing always: earns nothing in any check.
    case constant
    case solution
    /// A correct submission of another design.
    case wheat
    /// Lacks one part; earns about half.
    case halfRight(expects: ClosedRange<Int>)
    case mutant(Mutant)
  }

  public let lab: Lab
  /// `wheats/bitmap`: the folder under `grading/<Lab>` and the name.
  public let name: String
  public let role: Role
  public let sources: [SourceFile]
  public let linksReference: Bool

  var mutant: Mutant? { if case .mutant(let mutant) = role { mutant } else { nil } }

  /// The checks that are run at once. Those of speed wait where nothing depends on them: each takes seconds of its own.
  var checks: [Check] {
    guard let mutant else { return lab.checks }
    return lab.check(mutant.caughtBy)?.kind == .performance
      ? lab.checks : lab.checks.filter { $0.kind != .performance }
  }
}

/// What is wrong with a lab's checks or with what they are tried on.
public struct Defect: Hashable, Sendable {
  /// A file or folder from the root, or a check.
  public let place: String
  public let message: String

  public init(place: String, message: String) {
    self.place = place
    self.message = message
  }
}

/// The submissions of one lab that its audit grades.
struct AuditCatalogue {
  let lab: Lab
  private(set) var cases: [AuditCase] = []
  private(set) var defects: [Defect] = []

  private let course: Course

  /// Reads `Solutions/<Lab>` and `grading/<Lab>`.
  ///
  /// - Throws: ``GradingError/usage(_:)`` when there is no solution to audit with.
  init(_ lab: Lab, course: Course) throws(GradingError) {
    self.lab = lab
    self.course = course
    let solution = try Self.solution(of: lab, course: course)
    do throws(GradingError) {
      var stub: [SourceFile] = []
      for file in solution {
        stub.append(
          try StubGenerator.stub(of: file, named: "Solutions/\(lab.id)/\(file.name)"))
      }
      add(name: "stub", .stub, stub)
    } catch {
      defects.append(Defect(place: "Solutions/\(lab.id)", message: error.message))
    }
    add(name: "solution", .solution, solution)
    for name in folders("constants") { add(folder: "constants/\(name)") { _ in .constant } }
    for name in folders("wheats") { add(folder: "wheats/\(name)") { _ in .wheat } }
    for name in folders("halfright") {
      add(folder: "halfright/\(name)") { header in
        let bounds = (header["expects"] ?? "").split(separator: "...").compactMap { Int($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1] else { return nil }
        return .halfRight(expects: bounds[0]...bounds[1])
      }
    }
    addMutants()
  }

  /// The solution's files.
  static func solution(of lab: Lab, course: Course) throws(GradingError) -> [SourceFile] {
    guard FileManager.default.fileExists(atPath: course.path("Solutions/\(lab.id)")) else {
      throw .usage(
        """
        Solutions/\(lab.id) does not exist, and an audit needs the solution.
        The audit is for maintainers; a copy made for students has no solutions. To grade: swift run grade \(lab.id)
        """)
    }
    return try course.sources(in: "Solutions/\(lab.id)")
  }

  private mutating func add(
    name: String, _ role: AuditCase.Role, _ sources: [SourceFile], linksReference: Bool = false
  ) {
    cases.append(
      AuditCase(
        lab: lab, name: name, role: role, sources: sources, linksReference: linksReference))
  }

  private mutating func add(folder: String, role: ([String: String]) -> AuditCase.Role?) {
    let path = "grading/\(lab.id)/\(folder)"
    do throws(GradingError) {
      let sources = try course.sources(in: path)
      let header = Self.header(of: sources)
      guard let role = role(header) else {
        defects.append(
          Defect(place: path, message: "no line “// expects: LOW...HIGH” at the head of a file"))
        return
      }
      add(name: folder, role, sources, linksReference: header["links"] == "KernelMemory")
    } catch {
      defects.append(Defect(place: path, message: error.message))
    }
  }

  private mutating func addMutants() {
    let folder = "grading/\(lab.id)/mutants"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: course.path(folder))) ?? [])
      .filter { $0.hasSuffix(".mutant") }.sorted()
    for name in names {
      let place = "\(folder)/\(name)"
      let data = FileManager.default.contents(atPath: course.path(place)) ?? Data()
      do {
        let mutant = try Mutant(
          parsing: String(decoding: data, as: UTF8.self), id: String(name.dropLast(7)))
        guard lab.check(mutant.caughtBy) != nil else {
          throw MutantError("the lab has no check “\(mutant.caughtBy)”")
        }
        guard FileManager.default.fileExists(atPath: course.path(mutant.base)) else {
          throw MutantError("its base \(mutant.base) does not exist")
        }
        let base = try course.sources(in: mutant.base)
        add(
          name: "mutants/\(mutant.id)", .mutant(mutant), try mutant.apply(to: base),
          linksReference: Self.header(of: base)["links"] == "KernelMemory")
      } catch let error as MutantError {
        defects.append(Defect(place: place, message: error.message))
      } catch {
        defects.append(
          Defect(place: place, message: (error as? GradingError)?.message ?? "\(error)"))
      }
    }
  }

  private func folders(_ name: String) -> [String] {
    let path = course.path("grading/\(lab.id)/\(name)")
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
      .filter { !$0.hasPrefix(".") }.sorted()
  }

  /// The `// key: value` lines before the first line that is no comment, of every file.
  static func header(of sources: [SourceFile]) -> [String: String] {
    var header: [String: String] = [:]
    for file in sources {
      for line in file.text.split(separator: "\n") {
        guard line.hasPrefix("//") else { break }
        let parts = line.drop { $0 == "/" }.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { continue }
        let key = parts[0].trimmingCharacters(in: .whitespaces)
        header[key] = parts[1].trimmingCharacters(in: .whitespaces)
      }
    }
    return header
  }
}
