import Confinement
import Foundation

/// One build of one submission: from its files to a program in a scratch folder.
struct Recipe {
  var files: [SourceFile]
  var lab: LabNames
  var optimised: Bool
  var toolchain: Toolchain
  var kit: KitObjects
  var scratch: URL
  /// What may be imported beside the ordinary.
  var extraImports: [String]

  /// Names what is done below; to be raised when that changes, so that older programs are not taken for new ones.
  static let version = "worker 4"

  private static let imports = ["Swift", "LabKit", "Synchronization"]
  /// Where the submission's files lie in the scratch folder.
  private static let folder = "src"

  /// Leaves the program as `worker` in the scratch folder.
  ///
  /// - Throws: ``BuildFailure`` when the submission is to blame, ``GradingError`` when the grader is.
  func make() throws {
    guard !files.isEmpty else {
      throw BuildFailure(
        title: "\(lab.module) has no Swift files",
        message:
          "A submission to this lab is a folder \(lab.module) with \(lab.module).swift in it.")
    }
    try write(into: scratch.appending(path: Self.folder))
    try scanImports()

    let main = generatedMain
    do {
      try Data(main.text.utf8).write(to: scratch.appending(path: main.name))
    } catch {
      throw GradingError.failure("\(scratch.path) cannot be written: \(error.localizedDescription)")
    }
    var compiled = try compile(main, moduleCache: kit.moduleCache.path)
    if !compiled.succeeded, compiled.words.contains(kit.moduleCache.path) {
      // The system's headers are newer than the shared cache, which a confined compiler cannot renew.
      compiled = try compile(main, moduleCache: "modules")
    }
    guard compiled.succeeded else {
      let places = files.map { ("\(Self.folder)/\($0.name)", $0.place) }
      throw BuildFailure.compile(
        compiled, places: Dictionary(uniqueKeysWithValues: places), files: files, main: main.name,
        lab: lab)
    }
    let linked = try ToolRun.of(
      confined(
        toolchain.linker,
        toolchain.linkFlags(
          objects: ["submission.o"] + kit.objects, output: "worker", isStatic: kit.isStatic,
          keepsLines: !optimised)),
      seconds: Self.wallSeconds)
    guard linked.succeeded else { throw BuildFailure.link(linked, lab: lab) }
    tidy()
    chmod(scratch.appending(path: "worker").path, 0o755)
  }

  private func compile(_ main: SourceFile, moduleCache: String) throws(GradingError) -> ToolRun {
    try ToolRun.of(
      confined(
        toolchain.compiler,
        ["-c"] + languageFlags + ["-module-cache-path", moduleCache]
          + kit.importFolders.flatMap { ["-I", $0] } + ["-o", "submission.o", main.name]
          + sourcePaths), seconds: Self.wallSeconds)
  }

  private static let wallSeconds = 300.0

  /// Tasks, actors and clocks are not there: a worker has one thread, and nothing would ever run or end them.
  private var languageFlags: [String] {
    toolchain.compileFlags + (optimised ? ["-O"] : ["-Onone", "-gline-tables-only"]) + [
      "-module-name", lab.module, "-diagnostic-style=llvm", "-no-color-diagnostics",
      "-Xfrontend", "-disable-implicit-concurrency-module-import",
      "-Xfrontend", "-solver-expression-time-threshold=3",
    ]
  }

  private var sourcePaths: [String] { files.map { "\(Self.folder)/\($0.name)" } }

  /// The program's start: hands the student's type to the worker's loop.
  ///
  /// `LabBench::serve` means LabBench's function, whatever the submission declares. The name comes from a hash of the
  /// submission, so that no honest one holds it; one that was made to hold it does not compile.
  private var generatedMain: SourceFile {
    var key = BuildKey()
    key.add(files: files)
    let name = "WorkerMain_\(key.hash)"
    return SourceFile(
      name: name + ".swift",
      text: """
        import LabBench
        @main enum \(name) { static func main() { LabBench::serve(\(lab.subjectType).self) } }

        """)
  }

  private func write(into folder: URL) throws(GradingError) {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for file in files {
        try Data(file.text.utf8).write(to: folder.appending(path: file.name))
      }
    } catch {
      throw GradingError.failure("\(folder.path) cannot be written: \(error.localizedDescription)")
    }
  }

  /// Refuses imports that are not the lab's; a file that cannot be parsed is left to the compiler.
  ///
  /// The list comes in a file of its own: what the compiler prints may hold warnings and remarks of any form.
  private func scanImports() throws {
    let list = "imports"
    let scan = try ToolRun.of(
      confined(
        toolchain.compiler,
        ["-frontend", "-emit-imported-modules", "-swift-version", "6", "-parse-as-library"]
          + sourcePaths + ["-module-name", lab.module, "-o", list]), seconds: Self.wallSeconds)
    guard scan.succeeded, let text = readScratch(list) else { return }
    let allowed = Self.imports + extraImports
    for module in text.split(separator: "\n") {
      let refusal = BuildFailure.forbiddenImport(
        of: String(module), in: files, allowed: allowed)
      if let refusal { throw refusal }
    }
  }

  /// The text of a file that the compiler wrote.
  private func readScratch(_ name: String) -> String? {
    try? String(contentsOf: scratch.appending(path: name), encoding: .utf8)
  }

  /// Leaves nothing but the program.
  private func tidy() {
    let files = FileManager.default
    for name in (try? files.contentsOfDirectory(atPath: scratch.path)) ?? [] where name != "worker"
    {
      try? files.removeItem(at: scratch.appending(path: name))
    }
  }

  private func confined(_ tool: String, _ arguments: [String]) -> LaunchPlan {
    Self.confined(
      tool, arguments, scratch: scratch, toolchain: toolchain, kit: kit)
  }

  /// A compiler or linker that may read the toolchain, the system's libraries and the kit, and write its scratch folder.
  ///
  /// Nothing in the scratch folder may be executed: a submission can name a program of its own to some tools.
  static func confined(
    _ tool: String, _ arguments: [String], scratch: URL, toolchain: Toolchain, kit: KitObjects
  ) -> LaunchPlan {
    var plan = LaunchPlan(
      profile: LAB_COMPILER, program: .path(tool), arguments: [tool] + arguments,
      environment: Toolchain.inheritedEnvironment(scratch: scratch.path))
    plan.directory = scratch.path
    plan.memoryBytes = 4 << 30
    plan.processorSeconds = 30
    plan.fileBytes = 300 << 20
    plan.openFiles = 512
    plan.rules =
      [toolchain.root, "/usr", "/bin", "/lib", "/lib64", "/Library/Developer", "/Applications"]
      .map(FileRule.run)
      + ["/etc/ld.so.cache", "/etc/alternatives", "/dev/urandom", "/proc", kit.moduleCache.path]
      .map(FileRule.read)
      + kit.importFolders.map(FileRule.read)
      + [.write(scratch.path), .write("/dev/null")]
    return plan
  }
}
