/// Cuts chunks of bytes into lines; a line that lies within one chunk is never copied.
package struct LineCutter {
  /// The start of a line whose end has not come yet.
  private var pending: [UInt8] = []
  /// Bytes of one line that are kept; what is longer is cut, so that a file without line ends takes no memory.
  private let longest: Int

  package init(longest: Int) { self.longest = longest }

  /// Hands each line that ends within `chunk` to `body`, without its line feed.
  @inlinable
  package mutating func feed<E: Error>(
    _ chunk: UnsafeBufferPointer<UInt8>,
    _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> Void
  ) throws(E) {
    var start = 0
    while start < chunk.count {
      let end = lineFeed(in: chunk, from: start)
      let piece = UnsafeBufferPointer(rebasing: chunk[start..<end])
      if end == chunk.count {
        keep(piece)
        return
      }
      start = end + 1
      if isPending {
        keep(piece)
        try flush(body)
      } else {
        try body(UnsafeBufferPointer(rebasing: piece[..<min(piece.count, limit)]))
      }
    }
  }

  /// Hands the last line to `body` when no line feed follows it.
  @inlinable
  package mutating func finish<E: Error>(
    _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> Void
  ) throws(E) {
    if isPending { try flush(body) }
  }

  @usableFromInline var limit: Int { longest }
  @usableFromInline var isPending: Bool { !pending.isEmpty }

  @usableFromInline
  mutating func keep(_ piece: UnsafeBufferPointer<UInt8>) {
    pending += piece.prefix(Swift.max(0, longest - pending.count))
  }

  @usableFromInline
  mutating func flush<E: Error>(
    _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> Void
  ) throws(E) {
    let line = pending
    pending = []
    try line.withUnsafeBufferPointer(body)
  }

  /// The place of the next line feed at or after `start`, or the chunk's end. Eight bytes at a time.
  @inlinable
  func lineFeed(in chunk: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let pattern = ones &* 10
    let raw = UnsafeRawPointer(chunk.baseAddress!)
    var place = start
    while place &+ 8 <= chunk.count {
      let word =
        UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt64.self)) ^ pattern
      let hit = (word &- ones) & ~word & (ones &* 128)
      if hit != 0 { return place &+ hit.trailingZeroBitCount >> 3 }
      place &+= 8
    }
    while place < chunk.count && chunk[place] != 10 { place &+= 1 }
    return place
  }
}
