import Synchronization

/// A zone's lock (`zone->lock`): a spin lock that a CPU may keep while nobody else wants it.
///
/// An atomic exchange waits for all stores before it, which makes it the dearest instruction of an operation on free
/// lists. So after some sections in a row by one CPU the lock stays held for that CPU, which from then on announces
/// itself with a plain store only. Whoever else comes takes the lock away, at the price of a memory barrier on every
/// processor of the process, as for ``CPUGuard``. (A kernel for one processor has no spin locks at all.)
@usableFromInline
struct ZoneLock: ~Copyable {
  @usableFromInline let spin = SpinLock()
  /// For whom the lock is held, if for anyone.
  @usableFromInline let keeper = Atomic<UnsafeMutablePointer<PerCPUState>?>(nil)
  /// Held by whoever takes the lock away from its keeper.
  private let takeover = SpinLock()
  /// Who had the last sections, and how many in a row; these change while the lock is held.
  private let lastUser = Atomic<UnsafeMutablePointer<PerCPUState>?>(nil)
  private let uses = Atomic<Int>(0)
  /// After so many the lock is kept; doubled whenever that was a mistake.
  private let patience = Atomic<Int>(256)

  /// Takes the lock if it is free, and kept by nobody. Never waits.
  @inlinable
  @inline(__always)
  borrowing func tryLock() -> Bool { spin.tryLock() }

  @inlinable
  borrowing func unlock() { spin.unlock() }

  borrowing func lock() {
    if !tryLock() { lockContended() }
  }

  @inline(never)
  private borrowing func lockContended() {
    var tries = 0
    while !tryLock() {
      if keeper.load(ordering: .relaxed) != nil, takeOver() { return }
      tries += 1
      if tries.isMultiple(of: 128) { yieldProcessor() }
    }
  }

  /// Takes the lock away from its keeper; false when it has none any more.
  private borrowing func takeOver() -> Bool {
    takeover.lock()
    defer { takeover.unlock() }
    guard let loser = keeper.load(ordering: .acquiring) else { return false }
    keeper.store(nil, ordering: .sequentiallyConsistent)
    ProcessBarrier.pass()
    // Nobody waits for anything in such a section.
    while loser.pointee.isInZone.load(ordering: .acquiring) { yieldProcessor() }
    uses.store(0, ordering: .relaxed)
    patience.store(2 * patience.load(ordering: .relaxed), ordering: .relaxed)
    return true
  }

  /// Begins a section if the lock is kept for a CPU; for the CPU's owner.
  @inline(__always)
  borrowing func enter(_ cpu: UnsafeMutablePointer<PerCPUState>) -> Bool {
    cpu.pointee.isInZone.store(true, ordering: .relaxed)
    // Keeps the compiler from moving the load up; the processor is kept by the other side's barrier.
    atomicMemoryFence(ordering: .acquiringAndReleasing)
    if keeper.load(ordering: .acquiring) == cpu { return true }
    cpu.pointee.isInZone.store(false, ordering: .releasing)
    return false
  }

  /// Ends a section that ``enter(_:)`` began.
  @inline(__always)
  borrowing func leave(_ cpu: UnsafeMutablePointer<PerCPUState>) {
    cpu.pointee.isInZone.store(false, ordering: .releasing)
  }

  /// Ends a section of a CPU that took the lock: keeps it when the CPU seems to be alone.
  borrowing func unlock(orKeepFor cpu: UnsafeMutablePointer<PerCPUState>) {
    let isAgain = lastUser.load(ordering: .relaxed) == cpu
    let count = isAgain ? uses.load(ordering: .relaxed) + 1 : 0
    uses.store(count, ordering: .relaxed)
    if count >= patience.load(ordering: .relaxed), ProcessBarrier.isAvailable {
      keeper.store(cpu, ordering: .releasing)
      return
    }
    if !isAgain { lastUser.store(cpu, ordering: .relaxed) }
    spin.unlock()
  }
}
