import Foundation

extension BuildFailure {
  /// Says what a compiler's errors mean to the student of a lab.
  ///
  /// Errors in the student's own files are quoted; an error in the generated main is never shown, but told in the lab's words.
  ///
  /// - Parameters:
  ///   - places: how messages name a file that the compiler knows by another path.
  ///   - main: the generated main's file.
  static func compile(
    _ run: ToolRun, places: [String: String], files: [SourceFile], main: String, lab: LabNames
  ) -> BuildFailure {
    let messages = CompilerMessage.errors(in: run.words, places: places)
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
    if let refused = own.lazy.compactMap({ unavailable($0) }).first { return refused }
    // What a type lacks may follow from another error, which comes first then; unless a name that it renamed is behind all.
    let lacks = own.filter { $0.text.contains("does not conform to protocol") }
    if lacks.count == own.count || lacks.contains(where: { renaming($0, files: files) != nil }),
      let missing = lacks.lazy.compactMap({ missingMethods($0, files: files, lab: lab) }).first
    {
      return missing
    }
    let errors = own.filter { !lacks.contains($0) } + lacks
    if let first = errors.first {
      let quoted = errors.prefix(5).map(\.quotation).joined(separator: "\n")
      let rest = errors.count > 5 ? "\n… and \(errors.count - 5) more errors" : ""
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
    let crash = messages.lazy.compactMap { signal(in: $0.text) }.first
    switch crash.map({ .signalled($0) }) ?? run.ending {
    case .exited:
      let text = messages.first?.text ?? run.words
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
    let declared = Declaration.all(in: files)
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

  /// The signal that ended the compiler proper, by what its driver says.
  private static func signal(in text: String) -> Int32? {
    guard let range = text.range(of: "failed due to signal ") else { return nil }
    return Int32(text[range.upperBound...].prefix { $0.isNumber })
  }

  /// Says what a linker's errors mean to the student.
  static func link(_ run: ToolRun, lab: LabNames) -> BuildFailure {
    if run.words.contains("duplicate symbol: main")
      || run.words.contains("multiple definition of `main'")
    {
      return ownMain(nil)
    }
    let lines = run.words.split(separator: "\n").filter { $0.contains("error") }.prefix(3)
    let quoted = lines.map { line in
      String(line.split(separator: ":", maxSplits: 1).last ?? "").prefix(300)
        .trimmingCharacters(in: .whitespaces)
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
