import AllocationTrace
import FtraceImport

/// The forms in which a recording may be written.
enum RecordingFormat: String, CaseIterable {
  /// The text of Linux's ftrace.
  case ftrace
  /// The kit's own text form.
  case trace

  /// The form of a file that begins with `head`: the kit's own names itself in its first words.
  static func detect(_ head: some Collection<UInt8>) -> RecordingFormat {
    for line in head.split(separator: UInt8(ascii: "\n")) {
      let words = line.drop { $0 <= 32 }
      if words.isEmpty || words.starts(with: "//".utf8) { continue }
      return words.starts(with: "kernel-memory-lab trace".utf8) ? .trace : .ftrace
    }
    return .ftrace
  }
}

/// Reads a recording in either form: chunks of bytes in, operations out.
struct RecordingReader: ~Copyable {
  let format: RecordingFormat
  private var importer = FtraceImporter()
  private var reader = TraceTextReader {
    $0 == KernelRecording.vocabulary.name ? KernelRecording.vocabulary : nil
  }
  private var readTexts = TextTable()
  private var operations = 0
  private var isFinished = false

  init(format: RecordingFormat) { self.format = format }

  /// The GFP masks and cache names of the operations handed out.
  var texts: TextTable { format == .ftrace ? importer.texts : readTexts }

  /// What the header of the kit's own form says; of ftrace nothing.
  var header: TraceHeader { reader.header }

  /// Lines read so far.
  var lines: Int { format == .ftrace ? importer.account.lines : reader.lineNumber }

  /// What became of every line; of the kit's own form nil, since there every line that is no operation is a comment.
  var account: ImportAccount? { format == .ftrace ? importer.account : nil }

  /// Whether nothing so far speaks of memory: no line became an operation, nor a free of something older.
  var isWithoutEvents: Bool {
    guard let account else { return operations == 0 }
    let empty: [SkipReason] = [.comment, .noAllocation, .eventsLost, .malformed]
    return account.lines == empty.reduce(0) { $0 + account.lines($1) }
  }

  /// Reads the next bytes and hands each operation to `body` with its index.
  mutating func read(
    _ bytes: UnsafeBufferPointer<UInt8>, _ body: (Int, KernelOperation) -> Void
  ) throws(Failure) {
    switch format {
    case .ftrace:
      var index = operations
      importer.read(bytes) {
        body(index, $0)
        index += 1
      }
      operations = index
    case .trace:
      try readTrace(Array(bytes), body)
    }
  }

  /// Reads the last line, should no line feed end it.
  mutating func finish(_ body: (Int, KernelOperation) -> Void) throws(Failure) {
    switch format {
    case .ftrace:
      var index = operations
      importer.finish {
        body(index, $0)
        index += 1
      }
      operations = index
    case .trace: try readTrace(nil, body)
    }
  }

  /// Reads `bytes`, or finishes where there are none.
  private mutating func readTrace(
    _ bytes: [UInt8]?, _ body: (Int, KernelOperation) -> Void
  ) throws(Failure) {
    var misuse: String?
    var index = operations
    var texts = readTexts
    func accept(_ operation: TraceOperation) {
      do throws(KernelOperation.Misuse) {
        let operation = try KernelOperation(operation, texts: &texts)
        if misuse == nil { body(index, operation) }
      } catch {
        misuse = misuse ?? "operation #\(index): \(error.reason)"
      }
      index += 1
    }
    do throws(TraceTextError) {
      if let bytes { try reader.read(bytes, accept) } else { _ = try reader.finish(accept) }
    } catch {
      throw .input(error.description)
    }
    operations = index
    readTexts = texts
    if let misuse { throw .input(misuse) }
  }
}

extension InputFile {
  /// Reads the whole file from its first byte, in chunks, and answers the form in which it is written.
  ///
  /// - Parameter format: the form, when the caller knows it.
  /// - Parameter afterChunk: called with the reader after each chunk's operations.
  /// - Throws: also when nothing in the file speaks of memory: a replay of nothing would call the reference sound.
  func readRecording(
    as format: RecordingFormat?,
    _ body: (Int, KernelOperation) -> Void,
    afterChunk: (borrowing RecordingReader) throws(Failure) -> Void
  ) throws(Failure) {
    try rewind()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var count = try read(&buffer)
    var reader = RecordingReader(format: format ?? .detect(buffer[..<count]))
    let head = Array(buffer[..<min(count, InputLook.bytes)])
    do throws(Failure) {
      while count > 0 {
        try buffer.withUnsafeBufferPointer { (bytes) throws(Failure) in
          try reader.read(UnsafeBufferPointer(rebasing: bytes[..<count]), body)
        }
        try afterChunk(reader)
        count = try read(&buffer)
      }
      try reader.finish(body)
    } catch {
      guard reader.format == .trace, !error.message.hasPrefix(path) else { throw error }
      throw .input("\(path): \(error.message)")
    }
    if reader.isWithoutEvents {
      throw .input("\(path) \(InputLook.words(for: head, format: reader.format, reader.account))")
    }
    try afterChunk(reader)
  }
}
