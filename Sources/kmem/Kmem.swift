import Foundation
import KernelMemory

/// The command line: names commands, reads their options, and turns failures into words and exit statuses.
struct Kmem {
  let console: Console

  /// Runs one command line, without the program's name, and answers the exit status: 0 done, 1 the input or the
  /// reference is at fault, 2 the command line is.
  func run(_ arguments: [String]) -> Int32 {
    do throws(Failure) {
      return try perform(arguments)
    } catch {
      console.error("kmem: \(error.message)\n")
      return error.status
    }
  }

  private func perform(_ arguments: [String]) throws(Failure) -> Int32 {
    guard let command = arguments.first else {
      console.error(Help.overview)
      return 2
    }
    let list = ArgumentList(arguments.dropFirst(), of: command)
    if arguments.dropFirst().contains(where: { $0 == "--help" || $0 == "-h" }) {
      return try help(command)
    }
    switch command {
    case "replay": return try replay(list)
    case "import": return try importLines(list)
    case "convert": return try convert(list)
    case "procfs": return try procfs(list)
    case "compare": return try compare(list)
    case "bench": return try bench(list)
    case "contrast": return try contrast(list)
    case "bench-worker":
      return try BenchWorker.run(
        arguments.dropFirst().first ?? "", read: { readLine() }, write: console.out)
    case "bench-count": return try CountOrder.run(arguments.dropFirst().first ?? "")
    case "help", "--help", "-h": return try help(arguments.dropFirst().first)
    default:
      throw .usage("there is no command `\(command)`; `kmem help` lists the commands")
    }
  }

  private func help(_ topic: String?) throws(Failure) -> Int32 {
    guard let topic, topic != "help" else {
      console.out(Help.overview)
      return 0
    }
    guard let text = Help.topics[topic] else {
      let topics = Help.topics.keys.sorted().joined(separator: ", ")
      throw .usage("there is no help on `\(topic)`; there is on \(topics)")
    }
    console.out(text)
    return 0
  }

  /// Reads the options of `replay` and `procfs`; `extra` takes a word that is no option.
  func replayOptions(
    _ arguments: ArgumentList, _ extra: (String) -> Bool = { _ in false }
  ) throws(Failure) -> ReplayOptions {
    var list = arguments
    var options = ReplayOptions()
    while let argument = try list.next() {
      switch argument {
      case "--format":
        options.format = try list.value("ftrace or trace") { RecordingFormat(rawValue: $0) }
      case "--kernel":
        options.kernel = try list.value(KernelVersion.all) {
          GFPFlagTable.version($0)?.version
        }
      case "--machine":
        options.machine = try list.value("x86-64 or x86-32") { MachineKind(rawValue: $0) }
      case "--memory":
        options.memory = try list.value("a size such as 512M or 4G") { ReplayOptions.size($0) }
      case "--check" where list.command != "compare":
        options.check = try list.value("every, a number of operations, end or amortised") {
          CheckMode($0)
        }
      case "--json" where list.command != "procfs": options.json = true
      case "--snapshot" where list.command == "replay":
        let folder: String = try list.value("a folder")
        options.snapshot = folder
      default:
        let isWord = argument == "-" || !argument.hasPrefix("-")
        if isWord && options.path.isEmpty {
          options.path = argument
        } else if !isWord || !extra(argument) {
          throw list.unknown(argument)
        }
      }
    }
    guard !options.path.isEmpty else {
      throw .usage("kmem \(list.command) needs a recording: a file, or - for standard input")
    }
    return options
  }

  private func replay(_ arguments: ArgumentList) throws(Failure) -> Int32 {
    let options = try replayOptions(arguments)
    let result = try run(options)
    console.out(options.json ? try json(result.report) : result.report.text)
    return result.report.violation == nil ? 0 : 1
  }

  private func procfs(_ arguments: ArgumentList) throws(Failure) -> Int32 {
    var view: String?
    let options = try replayOptions(arguments) { word in
      defer { view = view ?? word }
      return view == nil
    }
    let views = Self.views.map(\.name)
    guard let view, let show = Self.views.first(where: { $0.name == view })?.show else {
      throw .usage(
        "kmem procfs shows \(views.dropLast().joined(separator: ", ")) or \(views[views.count - 1])"
          + (view.map { ", not `\($0)`" } ?? "; name one after the file"))
    }
    let result = try run(options)
    console.out(show(result))
    if let violation = result.report.violation { console.error("kmem: BROKEN: \(violation)\n") }
    return result.report.violation == nil ? 0 : 1
  }

  /// The windows: of the machine that performed the pages, and of the allocators of objects and areas.
  private static let views: [(name: String, show: @Sendable (Replay.Result) -> String)] = [
    ("buddyinfo", { $0.machine.buddyinfo }), ("pagetypeinfo", { $0.machine.pagetypeinfo }),
    ("zoneinfo", { $0.machine.zoneinfo }),
    ("meminfo", { $0.machine.meminfo }), ("slabinfo", { $0.slabinfo }),
    ("vmallocinfo", { $0.vmallocinfo }),
  ]

  private func run(_ options: ReplayOptions) throws(Failure) -> Replay.Result {
    let input = try InputFile(path: options.path)
    defer { console.endProgress() }
    return try Replay(options: options, progress: console.progressLine()).run(on: input)
  }

  /// `report` as JSON, keys sorted, so that two runs can be compared.
  func json(_ report: some Encodable) throws(Failure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(report), as: UTF8.self) + "\n"
    } catch {
      throw .input("the report cannot be written as JSON: \(error)")
    }
  }
}
