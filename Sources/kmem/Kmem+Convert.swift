import AllocationTrace
import Foundation
import KernelMemory

/// What `kmem convert` is told on the command line.
struct ConvertOptions {
  var path = ""
  var format: RecordingFormat?
  /// Where to write; nil is standard output.
  var output: String?
  var kernel: String?
  /// Whether only the page allocator's operations are kept.
  var isPagesOnly = false
  /// Lines of the recording that are read, counted from 1, ascending; empty is all.
  var lines: [ClosedRange<Int>] = []
  /// Operations that are written at most.
  var most = Int.max
}

extension Kmem {
  /// `kmem convert FILE`: writes a recording, or a part of it, in the kit's own form.
  func convert(_ arguments: ArgumentList) throws(Failure) -> Int32 {
    let options = try convertOptions(arguments)
    let input = try InputFile(path: options.path)
    let name = options.path.split(separator: "/").last.map(String.init) ?? ""
    var header = TraceHeader(vocabulary: KernelRecording.vocabulary.name)
    header["kernel"] = options.kernel ?? KernelVersion.named(in: name)
    header["source"] = source(name, options)
    let writer = try OutputFile(path: options.output, console: console)
    let printer = TraceTextWriter(vocabulary: KernelRecording.vocabulary)
    var bytes: [UInt8] = []
    printer.append(header: header, to: &bytes)
    var cutter = RecordingCutter(isPagesOnly: options.isPagesOnly, most: options.most)
    var kept: [KernelOperation] = []
    var file = input
    if !options.lines.isEmpty { file = try input.excerpt(options.lines) }
    try file.readRecording(as: options.format) { index, operation in
      if let operation = cutter.keep(operation, at: index) { kept.append(operation) }
    } afterChunk: { reader throws(Failure) in
      let texts = reader.texts
      for operation in kept { printer.append(operation.traceOperation(texts), to: &bytes) }
      kept.removeAll(keepingCapacity: true)
      try writer.write(bytes)
      bytes.removeAll(keepingCapacity: true)
    }
    try writer.close()
    return 0
  }

  /// The header's line on where the operations come from.
  private func source(_ name: String, _ options: ConvertOptions) -> String {
    var parts = [name == "-" ? "standard input" : name]
    if !options.lines.isEmpty {
      let ranges = options.lines.map { "\($0.lowerBound)-\($0.upperBound)" }
      parts.append("lines " + ranges.joined(separator: " and "))
    }
    if options.isPagesOnly { parts.append("page operations") }
    if options.most < .max { parts.append("the first \(options.most)") }
    return parts.joined(separator: ", ")
  }

  /// Ascending ranges of lines, such as `1-99,200-300`; nil when `text` is none.
  private static func ranges(_ text: String) -> [ClosedRange<Int>]? {
    var ranges: [ClosedRange<Int>] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last,
        first > ranges.last?.upperBound ?? 0
      else { return nil }
      ranges.append(first...last)
    }
    return ranges
  }

  private func convertOptions(_ arguments: ArgumentList) throws(Failure) -> ConvertOptions {
    var list = arguments
    var options = ConvertOptions()
    while let argument = try list.next() {
      switch argument {
      case "--from":
        options.format = try list.value("ftrace or trace") { RecordingFormat(rawValue: $0) }
      case "--output": options.output = try list.value("a file")
      case "--kernel":
        options.kernel = try list.value(KernelVersion.all) { GFPFlagTable.version($0)?.version }
      case "--pages": options.isPagesOnly = true
      case "--lines":
        options.lines = try list.value("ascending ranges such as 1-5000 or 1-99,200-300") {
          Self.ranges($0)
        }
      case "--most":
        options.most = try list.value("a number of operations") {
          Int($0).flatMap { $0 > 0 ? $0 : nil }
        }
      default:
        guard options.path.isEmpty, argument == "-" || !argument.hasPrefix("-") else {
          throw list.unknown(argument)
        }
        options.path = argument
      }
    }
    guard !options.path.isEmpty else {
      throw .usage("kmem convert needs a recording: a file, or - for standard input")
    }
    return options
  }
}

/// Keeps a part of a recording's operations and numbers them anew.
struct RecordingCutter: ~Copyable {
  let isPagesOnly: Bool
  let most: Int
  private var kept = 0
  /// New numbers of the operations that are live, by their old ones: with each, how many pages or objects are left.
  private var numbers = LiveTable(blank: Kept())

  private struct Kept: BitwiseCopyable {
    var number = 0
    var left = 0
  }

  init(isPagesOnly: Bool, most: Int) {
    self.isPagesOnly = isPagesOnly
    self.most = most
  }

  /// The operation with its new handle, or nil when it is left out.
  mutating func keep(_ operation: KernelOperation, at index: Int) -> KernelOperation? {
    guard kept < most, !isPagesOnly || operation.verb.isOfPages else { return nil }
    var operation = operation
    if operation.verb.allocates {
      let left = operation.verb == .pages ? 1 << Int(operation.order) : 1
      numbers.set(index, Kept(number: kept, left: left))
    } else if operation.verb.takesHandle {
      guard var block = numbers.value(operation.block) else { return nil }
      if operation.verb != .splitPages {
        block.left -= operation.verb == .freePages ? 1 << Int(operation.order) : 1
        if block.left > 0 {
          numbers.set(operation.block, block)
        } else {
          _ = numbers.remove(operation.block)
        }
      }
      operation.block = block.number
    }
    kept += 1
    return operation
  }
}

/// A file that is written in pieces, or standard output.
final class OutputFile {
  private let handle: FileHandle?
  private let console: Console
  private let path: String

  init(path: String?, console: Console) throws(Failure) {
    self.console = console
    self.path = path ?? "standard output"
    guard let path else {
      handle = nil
      return
    }
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw .input("\(path) cannot be written") }
    self.handle = handle
  }

  func write(_ bytes: [UInt8]) throws(Failure) {
    guard let handle else { return console.out(String(decoding: bytes, as: UTF8.self)) }
    do { try handle.write(contentsOf: bytes) } catch { throw .input("\(path): \(error)") }
  }

  func close() throws(Failure) {
    do { try handle?.close() } catch { throw .input("\(path): \(error)") }
  }
}
