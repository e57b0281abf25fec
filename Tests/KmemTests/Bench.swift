import Foundation

@testable import kmem

/// Runs one command line of kmem and keeps what it wrote.
func kmem(_ arguments: String...) -> (status: Int32, out: String, error: String) {
  final class Kept { var out = "", error = "" }
  let kept = Kept()
  let console = Console(out: { kept.out += $0 }, error: { kept.error += $0 })
  let status = Kmem(console: console).run(arguments)
  return (status, kept.out, kept.error)
}

/// A file that is there while `body` runs, with `text` in it.
func withFile<Result>(
  _ text: String, named name: String = "recording", _ body: (_ path: String) throws -> Result
) throws -> Result {
  try withFile(Data(text.utf8), named: name, body)
}

/// A file that is there while `body` runs, with `bytes` in it.
func withFile<Result>(
  _ bytes: Data, named name: String = "recording", _ body: (_ path: String) throws -> Result
) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "kmem-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let file = folder.appending(path: name)
  try bytes.write(to: file)
  return try body(file.path)
}

/// A recording in the kit's own form.
func trace(_ operations: String, kernel: String = "6.12") -> String {
  "kernel-memory-lab trace 1\nvocabulary: KernelRecording\nkernel: \(kernel)\n\n" + operations
}

/// A recording in ftrace's form: each event on a line of its own.
func ftrace(_ events: String...) -> String {
  "# tracer: nop\n"
    + events.map { "            init-1       [000] .....     1.000000: \($0)\n" }.joined()
}

func report(_ json: String) throws -> ReplayReport {
  try JSONDecoder().decode(ReplayReport.self, from: Data(json.utf8))
}

/// Replays a recording in the kit's own form and answers the report.
func replayed(_ operations: String, _ options: String...) throws -> ReplayReport {
  try withFile(trace(operations)) { path in
    final class Kept { var out = "" }
    let kept = Kept()
    let console = Console(out: { kept.out += $0 }, error: { kept.out += $0 })
    _ = Kmem(console: console).run(["replay", path, "--json"] + options)
    return try report(kept.out)
  }
}
