/// A copy of what is known of one area (`struct vm_struct`), valid at the moment it was taken.
public struct VmallocArea: Hashable, Sendable, CustomStringConvertible {
  public let start: VirtualAddress
  /// In bytes, with the guard page.
  public let size: Int
  public let kind: AreaKind
  /// Pages that the area owns or shows; 0 for device memory.
  public let pages: Int
  /// Who asked for it.
  public let caller: String
  /// The device's address, for ``AreaKind/ioremap``.
  public let physicalAddress: UInt64
  /// Whether the area is freed, and its addresses wait for the next flush, or were flushed lately.
  public let isFreed: Bool
  /// Who freed it; empty while it is in use.
  public let freedBy: String

  init(_ node: AreaNode) {
    start = VirtualAddress(node.start)
    size = Int(node.size)
    kind = node.kind
    pages = node.pageCount
    caller = node.caller.isUnknown ? "" : node.caller.description
    physicalAddress = node.physicalAddress
    isFreed = node.state != .busy
    freedBy = node.freedBy.isUnknown ? "" : node.freedBy.description
  }

  /// One behind the last byte, the guard page included.
  public var end: VirtualAddress { start + size }
  /// Bytes that may be touched: all but the guard page.
  public var usableBytes: Int {
    kind.contains(.noGuard) || kind.contains(.bare) ? size : size - pageSize
  }
  /// One behind the last byte that may be touched.
  public var usableEnd: VirtualAddress { start + usableBytes }

  /// How the area was made, in one word.
  var noun: String {
    if kind.contains(.ioremap) { return "ioremap" }
    if kind.contains(.vmalloc) { return "vmalloc" }
    return kind.contains(.vmap) ? "vmap" : "bare"
  }

  /// `the vmalloc area 0x…-0x… of 2 pages (load_module)`.
  public var description: String {
    "the \(noun) area \(start)-\(end) of \(usableBytes / pageSize) page"
      + (usableBytes == pageSize ? "" : "s") + (caller.isEmpty ? "" : " (\(caller))")
  }
}
