/// A process that may be killed when memory runs out.
///
/// Register it with ``Machine/register(process:)``. All members are asked from whichever thread ran out of
/// memory. Source: `struct task_struct` and its `mm`, as `mm/oom_kill.c` reads them.
public protocol OOMCandidate: AnyObject, Sendable {
  /// What messages call it (`comm`).
  var name: String { get }
  var pid: Int { get }
  /// User who owns it.
  var uid: Int { get }
  /// Pages of its address space, present or not (`total_vm`).
  var totalVirtualPages: Int { get }
  /// Pages of it that are in memory (`get_mm_rss`).
  var residentPages: ResidentPages { get }
  /// Pages of it that are in swap (`MM_SWAPENTS`).
  var swapEntries: Int { get }
  /// Pages that its page tables take (`mm_pgtables_bytes`, in pages).
  var pageTablePages: Int { get }
  /// From -1000, never kill, to 1000, kill first (`oom_score_adj`).
  var oomScoreAdjustment: Int { get }
  /// False for init, kernel threads and the child of a vfork that has not run its program yet.
  var isKillable: Bool { get }

  /// Ends the process and gives back its memory, by way of `cpu` (`SIGKILL`, then `oom_reaper`).
  ///
  /// May return before all is given back; the process then counts as dying, and nobody else is killed meanwhile,
  /// until its ``residentPages`` are 0 or it was given up after ten looks.
  func kill(cpu: CPU)
}

/// Pages of a process that are in memory, by what backs them.
public struct ResidentPages: Hashable, Sendable {
  public var anonymous: Int
  public var file: Int
  public var shared: Int

  public init(anonymous: Int = 0, file: Int = 0, shared: Int = 0) {
    self.anonymous = anonymous
    self.file = file
    self.shared = shared
  }

  public var total: Int { anonymous + file + shared }
}

extension OOMCandidate {
  public var uid: Int { 0 }
  public var swapEntries: Int { 0 }
  public var pageTablePages: Int { 0 }
  public var oomScoreAdjustment: Int { 0 }
  public var isKillable: Bool { true }
  public var totalVirtualPages: Int { residentPages.total + swapEntries }

  /// How much killing the process would give back, in pages; the highest is killed (`oom_badness`).
  ///
  /// - Parameter total: pages of memory and swap.
  /// - Returns: nil when the process must not be killed.
  public func oomBadness(total: Int) -> Int? {
    if !isKillable || oomScoreAdjustment == -1000 { return nil }
    return residentPages.total + swapEntries + pageTablePages + oomScoreAdjustment * (total / 1000)
  }
}
