/// How a machine behaves when memory runs out (`sysctl vm.*`, and limits that a simulation needs).
public struct ReclaimSettings: Hashable, Sendable {
  /// When kswapd runs, unless it has a thread of its own (``Machine/startKswapd(on:)``).
  public enum KswapdMode: String, CaseIterable, Hashable, Sendable {
    /// On the thread of the first request after its wake-up that could reclaim with all rights (`GFP_KERNEL`), when
    /// that request has been served or has failed.
    case afterRequest
    /// Only when ``Machine/runKswapd(cpu:)`` is called.
    case manual
  }
  public var kswapdMode = KswapdMode.afterRequest
  /// Stop the machine rather than kill (`vm.panic_on_oom`).
  public var panicsOnOOM = false
  /// Kill the process that asks for memory rather than the largest (`vm.oom_kill_allocating_task`).
  public var killsAllocatingTask = false
  /// Least time between two messages about failed allocations; Linux: 10 s.
  public var warningInterval = Duration.seconds(10)
  /// How many rounds in a row that got nothing back a request endures that Linux would let try for ever: one with
  /// `__GFP_NOFAIL`, or a small one that may not enter file systems and so may not kill.
  ///
  /// From the 64th round on each waits a millisecond for other threads.
  public var patience = 1000

  public init() {}
}

/// A machine's part that gets memory back.
final class Reclaimer: Sendable {
  let events = VMEventCounters()
  let settings = Locked(ReclaimSettings())
  let shrinkers = Locked<[Shrinker]>([])
  let processes = Locked(ProcessTable())
  /// Held by the one request that decides whom to kill (`oom_lock`).
  let oomLock = SpinLock()
  let kswapd = Kswapd()
  /// When the last message about a failure was written (`nopage_rs`).
  let lastWarning = Locked<ContinuousClock.Instant?>(nil)
  /// Warnings that are given once (`WARN_ON_ONCE`).
  let givenWarnings = Locked<Set<String>>([])

  /// Warns at the first call with this text only.
  func warnOnce(_ text: String, in log: KernelLog) {
    if givenWarnings.withLock({ $0.insert(text).inserted }) { log.append(text) }
  }
}

extension Machine {
  /// How the machine behaves when memory runs out.
  public var reclaimSettings: ReclaimSettings {
    get { reclaimer.settings.withLock { $0 } }
    set { reclaimer.settings.withLock { $0 = newValue } }
  }
}
