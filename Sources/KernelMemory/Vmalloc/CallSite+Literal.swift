extension CallSite: ExpressibleByStringLiteral {
  /// A name in the source; `#function` is one.
  public init(stringLiteral name: StaticString) {
    self.init(
      text: name.utf8CodeUnitCount == 0 ? 0 : UInt(bitPattern: name.utf8Start),
      length: UInt32(name.utf8CodeUnitCount), line: 0)
  }

  var isUnknown: Bool { text == 0 }
}
