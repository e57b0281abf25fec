/// The place that asked for memory (the return address that Linux keeps as `caller`).
///
/// A trivially copyable handle over bytes that live as long as the program, for text in its source, or as long as
/// the ``Vmalloc`` that made it with ``Vmalloc/callSite(_:)``.
public struct CallSite: ExpressibleByStringLiteral, @unchecked Sendable, CustomStringConvertible {
  private let start: UnsafePointer<UInt8>?
  private let count: Int

  /// A place named in the source; `#function` is one.
  public init(stringLiteral name: StaticString) {
    if name.hasPointerRepresentation {
      start = name.utf8Start
      count = name.utf8CodeUnitCount
    } else {
      (start, count) = (nil, 0)
    }
  }

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    start = bytes.baseAddress
    count = bytes.count
  }

  /// The place's name; empty when it is not known.
  public var description: String {
    String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  var isUnknown: Bool { count == 0 }
}
