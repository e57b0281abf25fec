import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lends a machine's CPUs to threads, so that each is used by one thread at a time.
///
/// A thread gets the same CPU again and again unless another thread has it; with more threads than CPUs they
/// wait for each other. A call within a call, such as a shrinker's, stays on its thread's CPU.
struct CPUPool: ~Copyable, @unchecked Sendable {
  private let cpus: [CPU]
  /// For each CPU the thread that has it, or 0. A cache line each.
  private let owners: UnsafeMutablePointer<Owner>
  /// How many threads have another CPU than the one they try first.
  private let displaced = Atomic<Int>(0)

  private struct Owner: ~Copyable {
    let thread = Atomic<UInt>(0)
    private let padding: (UInt, UInt, UInt, UInt, UInt, UInt, UInt) = (0, 0, 0, 0, 0, 0, 0)
  }

  init(_ cpus: [CPU]) {
    self.cpus = cpus
    owners = .allocate(capacity: cpus.count)
    for number in cpus.indices { (owners + number).initialize(to: Owner()) }
  }

  deinit {
    owners.deinitialize(count: cpus.count)
    owners.deallocate()
  }

  /// Runs `body` with a CPU that nobody else uses meanwhile. O(CPUs) when the preferred one is taken.
  borrowing func withCPU<Result, Failure: Error>(
    _ body: (CPU) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let thread = currentThread()
    // Threads' identifiers are addresses of like alignment; a multiplication spreads them.
    let first = Int((thread &* 0x9e37_79b9_7f4a_7c15) >> 40) % cpus.count
    var number = first
    if displaced.load(ordering: .relaxed) > 0,
      let own = cpus.indices.first(where: { owners[$0].thread.load(ordering: .relaxed) == thread })
    {
      number = own
    }
    var tries = 0
    while true {
      let (isFree, owner) = owners[number].thread.compareExchange(
        expected: 0, desired: thread, successOrdering: .acquiring, failureOrdering: .relaxed)
      if isFree {
        if number != first { displaced.add(1, ordering: .relaxed) }
        defer {
          if number != first { displaced.subtract(1, ordering: .relaxed) }
          owners[number].thread.store(0, ordering: .releasing)
        }
        return try body(cpus[number])
      }
      if owner == thread { return try body(cpus[number]) }
      number = number + 1 == cpus.count ? 0 : number + 1
      tries += 1
      if tries.isMultiple(of: 16 * cpus.count) { yieldProcessor() }
    }
  }

  private borrowing func currentThread() -> UInt {
    #if canImport(Darwin) || canImport(Musl)
      UInt(bitPattern: pthread_self())
    #else
      UInt(pthread_self())
    #endif
  }
}
