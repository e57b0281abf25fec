import Foundation
import Labs

extension SourceFile {
  /// Number of the first line for which `test` holds, counted from 1.
  func line(where test: (Substring) -> Bool) -> Int? {
    lines.firstIndex(where: test).map { $0 + 1 }
  }
}

/// The names that a submission to one lab has to use.
struct LabNames: Hashable, Sendable {
  /// The module's name, which is the lab's and the folder's.
  let module: String
  /// The type that the submission declares.
  let subjectType: String
  /// The protocol of LabKit that the type conforms to.
  let contract: String

  init(module: String, subjectType: String, contract: String) {
    self.module = module
    self.subjectType = subjectType
    self.contract = contract
  }

  /// The names of a lab of the kit.
  init(_ lab: Lab) {
    self.init(module: lab.id, subjectType: lab.subjectType, contract: lab.contract)
  }
}

/// Why a submission could not be made into a program, in words for the student.
public struct BuildFailure: Error, Hashable, Sendable {
  /// One line: `BuddySystem does not compile`.
  public let title: String
  /// What is wrong and the way out; several lines when it quotes the compiler.
  public let message: String
  /// The student's file and line, where there is one.
  public let file: String?
  public let line: Int?

  public init(title: String, message: String, file: String? = nil, line: Int? = nil) {
    self.title = title
    self.message = message
    self.file = file
    self.line = line
  }
}

extension BuildFailure {
  /// A refusal of an import, or nil when `module` may be imported.
  static func forbiddenImport(
    of module: String, in files: [SourceFile], allowed: [String]
  ) -> BuildFailure? {
    guard !allowed.contains(module) else { return nil }
    if module == "_Concurrency" { return concurrency("import _Concurrency", nil) }
    var place: (file: String, line: Int)?
    for file in files where place == nil {
      let line = file.line { line in
        let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
        let words = code.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        guard let keyword = words.firstIndex(of: "import") else { return false }
        return words[keyword...].contains(Substring(module))
      }
      if let line { place = (file.place, line) }
    }
    let names = allowed.dropLast().joined(separator: ", ") + " and " + allowed.last!
    let at = place.map { "\($0.file):\($0.line): " } ?? ""
    return BuildFailure(
      title: "`import \(module.prefix(80))` is not available here",
      message: """
        \(at)a submission may import \(names) only: a kernel's allocator has nothing below it to lean on. \
        Remove the import; what the lab asks for can be written with the standard library.
        """, file: place?.file, line: place?.line)
  }
}
