import Synchronization

/// What happens when memory is short, counted since boot (`/proc/vmstat`).
///
/// There are no lists of file and anonymous pages here: what is scanned are the objects of shrinkers.
/// Source: `include/linux/vm_event_item.h` and the tracepoints of `include/trace/events/vmscan.h`.
public enum VMEvent: String, CaseIterable, Hashable, Sendable {
  /// Requests that reclaimed themselves.
  case allocationStalls = "allocstall"
  /// Times kswapd was woken (tracepoint `mm_vmscan_kswapd_wake`).
  case kswapdWakeups = "kswapd_wake"
  /// Passes of kswapd over the node (`balance_pgdat`).
  case kswapdRuns = "pageoutrun"
  /// Times kswapd found the node balanced and slept (tracepoint `mm_vmscan_kswapd_sleep`).
  case kswapdSleeps = "kswapd_sleep"
  /// Objects that kswapd had shrinkers look at.
  case scannedByKswapd = "pgscan_kswapd"
  /// Objects that requests had shrinkers look at.
  case scannedDirectly = "pgscan_direct"
  /// Requests that had to wait for kswapd before they reclaimed.
  case throttled = "pgscan_direct_throttle"
  /// Pages that kswapd got back.
  case reclaimedByKswapd = "pgsteal_kswapd"
  /// Pages that requests got back.
  case reclaimedDirectly = "pgsteal_direct"
  /// Objects that shrinkers looked at.
  case objectsScanned = "slabs_scanned"
  /// Processes killed for lack of memory.
  case oomKills = "oom_kill"
  /// Requests that failed (`warn_alloc`, the silent ones included).
  case failures = "alloc_fail"
}

/// A counter for each ``VMEvent``.
final class VMEventCounters: @unchecked Sendable {
  private let counters: UnsafeMutablePointer<Atomic<Int>>
  private static let indices = Dictionary(
    uniqueKeysWithValues: zip(VMEvent.allCases, 0...))

  init() {
    counters = .allocate(capacity: VMEvent.allCases.count)
    for index in VMEvent.allCases.indices { (counters + index).initialize(to: Atomic(0)) }
  }

  deinit {
    counters.deinitialize(count: VMEvent.allCases.count)
    counters.deallocate()
  }

  func add(_ count: Int = 1, to event: VMEvent) {
    counters[Self.indices[event]!].add(count, ordering: .relaxed)
  }

  subscript(event: VMEvent) -> Int { counters[Self.indices[event]!].load(ordering: .relaxed) }
}

extension Machine {
  /// How often something happened since boot.
  public func count(of event: VMEvent) -> Int { reclaimer.events[event] }
}
