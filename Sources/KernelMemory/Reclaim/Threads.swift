#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A number that no two living threads share; 0 where the system has no threads.
func currentThread() -> UInt {
  #if canImport(Glibc)
    UInt(pthread_self())
  #elseif canImport(Musl) || canImport(Darwin)
    UInt(bitPattern: pthread_self())
  #else
    0
  #endif
}

/// Lets other threads run for a while.
func sleepMillisecond() {
  #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
    usleep(1000)
  #endif
}

/// A thread that runs a function once.
final class BackgroundThread: @unchecked Sendable {
  #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
    private let thread: pthread_t

    private init(_ thread: pthread_t) { self.thread = thread }
  #endif

  /// Nil when the system gives no thread.
  static func start(_ run: @escaping @Sendable () -> Void) -> BackgroundThread? {
    #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
      let body = Unmanaged.passRetained(ThreadBody(run)).toOpaque()
      #if canImport(Glibc)
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, { runThread($0!) }, body)
        if result == 0 { return BackgroundThread(thread) }
      #else
        var thread: pthread_t?
        #if canImport(Musl)
          let result = pthread_create(&thread, nil, { runThread($0!) }, body)
        #else
          let result = pthread_create(&thread, nil, { runThread($0) }, body)
        #endif
        if result == 0, let thread { return BackgroundThread(thread) }
      #endif
      Unmanaged<ThreadBody>.fromOpaque(body).release()
    #endif
    return nil
  }

  /// Waits until the function has returned; once. Called by the thread itself, it lets go of the thread instead.
  func join() {
    #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
      if pthread_equal(thread, pthread_self()) != 0 {
        pthread_detach(thread)
      } else {
        pthread_join(thread, nil)
      }
    #endif
  }
}

/// Carries a function into a thread.
private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runThread(_ body: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  Unmanaged<ThreadBody>.fromOpaque(body).takeRetainedValue().run()
  return nil
}
