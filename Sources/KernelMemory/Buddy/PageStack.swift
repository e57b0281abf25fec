/// A list of ready blocks in an array: taken from and put to the top, refilled when empty, drained from the bottom.
///
/// An array rather than links through the page descriptors, so that neither taking nor putting a page touches the
/// descriptors of others.
@usableFromInline
struct PageStack {
  @usableFromInline var top: UnsafeMutablePointer<UInt32>
  @usableFromInline var bottom: UnsafeMutablePointer<UInt32>

  init(_ storage: UnsafeMutablePointer<UInt32>) {
    top = storage
    bottom = storage
  }

  @inlinable var isEmpty: Bool { top == bottom }
  var count: Int { top - bottom }

  /// Takes the next block; there must be one.
  mutating func pop() -> UInt32 {
    let block = top[-1]
    top -= 1
    return block
  }

  mutating func push(_ block: UInt32) {
    top.pointee = block
    top += 1
  }

  /// Takes the block that would leave last; there must be one.
  mutating func popBottom() -> UInt32 {
    defer { bottom += 1 }
    return bottom.pointee
  }

  /// Moves the blocks down to the start of the storage, once they have wandered off by `distance`.
  @inline(__always)
  mutating func settle(in storage: UnsafeMutablePointer<UInt32>, distance: Int) {
    if isEmpty {
      (bottom, top) = (storage, storage)
    } else if bottom - storage > distance {
      moveDown(to: storage)
    }
  }

  @inline(never)
  private mutating func moveDown(to storage: UnsafeMutablePointer<UInt32>) {
    let length = count
    storage.update(from: bottom, count: length)
    bottom = storage
    top = storage + length
  }
}
