import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What keeps a CPU's owner apart from others who want its lists: nearly free for the owner, dear for the others.
///
/// In Linux the owner forbids preemption and others send it work (`preempt_disable`, `flush_work`). A process can do
/// neither, so the owner announces itself with a plain store, and whoever else wants the lists sets a bit, makes
/// every processor of the process pass a memory barrier (`membarrier(2)`), and waits until the announcement is gone.
/// Where the system has no such barrier, the bit stays set for ever and the owner takes the lock each time.
@usableFromInline
struct CPUGuard: ~Copyable {
  /// Whether the owner is on its fast path.
  @usableFromInline let isBusy = Atomic<Bool>(false)
  /// What sends the owner to its slow path: bits of GFP masks, and ``seized``.
  @usableFromInline let slowBits: Atomic<UInt32>
  /// Held by whoever works on the CPU's lists off the fast path: the owner, or another.
  let lock = SpinLock()

  /// Set while somebody else has the lists; no GFP flag's bit.
  @inlinable static var seized: UInt32 { 1 << 31 }

  /// Set while a zone is short of memory, so that its watermarks need a look; no GFP flag's bit either.
  ///
  /// Only the first four zones of a machine can have memory.
  static func shortage(inZone index: Int) -> UInt32 { index < 4 ? 1 << UInt32(25 + index) : 0 }

  /// Set while the CPU reclaims, so that every free is seen and counted; no GFP flag's bit.
  @inlinable static var reclaiming: UInt32 { 1 << 29 }

  /// With which every allocation enters besides its mask; set while failures are injected. No GFP flag's bit.
  @inlinable static var allocation: UInt32 { 1 << 30 }

  init() {
    slowBits = Atomic(ProcessBarrier.isAvailable ? 0 : Self.seized)
  }

  /// Enters the owner's fast path, unless one of `bits` says that it must go the slow way.
  ///
  /// - Parameter bits: a GFP mask, or none.
  @inlinable
  borrowing func enter(_ bits: UInt32 = 0) -> Bool {
    enter(unless: bits | Self.seized | Self.reclaiming)
  }

  /// Enters the owner's fast path unless one of `bits` is set, of which ``seized`` and ``reclaiming`` must be two.
  @inlinable
  @inline(__always)
  borrowing func enter(unless bits: UInt32) -> Bool {
    isBusy.store(true, ordering: .relaxed)
    // Keeps the compiler from moving the load up; the processor is kept by the other side's barrier.
    atomicMemoryFence(ordering: .acquiringAndReleasing)
    if slowBits.load(ordering: .acquiring) & bits == 0 { return true }
    leave()
    return false
  }

  /// Enters the owner's fast path to allocate, unless something about `gfp`, or about all allocations, needs a look.
  @inlinable
  borrowing func enter(allocating gfp: GFPFlags) -> Bool { enter(gfp.rawValue | Self.allocation) }

  /// Ends what a successful ``enter(_:)`` began.
  @inlinable
  borrowing func leave() { isBusy.store(false, ordering: .releasing) }

  /// Runs `body` with the lists to itself; only the CPU's owner may call it, and not within ``enter(_:)``.
  borrowing func asOwner<Result: ~Copyable>(_ body: () -> Result) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return body()
  }

  /// Runs `body` with the lists to itself; any thread may call it, but not while it holds this guard.
  borrowing func asStranger<Result: ~Copyable>(_ body: () -> Result) -> Result {
    lock.lock()
    if ProcessBarrier.isAvailable {
      slowBits.bitwiseOr(Self.seized, ordering: .sequentiallyConsistent)
      ProcessBarrier.pass()
    }
    while isBusy.load(ordering: .acquiring) { yieldProcessor() }
    defer {
      if ProcessBarrier.isAvailable {
        slowBits.bitwiseAnd(~Self.seized, ordering: .releasing)
      }
      lock.unlock()
    }
    return body()
  }
}

/// A memory barrier on every processor that runs a thread of this process.
enum ProcessBarrier {
  /// Whether the system has such a barrier.
  static let isAvailable = system != nil

  /// Returns when all threads have passed a barrier.
  static func pass() { _ = system?(membarrier, privateExpedited, 0, 0) }

  private typealias SystemCall = @convention(c) (Int, Int, Int, Int) -> Int
  private static let privateExpedited = 1 << 3
  private static let registerPrivateExpedited = 1 << 4
  #if arch(x86_64)
    private static let membarrier = 324
  #else
    private static let membarrier = 283
  #endif

  /// `syscall(2)`: the C library has no function for membarrier, and Swift cannot call a variadic one by name.
  private static let system: SystemCall? = {
    #if os(Linux) && (arch(x86_64) || arch(arm64))
      guard let symbol = dlsym(nil, "syscall") else { return nil }
      let call = unsafeBitCast(symbol, to: SystemCall.self)
      return call(membarrier, registerPrivateExpedited, 0, 0) == 0 ? call : nil
    #else
      return nil
    #endif
  }()
}
