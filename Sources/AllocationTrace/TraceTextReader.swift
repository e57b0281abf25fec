/// Reads a trace's text piece by piece: chunks of bytes in, operations out.
///
/// Keeps the header and at most one unfinished line, so memory does not grow with the file. After an error
/// the reader must not be used again.
public struct TraceTextReader {
  /// Longest line that is read, in bytes.
  public static let longestLine = 1 << 20

  private var lines = LineCutter(longest: TraceTextReader.longestLine + 1)
  private let lookUp: (String) -> Vocabulary?
  private var texts = TextCache()
  private var hasSignature = false
  private var vocabulary: Vocabulary?
  private var operations = 0

  /// What the header said so far; whole as soon as the first operation has been answered.
  public private(set) var header = TraceHeader(vocabulary: "")

  /// - Parameter vocabulary: answers the vocabulary that the header names, or nil when there is no such one.
  public init(vocabulary: @escaping (_ name: String) -> Vocabulary?) { lookUp = vocabulary }

  /// Reads the next bytes of the file and hands each whole operation to `body`, in order.
  public mutating func read(
    _ bytes: [UInt8], _ body: (TraceOperation) -> Void
  ) throws(TraceTextError) {
    var cutter = lines
    defer { lines = cutter }
    try bytes.withUnsafeBufferPointer { (chunk) throws(TraceTextError) in
      try cutter.feed(chunk) { (line) throws(TraceTextError) in try read(line: line, body) }
    }
  }

  /// Reads the file's last line, should no line feed end it, and answers the header and its vocabulary.
  public mutating func finish(
    _ body: (TraceOperation) -> Void
  ) throws(TraceTextError) -> (header: TraceHeader, vocabulary: Vocabulary) {
    var cutter = lines
    defer { lines = cutter }
    try cutter.finish { (line) throws(TraceTextError) in try read(line: line, body) }
    guard let vocabulary else {
      throw TraceTextError(
        line: lineNumber + 1, text: "",
        reason: hasSignature
          ? "the file ends where `vocabulary: NAME` was expected"
          : "the file ends where `\(TraceText.signature)` was expected")
    }
    return (header, vocabulary)
  }

  /// Lines read so far.
  public private(set) var lineNumber = 0

  private mutating func read(
    line: UnsafeBufferPointer<UInt8>, _ body: (TraceOperation) -> Void
  ) throws(TraceTextError) {
    lineNumber += 1
    guard line.count <= Self.longestLine else {
      throw TraceTextError(
        line: lineNumber, text: clipped(line),
        reason: "the line is longer than \(Self.longestLine) bytes")
    }
    var scanner = LineScanner(line)
    guard !scanner.atEnd else { return }
    do throws(ScanError) {
      guard hasSignature else {
        guard equal(scanner.rest(), TraceText.signature) else {
          throw ScanError(
            "expected `\(TraceText.signature)`: this is no trace in the kit's text form")
        }
        hasSignature = true
        return
      }
      if let operation = try operation(&scanner) { body(operation) }
    } catch {
      throw TraceTextError(line: lineNumber, text: clipped(line), reason: error.reason)
    }
  }

  /// The operation of one line, or nil when the line belongs to the header.
  private mutating func operation(_ scanner: inout LineScanner) throws(ScanError) -> TraceOperation?
  {
    let name = scanner.word()
    if name.last == UInt8(ascii: ":") {
      try readField(key: String(decoding: name.dropLast(), as: UTF8.self), &scanner)
      return nil
    }
    guard let vocabulary else {
      throw ScanError("expected `vocabulary: NAME` before the first operation")
    }
    guard let index = vocabulary.verbs.firstIndex(where: { equal(name, $0.name) }) else {
      let verbs = vocabulary.verbs.map(\.name).joined(separator: ", ")
      throw ScanError(
        "expected a verb of \(vocabulary.name) (\(verbs)), found `\(clipped(name))`")
    }
    let verb = vocabulary.verbs[index]
    var arguments: [Argument] = []
    arguments.reserveCapacity(verb.parameters.count)
    for parameter in verb.parameters {
      arguments.append(try scanner.argument(parameter, of: verb, &texts))
    }
    guard scanner.atEnd else {
      throw ScanError(
        "expected the end of the line after `\(verb.usage)`, found `\(clipped(scanner.word()))`")
    }
    operations += 1
    return TraceOperation(verb: UInt8(index), arguments)
  }

  /// Takes a `key: value` line of the header.
  private mutating func readField(key: String, _ scanner: inout LineScanner) throws(ScanError) {
    guard operations == 0 else {
      throw ScanError("expected an operation, found `\(key):`, which belongs before the first one")
    }
    let isKey = key.utf8.allSatisfy {
      (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-")
    }
    guard isKey && !key.isEmpty else {
      throw ScanError(
        "expected a key of lower-case letters, digits and hyphens before `:`, found `\(key)`")
    }
    let value = String(decoding: scanner.rest(), as: UTF8.self)
    guard vocabulary != nil else {
      guard key == "vocabulary" else {
        throw ScanError("expected `vocabulary: NAME`, found `\(key):`")
      }
      guard let found = lookUp(value) else {
        throw ScanError("there is no vocabulary called `\(value)` here")
      }
      header.vocabulary = value
      vocabulary = found
      return
    }
    guard key != "vocabulary" && header[key] == nil else {
      throw ScanError("`\(key):` stands twice")
    }
    header[key] = value
  }
}

/// Why a line is not of the form; the reader adds where.
struct ScanError: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// At most 200 bytes of `bytes` as text, for messages.
func clipped(_ bytes: some Collection<UInt8>) -> String {
  let text = String(decoding: bytes.prefix(200), as: UTF8.self)
  return bytes.count > 200 ? text + "…" : text
}

/// Whether `bytes` are the UTF-8 form of `text`.
func equal(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, _ text: String) -> Bool {
  bytes.count == text.utf8.count && text.utf8.elementsEqual(bytes)
}

extension Verb {
  /// How the verb's line is written: `free BLOCK order=NUMBER`.
  var usage: String { ([name] + parameters.map(\.usage)).joined(separator: " ") }
}

extension Parameter {
  /// How the parameter is written: `order=NUMBER`, or `#N` for a bare block.
  var usage: String {
    let value =
      switch kind {
      case .number: "NUMBER"
      case .block: "#OPERATION"
      case .text: "TEXT"
      }
    return name.isEmpty ? value : "\(name)=\(value)"
  }
}
