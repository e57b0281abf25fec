#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A place where threads wait for something to become true (`wait_queue_head_t`).
///
/// Whoever makes it true notifies afterwards. Without POSIX threads waiting is trying again.
final class Monitor: @unchecked Sendable {
  #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
      mutex = .allocate(capacity: 1)
      condition = .allocate(capacity: 1)
      pthread_mutex_init(mutex, nil)
      pthread_cond_init(condition, nil)
    }

    deinit {
      pthread_cond_destroy(condition)
      pthread_mutex_destroy(mutex)
      condition.deallocate()
      mutex.deallocate()
    }

    /// Returns once `isTrue`, which is asked now and after each notification.
    func wait(until isTrue: () -> Bool) {
      pthread_mutex_lock(mutex)
      while !isTrue() { pthread_cond_wait(condition, mutex) }
      pthread_mutex_unlock(mutex)
    }

    /// Returns once `isTrue`, or when the time is over; gives what it is then.
    func wait(atMost time: Duration, until isTrue: () -> Bool) -> Bool {
      var deadline = timespec()
      clock_gettime(CLOCK_REALTIME, &deadline)
      let (seconds, attoseconds) = time.components
      let nanoseconds = Int64(deadline.tv_nsec) + attoseconds / 1_000_000_000
      deadline.tv_sec += time_t(seconds + nanoseconds / 1_000_000_000)
      deadline.tv_nsec = Int(nanoseconds % 1_000_000_000)
      pthread_mutex_lock(mutex)
      defer { pthread_mutex_unlock(mutex) }
      while !isTrue() {
        if pthread_cond_timedwait(condition, mutex, &deadline) != 0 { return isTrue() }
      }
      return true
    }

    func notifyOne() {
      // Under the lock, so that nobody who has just found it false misses this.
      pthread_mutex_lock(mutex)
      pthread_cond_signal(condition)
      pthread_mutex_unlock(mutex)
    }

    func notifyAll() {
      pthread_mutex_lock(mutex)
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
  #else
    func wait(until isTrue: () -> Bool) { while !isTrue() { yieldProcessor() } }

    func wait(atMost time: Duration, until isTrue: () -> Bool) -> Bool {
      let end = ContinuousClock.now + time
      while !isTrue() && ContinuousClock.now < end { yieldProcessor() }
      return isTrue()
    }

    func notifyOne() {}
    func notifyAll() {}
  #endif
}
