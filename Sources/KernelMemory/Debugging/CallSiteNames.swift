/// Names of call sites, each kept once and for ever.
final class CallSiteNames: Sendable {
  static let shared = CallSiteNames()

  private struct Text: @unchecked Sendable {
    let bytes: UnsafeBufferPointer<UInt8>
  }
  private let known = Locked<[String: Text]>([:])

  func intern(_ name: String) -> UnsafeBufferPointer<UInt8> {
    known.withLock { known in
      if let text = known[name] { return text.bytes }
      let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(name.utf8.count, 1))
      _ = bytes.initialize(from: name.utf8)
      let text = Text(bytes: UnsafeBufferPointer(rebasing: bytes[..<name.utf8.count]))
      known[name] = text
      return text.bytes
    }
  }
}
