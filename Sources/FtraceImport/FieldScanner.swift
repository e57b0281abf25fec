/// Reads the `key=value` words of an event from left to right, in place; words without `=` are passed over.
struct FieldScanner {
  private var place: UnsafePointer<UInt8>
  private let end: UnsafePointer<UInt8>
  /// The last eight bytes of the current key, the last one lowest; see ``Key``.
  private(set) var key: UInt64 = 0
  private var valueStart: UnsafePointer<UInt8>
  private var valueEnd: UnsafePointer<UInt8>

  init(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
    place = start
    self.end = end
    valueStart = start
    valueEnd = start
  }

  /// Moves to the next field; false at the end.
  @inline(__always)
  mutating func next() -> Bool {
    while place < end {
      while place < end, place.pointee == UInt8(ascii: " ") { place += 1 }
      var key: UInt64 = 0
      while place < end, place.pointee != UInt8(ascii: " "), place.pointee != UInt8(ascii: "=") {
        key = key << 8 | UInt64(place.pointee)
        place += 1
      }
      guard place < end, place.pointee == UInt8(ascii: "=") else { continue }
      self.key = key
      place += 1
      skipPadding()
      valueStart = place
      place = Self.find(UInt8(ascii: " "), place, end)
      valueEnd = place
      return true
    }
    return false
  }

  /// Moves past the blanks before a NULL that is as wide as an address: kernels of 4.15 to 5.1 print `ptr=          (null)`.
  ///
  /// Only before a bracket: after `name=` the blank says that the value is empty.
  @inline(__always)
  private mutating func skipPadding() {
    guard place < end, place.pointee == UInt8(ascii: " ") else { return }
    var next = place
    while next < end, next.pointee == UInt8(ascii: " ") { next += 1 }
    if next < end, next.pointee == UInt8(ascii: "(") { place = next }
  }

  /// The bytes of the current value.
  var value: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: valueStart, count: valueEnd - valueStart)
  }

  /// The value as a number in decimal, or nil.
  @inline(__always)
  var decimal: Int? {
    var place = valueStart
    let isNegative = place < valueEnd && place.pointee == UInt8(ascii: "-")
    if isNegative { place += 1 }
    guard let number = Self.digits(place, valueEnd) else { return nil }
    return isNegative ? 0 &- number : number
  }

  /// The value as an address: hexadecimal, with or without `0x`; a NULL in words (`(null)`, `(nil)`) is 0. Nil when it is neither.
  @inline(__always)
  var address: Int? {
    guard valueStart < valueEnd else { return nil }
    var place = valueStart
    if valueEnd - place > 2 && place[0] == UInt8(ascii: "0") && place[1] | 32 == UInt8(ascii: "x") {
      place += 2
    }
    if valueEnd - place > 16 { return nil }
    var number: UInt64 = 0
    while place < valueEnd {
      let byte = place.pointee
      let digit = byte &- UInt8(ascii: "0")
      if digit < 10 {
        number = number << 4 | UInt64(digit)
      } else {
        let letter = (byte | 32) &- UInt8(ascii: "a")
        guard letter < 6 else { return isNull ? 0 : nil }
        number = number << 4 | UInt64(letter &+ 10)
      }
      place += 1
    }
    // All ones is no address: it marks what is not there.
    return number == .max ? nil : Int(truncatingIfNeeded: number)
  }

  /// The value as a page frame number: hexadecimal after `0x`, else decimal as older kernels print it.
  ///
  /// All ones, the kernel's mark for no page, is ``noFrame``.
  @inline(__always)
  var frame: Int? {
    let isHexadecimal =
      valueEnd - valueStart > 2 && valueStart[0] == UInt8(ascii: "0")
      && valueStart[1] == UInt8(ascii: "x")
    guard isHexadecimal else { return decimal }
    return address ?? (isAllOnes ? Self.noFrame : nil)
  }

  /// What ``frame`` is where the kernel printed -1 as an unsigned number.
  static var noFrame: Int { -1 }

  /// Whether the value is `0x` and sixteen `f`.
  private var isAllOnes: Bool {
    value.count == 18 && value.dropFirst(2).allSatisfy { $0 | 32 == UInt8(ascii: "f") }
  }

  private var isNull: Bool {
    ["(null)", "(nil)", "null", "nil", "NULL"].contains(String(decoding: value, as: UTF8.self))
  }

  /// Whether the value begins with `text`.
  @inline(__always)
  func valueBegins(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard valueEnd - valueStart >= count else { return false }
    for index in 0..<count where valueStart[index] != text.utf8Start[index] { return false }
    return true
  }

  /// The first place of `byte` from `start`, or `end`. Eight bytes at a time.
  @inline(__always)
  static func find(
    _ byte: UInt8, _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let pattern = ones &* UInt64(byte)
    var place = start
    while end - place >= 8 {
      let bytes = UnsafeRawPointer(place).loadUnaligned(as: UInt64.self)
      let word = UInt64(littleEndian: bytes) ^ pattern
      let hit = (word &- ones) & ~word & (ones &* 128)
      if hit != 0 { return place + hit.trailingZeroBitCount >> 3 }
      place += 8
    }
    while place < end, place.pointee != byte { place += 1 }
    return place
  }

  /// The number of the decimal digits from `start` to `end`, or nil when there is anything else, nothing, or too much.
  @inline(__always)
  static func digits(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int? {
    guard start < end, end - start <= 20 else { return nil }
    var number: UInt64 = 0
    var place = start
    while place < end {
      let digit = place.pointee &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      number = number &* 10 &+ UInt64(digit)
      place += 1
    }
    return Int(truncatingIfNeeded: number)
  }
}

/// Keys as ``FieldScanner`` knows them: the last eight bytes, as one number.
enum Key {
  static let ptr: UInt64 = 0x70_7472
  static let pfn: UInt64 = 0x70_666e
  static let order: UInt64 = 0x6f_7264_6572
  static let node: UInt64 = 0x6e6f_6465
  static let name: UInt64 = 0x6e61_6d65
  static let size: UInt64 = 0x7369_7a65
  static let align: UInt64 = 0x61_6c69_676e
  static let addr: UInt64 = 0x6164_6472
  static let gfp: UInt64 = 0x67_6670
  static let failed: UInt64 = 0x6661_696c_6564
  /// `call_site`
  static let callSite: UInt64 = 0x616c_6c5f_7369_7465
  /// `bytes_req`
  static let bytesRequested: UInt64 = 0x7974_6573_5f72_6571
  /// `bytes_alloc`
  static let bytesGiven: UInt64 = 0x6573_5f61_6c6c_6f63
  /// `gfp_flags`
  static let gfpFlags: UInt64 = 0x6670_5f66_6c61_6773
  /// `accounted`
  static let accounted: UInt64 = 0x6363_6f75_6e74_6564
  /// `migratetype`
  static let migrateType: UInt64 = 0x7261_7465_7479_7065
  /// `va_start`
  static let areaStart: UInt64 = 0x7661_5f73_7461_7274
  /// `vstart` and `vend`
  static let areaLow: UInt64 = 0x7673_7461_7274
  static let areaHigh: UInt64 = 0x7665_6e64
}
