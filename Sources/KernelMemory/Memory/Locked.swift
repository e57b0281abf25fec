/// A value that one thread at a time works with, off the fast paths and for short sections.
///
/// The library's `Mutex` waits by futexes, which the thread sanitizer does not see on Linux: it would report each
/// section.
struct Locked<Value>: ~Copyable, @unchecked Sendable {
  private let lock = SpinLock()
  private let value: UnsafeMutablePointer<Value>

  init(_ initial: Value) {
    value = .allocate(capacity: 1)
    value.initialize(to: initial)
  }

  deinit {
    value.deinitialize(count: 1)
    value.deallocate()
  }

  /// Runs `body` with the value to itself; `body` must not come back here.
  borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&value.pointee)
  }
}
