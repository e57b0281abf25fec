/// Where in the program something was called: a source file and line, or a name that the caller gave.
///
/// Holds a pointer to text that lives as long as the program, so that a record of it is two words.
@frozen
public struct CallSite: Hashable, Sendable, CustomStringConvertible {
  /// Address of the text, UTF-8; 0 for none.
  @usableFromInline let text: UInt
  @usableFromInline let length: UInt32
  /// 0 when the text says it all.
  @usableFromInline let line: UInt32

  /// A place in a source file.
  @inlinable @inline(__always)
  public init(file: StaticString, line: UInt) {
    text = UInt(bitPattern: file.utf8Start)
    length = UInt32(truncatingIfNeeded: file.utf8CodeUnitCount)
    self.line = UInt32(truncatingIfNeeded: line)
  }

  /// A name, such as the `call_site` of a recorded event. It is kept for the life of the program, once.
  public init(_ name: String) {
    let text = CallSiteNames.shared.intern(name)
    self.text = UInt(bitPattern: text.baseAddress)
    length = UInt32(text.count)
    line = 0
  }

  init(text: UInt, length: UInt32, line: UInt32) {
    self.text = text
    self.length = length
    self.line = line
  }

  /// Nobody knows who.
  static let unknown = CallSite(text: 0, length: 0, line: 0)

  public var description: String {
    guard let start = UnsafePointer<UInt8>(bitPattern: text) else { return "an unknown place" }
    let name = String(
      decoding: UnsafeBufferPointer(start: start, count: Int(length)), as: UTF8.self)
    return line == 0 ? name : "\(name):\(line)"
  }

  public static func == (a: CallSite, b: CallSite) -> Bool {
    a.line == b.line && (a.text == b.text && a.length == b.length || a.description == b.description)
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
