import Confinement
import Foundation

/// The kit's own modules, compiled once with optimisation, that every worker is linked with.
struct KitObjects: Sendable {
  /// Holds the modules and objects of AllocationTrace, LabKit and LabBench.
  let folder: URL
  /// Holds those of KernelMemory; nil until a worker links the reference.
  let reference: URL?
  /// Whether a statically linked program came out of this toolchain.
  let isStatic: Bool
  /// Names what the objects were made from; part of a worker's cache key.
  let identity: String

  /// Clang's modules of the system, filled by the kit's own builds; confined compilers only read it.
  let moduleCache: URL

  static let modules = ["AllocationTrace", "LabKit", "LabBench"]

  var objects: [String] {
    Self.modules.map { folder.appending(path: "\($0).o").path }
      + (reference.map { [$0.appending(path: "KernelMemory.o").path] } ?? [])
  }

  var importFolders: [String] { [folder.path] + (reference.map { [$0.path] } ?? []) }

  /// Builds what is not in the cache yet.
  ///
  /// - Parameter willBuild: called before anything is built.
  static func make(
    root: URL, toolchain: Toolchain, cache: BuildCache, withReference: Bool,
    willBuild: () -> Void = {}
  ) throws -> KitObjects {
    var key = BuildKey("kit 5", toolchain.version)
    var sources: [String: [String]] = [:]
    for module in modules {
      let files = try swiftFiles(below: root.appending(path: "Sources/\(module)"))
      sources[module] = files.map(\.name)
      key.add(module)
      key.add(files: files)
    }
    let moduleCache = cache.moduleCache
    let folder = try cache.product("kit", key: key, holding: "linking") { scratch in
      willBuild()
      for module in modules {
        try compile(
          module, sources[module]!, into: scratch, toolchain: toolchain, moduleCache: moduleCache)
      }
      let kind =
        try linkTrial(in: scratch, toolchain: toolchain, moduleCache: moduleCache)
        ? "static" : "dynamic"
      try Data(kind.utf8).write(to: scratch.appending(path: "linking"))
    }
    let linking = try? String(contentsOf: folder.appending(path: "linking"), encoding: .utf8)
    var identity = key.hash

    var reference: URL?
    if withReference {
      let files = try swiftFiles(below: root.appending(path: "Sources/KernelMemory"))
      var key = BuildKey("reference 2", toolchain.version)
      key.add(files: files)
      reference = try cache.product("kit", key: key, holding: "KernelMemory.o") { scratch in
        willBuild()
        try compile(
          "KernelMemory", files.map(\.name), into: scratch, toolchain: toolchain,
          moduleCache: moduleCache)
      }
      identity += " " + key.hash
    }
    return KitObjects(
      folder: folder, reference: reference, isStatic: linking == "static", identity: identity,
      moduleCache: moduleCache)
  }

  /// The kit's own files; a file's name is its whole path.
  private static func swiftFiles(
    below folder: URL
  ) throws(GradingError) -> [SourceFile] {
    let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    var files: [SourceFile] = []
    while let url = all?.nextObject() as? URL {
      guard url.pathExtension == "swift" else { continue }
      guard let text = try? String(contentsOf: url, encoding: .utf8) else {
        throw GradingError.failure("\(url.path) cannot be read")
      }
      files.append(SourceFile(name: url.path, text: text))
    }
    guard !files.isEmpty else {
      throw GradingError.failure(
        "\(folder.path) holds no Swift files; name the kit's folder with --course")
    }
    return files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func compile(
    _ module: String, _ files: [String], into folder: URL, toolchain: Toolchain,
    moduleCache: URL
  ) throws(GradingError) {
    let plan = LaunchPlan(
      profile: LAB_TRUSTED, program: .path(toolchain.compiler),
      arguments: [toolchain.compiler] + toolchain.compileFlags + [
        "-O", "-D", "KIT_WORKER", "-package-name", "kernel_memory_lab", "-module-name", module,
        "-I", folder.path,
        "-module-cache-path", moduleCache.path, "-emit-module", "-emit-module-path",
        folder.appending(path: "\(module).swiftmodule").path, "-c", "-o",
        folder.appending(path: "\(module).o").path,
      ] + files,
      environment: Toolchain.inheritedEnvironment())
    var run = try ToolRun.of(plan, seconds: 600)
    if !run.succeeded {
      // A module cache may be damaged, by a run that was ended or a disk that was full; it is made anew.
      try? FileManager.default.removeItem(at: moduleCache)
      run = try ToolRun.of(plan, seconds: 600)
    }
    guard run.succeeded else {
      throw GradingError.failure("the kit's own module \(module) did not compile:\n\(run.words)")
    }
  }

  /// Tries whether a program can be linked statically: the toolchain's static libraries and the system's are needed.
  ///
  /// Its compile fills the module cache for unoptimised submissions; the kit's own has done so for optimised ones.
  private static func linkTrial(
    in folder: URL, toolchain: Toolchain, moduleCache: URL
  ) throws(GradingError) -> Bool {
    let source = folder.appending(path: "trial.swift").path
    let object = folder.appending(path: "trial.o").path
    let program = folder.appending(path: "trial").path
    guard
      FileManager.default.createFile(
        atPath: source,
        contents: Data("import LabBench\n@main enum Trial { static func main() {} }\n".utf8))
    else { throw GradingError.failure("\(source) cannot be written") }
    let environment = Toolchain.inheritedEnvironment()
    let compiled = try ToolRun.of(
      LaunchPlan(
        profile: LAB_TRUSTED, program: .path(toolchain.compiler),
        arguments: [toolchain.compiler] + toolchain.compileFlags + [
          "-Onone", "-module-name", "Trial", "-I", folder.path, "-module-cache-path",
          moduleCache.path, "-c", source, "-o",
          object,
        ], environment: environment), seconds: 120)
    guard compiled.succeeded else {
      throw GradingError.failure(
        "the compiler does not compile an empty program:\n\(compiled.words)")
    }
    guard toolchain.mayLinkStatically else { return false }
    let objects = [object] + modules.map { folder.appending(path: "\($0).o").path }
    let linked = try ToolRun.of(
      LaunchPlan(
        profile: LAB_TRUSTED, program: .path(toolchain.linker),
        arguments: [toolchain.linker]
          + toolchain.linkFlags(objects: objects, output: program, isStatic: true),
        environment: environment), seconds: 120)
    for file in [source, object, program] { try? FileManager.default.removeItem(atPath: file) }
    return linked.succeeded
  }
}
