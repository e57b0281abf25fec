import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A lock that waits by trying again (`spinlock_t`), for sections of a few dozen instructions.
@frozen
public struct SpinLock: ~Copyable, Sendable {
  @usableFromInline let held = Atomic<Bool>(false)

  @inlinable public init() {}

  /// Takes the lock if it is free. Never waits.
  @inlinable
  public borrowing func tryLock() -> Bool { !held.exchange(true, ordering: .acquiring) }

  @inlinable
  public borrowing func lock() {
    if !tryLock() { lockContended() }
  }

  @inlinable
  public borrowing func unlock() { held.store(false, ordering: .releasing) }

  @inline(never)
  @usableFromInline
  borrowing func lockContended() {
    var tries = 0
    while true {
      if !held.load(ordering: .relaxed) && tryLock() { return }
      tries += 1
      // The owner may have lost its processor; a kernel would have forbidden that, a process cannot.
      if tries.isMultiple(of: 128) { yieldProcessor() }
    }
  }
}

/// Lets another thread run.
func yieldProcessor() {
  #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
    _ = sched_yield()
  #endif
}
