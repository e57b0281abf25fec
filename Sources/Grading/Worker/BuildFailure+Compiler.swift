import Foundation

extension BuildFailure {
  /// Says what a compiler's errors mean to the student of a lab.
  ///
  /// Errors in the student's own files are quoted; an error in the generated main is never shown, but told in the lab's words.
  static func compile(
    _ run: ToolRun, folder: String, files: [SourceFile], main: String, lab: LabNames
  ) -> BuildFailure {
    let messages = CompilerMessage.errors(in: run.output, folder: folder)
    let own = messages.filter { $0.file != nil && $0.file != main }
    if let main = own.first(where: {
      $0.text.contains("'main' attribute") || $0.text.contains("symbol 'main'")
    }) {
      return ownMain(main)
    }
    if let loose = own.first(where: { $0.text.contains("not allowed at the top level") }) {
      return BuildFailure(
        title: "\(lab.module): code outside of every function",
        message: """
          A submission is a module, not a program: at the top level it declares types and functions, and the checks call \
          them. Move these statements into a function, or into a test.

          \(loose.quotation)
          """, file: loose.file, line: loose.line)
    }
    if let first = own.first {
      let quoted = own.prefix(5).map(\.quotation).joined(separator: "\n")
      let rest = own.count > 5 ? "\n… and \(own.count - 5) more errors" : ""
      return BuildFailure(
        title: "\(lab.module) does not compile", message: quoted + rest, file: first.file,
        line: first.line)
    }
    if messages.contains(where: { $0.text.contains("multiple definitions of symbol 'main'") }) {
      return ownMain(nil)
    }
    if let message = messages.first(where: { $0.file != nil }) {
      return contract(message, files: files, lab: lab)
    }
    switch run.ending {
    case .exited:
      let text = messages.first?.text ?? run.output
      return BuildFailure(
        title: "\(lab.module) does not compile",
        message: "The compiler gave up without naming a line: \(text.prefix(2_000))")
    case .overtime, .signalled(SIGXCPU), .signalled(SIGKILL):
      return BuildFailure(
        title: "\(lab.module) takes too long to compile",
        message: """
          The compiler was stopped. Most often one very large expression or literal is to blame: split it, and write \
          down the types of its parts.
          """)
    case .signalled(let number):
      return BuildFailure(
        title: "\(lab.module) crashed the compiler",
        message: """
          The compiler was stopped by signal \(number), a fault of its own or too little memory. Undo the last change \
          and try again; build the same change in smaller steps.
          """)
    }
  }

  /// Explains an error in the generated main, which names the subject type and asks for its contract.
  private static func contract(
    _ message: CompilerMessage, files: [SourceFile], lab: LabNames
  ) -> BuildFailure {
    let type = lab.subjectType
    let declaration = "`struct \(type): \(lab.contract) { … }`"
    let declared = declarations(in: files)
    if message.text.contains("generic parameter") {
      return BuildFailure(
        title: "\(type) may not be generic",
        message: """
          The checks make a \(type) themselves and would not know for which type: declare it without parameters, \
          \(declaration).
          """)
    }
    if let found = declared.first(where: { $0.name == type }) {
      if found.isHidden {
        return BuildFailure(
          title: "\(type) is hidden from the checks",
          message: "Remove `private` from its declaration: \(declaration).", file: found.file,
          line: found.line)
      }
      return BuildFailure(
        title: "\(type) does not say that it is a \(lab.contract)",
        message: """
          The checks speak to your type through the protocol \(lab.contract). Name it where the type is declared: \
          \(declaration).
          """, file: found.file, line: found.line)
    }
    if let renamed = declared.first(where: { $0.inherits.contains(lab.contract) }) {
      return BuildFailure(
        title: "There is no type called \(type)",
        message: """
          \(renamed.file):\(renamed.line): `\(renamed.name)` is a \(lab.contract), but the checks look for the name \
          \(type). Call it so: \(declaration).
          """, file: renamed.file, line: renamed.line)
    }
    return BuildFailure(
      title: "There is no type called \(type)",
      message: """
        The checks look for \(declaration) in your files and did not find it. Was it renamed or removed? \
        `grade reset \(lab.module)` brings the stub back and keeps your file beside it.
        """)
  }

  static func ownMain(_ message: CompilerMessage?) -> BuildFailure {
    BuildFailure(
      title: "The submission has a main of its own",
      message: """
        A submission is a module, not a program: the checks start it. Remove `@main`, or the function called main, and \
        keep the types.\(message.map { "\n\n" + $0.quotation } ?? "")
        """, file: message?.file, line: message?.line)
  }

  /// A type that a submission declares, by a look at its text; good enough for advice.
  private struct Declaration {
    var name: String
    var inherits: [String]
    var isHidden: Bool
    var file: String
    var line: Int
  }

  private static func declarations(in files: [SourceFile]) -> [Declaration] {
    var found: [Declaration] = []
    for file in files {
      let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, line) in lines.enumerated() {
        let words = line.prefix { $0 != "{" && $0 != "/" }.split {
          !($0.isLetter || $0.isNumber || $0 == "_")
        }.map(String.init)
        guard let keyword = words.firstIndex(where: { typeKeywords.contains($0) }),
          keyword + 1 < words.count
        else { continue }
        found.append(
          Declaration(
            name: words[keyword + 1], inherits: Array(words[(keyword + 2)...]),
            isHidden: words[..<keyword].contains { $0 == "private" || $0 == "fileprivate" },
            file: file.name, line: index + 1))
      }
    }
    return found
  }

  private static let typeKeywords: Set = ["struct", "class", "enum", "actor"]

  /// Says what a linker's errors mean to the student.
  static func link(_ run: ToolRun, lab: LabNames) -> BuildFailure {
    if run.output.contains("duplicate symbol: main")
      || run.output.contains("multiple definition of `main'")
    {
      return ownMain(nil)
    }
    let lines = run.output.split(separator: "\n").filter { $0.contains("error") }.prefix(3)
    let quoted = lines.map { line in
      line.split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces) ?? ""
    }
    return BuildFailure(
      title: "\(lab.module) compiles, but makes no program",
      message: """
        The linker refused it. A submission is plain Swift: no attributes that name symbols or sections \
        (`@_silgen_name`, `@_cdecl`, `@section`).
        \(quoted.joined(separator: "\n"))
        """)
  }
}
