/// A trace file's first lines: which vocabulary its operations are written in, and where they come from.
public struct TraceHeader: Hashable, Sendable {
  /// One `key: value` line.
  public struct Field: Hashable, Sendable {
    /// Lower-case letters, digits and hyphens.
    public var key: String
    /// The rest of the line, without the spaces around it.
    public var value: String

    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  /// Name of the vocabulary, for example `BuddySystem`.
  public var vocabulary: String
  /// The other lines, in the order of the file; no key occurs twice. Usual keys: `lab`, `check`, `seed`,
  /// `machine`, `kernel`, `source`.
  public var fields: [Field]

  /// A header with `fields` as pairs of key and value.
  public init(vocabulary: String, fields: KeyValuePairs<String, String> = [:]) {
    self.vocabulary = vocabulary
    self.fields = fields.map { Field(key: $0.key, value: $0.value) }
  }

  /// The value of the line `key: value`, or nil when there is none; setting it keeps the line's place.
  public subscript(key: String) -> String? {
    get { fields.first { $0.key == key }?.value }
    set {
      let place = fields.firstIndex { $0.key == key }
      switch (place, newValue) {
      case (let place?, let value?): fields[place].value = value
      case (let place?, nil): fields.remove(at: place)
      case (nil, let value?): fields.append(Field(key: key, value: value))
      case (nil, nil): break
      }
    }
  }
}

/// A trace as a file holds it.
public struct Trace: Hashable, Sendable {
  public var header: TraceHeader
  /// The verbs that ``operations`` index.
  public var vocabulary: Vocabulary
  public var operations: [TraceOperation]

  public init(header: TraceHeader, vocabulary: Vocabulary, operations: [TraceOperation]) {
    self.header = header
    self.vocabulary = vocabulary
    self.operations = operations
  }
}

/// The line-based text form of a trace, for files, reports and people; `FORMAT.md` beside this file documents it.
///
/// Reading what was printed answers the same operations. Files too large for memory go through
/// ``TraceTextReader`` and ``TraceTextWriter`` piece by piece.
public enum TraceText {
  /// The first line of every trace file; the number is the version of the form.
  public static let signature = "kernel-memory-lab trace 1"

  /// Prints a trace as the text of a file.
  ///
  /// - Parameters:
  ///   - operations: operations of `vocabulary`.
  ///   - header: the lines that say where the trace comes from; its vocabulary line is `vocabulary.name`.
  ///   - vocabulary: the verbs that the operations index.
  ///   - note: a comment for the end of an operation's line, by its index, or nil for none.
  /// - Complexity: O(length of the text).
  public static func print(
    _ operations: [TraceOperation], header: TraceHeader? = nil, vocabulary: Vocabulary,
    note: (_ index: Int) -> String? = { _ in nil }
  ) -> String {
    var bytes: [UInt8] = []
    let writer = TraceTextWriter(vocabulary: vocabulary)
    writer.append(header: header ?? TraceHeader(vocabulary: vocabulary.name), to: &bytes)
    for (index, operation) in operations.enumerated() {
      writer.append(operation, note: note(index), to: &bytes)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// One operation as its line of the text form, without the line's end: `free #3 order=0`.
  public static func print(_ operation: TraceOperation, vocabulary: Vocabulary) -> String {
    var bytes: [UInt8] = []
    TraceTextWriter(vocabulary: vocabulary).append(operation, to: &bytes)
    return String(decoding: bytes.dropLast(), as: UTF8.self)
  }

  /// Reads the bytes of a trace file.
  ///
  /// - Parameter vocabulary: answers the vocabulary that the file's header names, or nil when there is no such one.
  /// - Throws: ``TraceTextError`` for the first line that is not of the form.
  /// - Complexity: O(number of bytes).
  public static func parse(
    _ bytes: [UInt8], vocabulary: @escaping (_ name: String) -> Vocabulary?
  ) throws(TraceTextError) -> Trace {
    var reader = TraceTextReader(vocabulary: vocabulary)
    var operations: [TraceOperation] = []
    try reader.read(bytes) { operations.append($0) }
    let (header, found) = try reader.finish { operations.append($0) }
    return Trace(header: header, vocabulary: found, operations: operations)
  }

  /// Reads the text of a trace file; see ``parse(_:vocabulary:)-([UInt8],_)``.
  public static func parse(
    _ text: String, vocabulary: @escaping (_ name: String) -> Vocabulary?
  ) throws(TraceTextError) -> Trace {
    try parse(Array(text.utf8), vocabulary: vocabulary)
  }
}
