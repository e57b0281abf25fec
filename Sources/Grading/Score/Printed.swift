/// What a submission's code printed: its first lines, its last lines, and how much it was in all.
///
/// Both ends are cut at whole lines where there are lines, and hold no control characters but tabs and newlines.
public struct Printed: Hashable, Sendable {
  /// The beginning; all of it, while ``tail`` is empty and it did not go on without end.
  public var head: String
  /// The end, where something in between was left out.
  public var tail: String
  /// How many lines were printed in all; a last line without a newline counts.
  public var lineCount: Int
  /// How many bytes were printed in all.
  public var byteCount: Int
  /// Whether the program was stopped while it ran, so that the amount depends on when: then the counts are 0 and there is no tail.
  public var isOpenEnded: Bool

  public init(
    head: String = "", tail: String = "", lineCount: Int = 0, byteCount: Int = 0,
    isOpenEnded: Bool = false
  ) {
    self.head = head
    self.tail = tail
    self.lineCount = lineCount
    self.byteCount = byteCount
    self.isOpenEnded = isOpenEnded
  }

  /// Text that was printed and is at hand as a whole.
  public init(_ text: String) {
    var log = PrintedLog()
    Array(text.utf8).withUnsafeBytes { log.append($0) }
    self = log.printed
  }

  /// Whether nothing was printed.
  public var isEmpty: Bool { head.isEmpty && tail.isEmpty }

  /// Both ends, with a line between them that says how much was left out.
  public var text: String {
    if isOpenEnded {
      return head.isEmpty ? "" : head + "… (and so on, until the program was stopped)\n"
    }
    if tail.isEmpty { return head }
    let left = lineCount - lines(of: head) - lines(of: tail)
    let amount =
      left > 0 ? "\(left) \(left == 1 ? "line" : "lines")" : "\(byteCount - head.utf8.count) bytes"
    return head + (head.hasSuffix("\n") ? "" : "\n") + "… (\(amount) left out)\n" + tail
  }

  private func lines(of text: String) -> Int { text.utf8.count { $0 == UInt8(ascii: "\n") } }
}

/// Collects what a program prints, within a bound: the first bytes and the last ones are kept, all are counted.
struct PrintedLog {
  /// Bytes kept of either end.
  static let kept = 8 << 10

  private var head: [UInt8] = []
  private var tail: [UInt8] = []
  private var newlines = 0
  private var endsOpen = false
  /// Bytes in all.
  private(set) var byteCount = 0
  /// Whether the program was stopped while it ran.
  var isOpenEnded = false

  /// Adds what arrived. Amortised O(its size).
  mutating func append(_ chunk: UnsafeRawBufferPointer) {
    guard let last = chunk.last else { return }
    byteCount += chunk.count
    newlines += chunk.count { $0 == UInt8(ascii: "\n") }
    endsOpen = last != UInt8(ascii: "\n")
    let room = min(max(0, Self.kept - head.count), chunk.count)
    head += chunk.prefix(room)
    tail += chunk.dropFirst(room).suffix(2 * Self.kept)
    if tail.count > 4 * Self.kept { tail.removeFirst(tail.count - 2 * Self.kept) }
  }

  /// Adds what another program printed after this one, or the same one later. O(bytes kept).
  mutating func append(_ other: PrintedLog) {
    let left = other.byteCount - other.head.count - other.tail.count
    let seen = newlines + other.newlines
    for part in [other.head, other.tail] { part.withUnsafeBytes { append($0) } }
    byteCount += left
    newlines = seen
    isOpenEnded = isOpenEnded || other.isOpenEnded
  }

  var printed: Printed {
    let isWhole = head.count == byteCount
    if isOpenEnded {
      return Printed(head: Self.text(whole(head[...], isCut: true)), isOpenEnded: true)
    }
    return Printed(
      head: Self.text(whole(head[...], isCut: !isWhole)),
      tail: Self.text(lastLines),
      lineCount: newlines + (endsOpen ? 1 : 0), byteCount: byteCount)
  }

  /// Without the part of a line at its end, where it was cut and holds a whole line.
  private func whole(_ bytes: ArraySlice<UInt8>, isCut: Bool) -> ArraySlice<UInt8> {
    guard isCut, let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return bytes }
    return bytes[...end]
  }

  /// The end of the text behind ``head``, from the start of a line on where it holds one.
  private var lastLines: ArraySlice<UInt8> {
    let cut = whole(head[...], isCut: head.count < byteCount)
    let rest = head[cut.endIndex...] + tail
    guard rest.count > Self.kept else { return rest }
    let bytes = rest.suffix(Self.kept)
    guard let newline = bytes.firstIndex(of: UInt8(ascii: "\n")), newline + 1 < bytes.endIndex
    else { return bytes }
    return bytes[(newline + 1)...]
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self).printable
  }
}
