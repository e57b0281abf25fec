import Confinement
import Foundation

/// The Swift compiler and linker of this machine.
struct Toolchain: Sendable {
  /// The compiler driver itself, not a shim in front of it.
  let compiler: String
  let linker: String
  /// `-fuse-ld=lld` where lld is there; empty otherwise.
  let linkerFlags: [String]
  /// The folder that holds `swift/` and `swift_static/`, for example `/opt/swift/usr/lib`.
  let libraries: String
  /// For example `x86_64-unknown-linux-gnu`.
  let triple: String
  let architecture: String
  /// `linux`, `macosx`…
  let platform: String
  /// The compiler's own words about its version; part of every cache key.
  let version: String
  /// The SDK to compile against; macOS only.
  let sdk: String?
  /// Below which a confined compiler may read and execute.
  let root: String

  private struct TargetInfo: Decodable {
    struct Target: Decodable {
      var triple: String
      var arch: String
      var platform: String
    }
    struct Paths: Decodable { var runtimeResourcePath: String }
    var compilerVersion: String
    var target: Target
    var paths: Paths
  }

  /// Finds the toolchain by the `swiftc` that `PATH` names.
  static func find() throws(GradingError) -> Toolchain {
    guard let found = inSearchPath("swiftc") else {
      throw GradingError.failure(
        "there is no swiftc in PATH; a submission cannot be compiled. Install Swift, or add its bin folder to PATH"
      )
    }
    let run = try ToolRun.of(
      LaunchPlan(
        profile: LAB_TRUSTED, program: .path(found), arguments: [found, "-print-target-info"],
        environment: inheritedEnvironment()), seconds: 60)
    guard run.succeeded,
      let info = try? JSONDecoder().decode(TargetInfo.self, from: Data(run.output.utf8))
    else {
      throw GradingError.failure(
        "\(found) -print-target-info did not answer as a Swift compiler does: \(run.words)")
    }
    let libraries = (info.paths.runtimeResourcePath as NSString).deletingLastPathComponent
    let root = (libraries as NSString).deletingLastPathComponent
    let compiler = executable(root + "/bin/swiftc") ?? found
    guard let linker = executable(root + "/bin/clang") ?? inSearchPath("clang") else {
      throw GradingError.failure(
        "there is no clang beside \(compiler) nor in PATH; a submission cannot be linked")
    }
    let isMac = info.target.platform.hasPrefix("macos")
    let folder = (linker as NSString).deletingLastPathComponent
    let hasLLD =
      executable(folder + "/ld.lld") != nil || inSearchPath("ld.lld") != nil
    return Toolchain(
      compiler: compiler, linker: linker, linkerFlags: hasLLD && !isMac ? ["-fuse-ld=lld"] : [],
      libraries: libraries, triple: info.target.triple, architecture: info.target.arch,
      platform: isMac ? "macosx" : info.target.platform,
      version: "\(info.compilerVersion) \(info.target.triple) \(compiler)",
      sdk: isMac ? try macSDK() : nil, root: root)
  }

  /// Flags that every compile has.
  var compileFlags: [String] {
    ["-swift-version", "6", "-wmo", "-parse-as-library", "-suppress-warnings"]
      + (sdk.map { ["-sdk", $0] } ?? [])
  }

  /// The fixed linker line; nothing in it comes from an object file, unlike `swiftc`'s own, which takes options
  /// from a section of each object and would run what a submission says there.
  ///
  /// - Parameter keepsLines: keeps the line table, by which a trap's place is found.
  func linkFlags(
    objects: [String], output: String, isStatic: Bool, keepsLines: Bool = false
  ) -> [String] {
    let common = ["-lswiftCore", "-lswiftSwiftOnoneSupport", "-lswift_Concurrency"]
    let text = ["-lswift_StringProcessing", "-lswift_RegexParser", "-lswiftSynchronization"]
    if platform == "macosx" {
      return ["--target=\(triple)", "-isysroot", sdk ?? "/"] + objects + [
        "-L\(libraries)/swift/macosx", "-L\(sdk ?? "")/usr/lib/swift",
        "-Wl,-rpath,/usr/lib/swift", "-lswiftCore", "-o", output,
      ]
    }
    let kind = isStatic ? "swift_static" : "swift"
    let folder = "\(libraries)/\(kind)/\(platform)"
    var flags = linkerFlags + ["--target=\(triple)", "-o", output] + (keepsLines ? [] : ["-Wl,-s"])
    flags += ["\(folder)/\(architecture)/swiftrt.o"] + objects + ["-L\(folder)"] + common + text
    flags += ["-lswiftGlibc"]
    if isStatic {
      flags += ["-static", "@\(folder)/static-executable-args.lnk"]
    } else {
      flags += ["-Wl,-rpath,\(folder)", "-pie"]
    }
    return flags
  }

  /// The tool that finds the line of an address; nil where the toolchain has none.
  var symbolizer: String? {
    Self.executable((compiler as NSString).deletingLastPathComponent + "/llvm-symbolizer")
  }

  /// Where there are static libraries to try at all.
  var mayLinkStatically: Bool {
    FileManager.default.fileExists(
      atPath: "\(libraries)/swift_static/\(platform)/static-executable-args.lnk")
  }

  /// The environment of compilers and linkers: what they need to find their parts.
  static func inheritedEnvironment(scratch: String? = nil) -> [String] {
    let process = ProcessInfo.processInfo.environment
    var environment = ["LC_ALL=C"]
    for name in ["PATH", "DEVELOPER_DIR", "SDKROOT", "TOOLCHAINS", "HOME"] {
      if let value = process[name] { environment.append("\(name)=\(value)") }
    }
    if let scratch { environment.append("TMPDIR=\(scratch)") }
    return environment
  }

  private static func macSDK() throws(GradingError) -> String {
    let tool = "/usr/bin/xcrun"
    let run = try ToolRun.of(
      LaunchPlan(
        profile: LAB_TRUSTED, program: .path(tool),
        arguments: [tool, "--sdk", "macosx", "--show-sdk-path"],
        environment: inheritedEnvironment()), seconds: 60)
    guard run.succeeded else {
      throw GradingError.failure("xcrun --show-sdk-path failed: \(run.words)")
    }
    return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func inSearchPath(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return path.split(separator: ":").lazy.compactMap { executable("\($0)/\(name)") }.first
  }

  private static func executable(_ path: String) -> String? {
    FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }
}

extension Toolchain {
  /// What a dynamic worker has to read: its libraries and the loader.
  var workerLibraries: [String] {
    ["\(libraries)/swift/\(platform)", "/lib", "/lib64", "/usr/lib", "/usr/lib64"]
  }
}
