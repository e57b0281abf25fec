/// A promise about what allocations of the running task may do, made once for all code that it calls.
///
/// Source: `memalloc_noio_save` and its kin in `include/linux/sched/mm.h`.
public enum AllocationScope: String, CaseIterable, Hashable, Sendable {
  /// `PF_MEMALLOC_NOIO`: every mask loses `__GFP_IO` and `__GFP_FS` (`memalloc_noio_save`).
  case noIO = "memalloc_noio"
  /// `PF_MEMALLOC_NOFS`: every mask loses `__GFP_FS` (`memalloc_nofs_save`).
  case noFS = "memalloc_nofs"
  /// `PF_MEMALLOC`: all reserves are open and reclaim is not entered again (`memalloc_noreclaim_save`).
  case noReclaim = "memalloc_noreclaim"
  /// `PF_MEMALLOC_PIN`: every mask loses `__GFP_MOVABLE`, for pages that will be pinned (`memalloc_pin_save`).
  case pin = "memalloc_pin"
}

/// What a CPU is doing at this moment, as far as allocations care; only its owner looks.
struct CPUContext {
  /// Innermost last.
  var atomic: [AtomicContext] = []
  /// Innermost last.
  var scopes: [AllocationScope] = []
  /// The process on whose behalf the CPU runs, if any (`current`).
  var task: (any OOMCandidate)?
  /// Whether that is a real-time or deadline task (`rt_or_dl_task`).
  var isRealTime = false
  /// Pages given back through this CPU since its reclaim began; nil while it does not reclaim (`reclaim_state`).
  var reclaimed: Int?

  /// Whether an interrupt is being handled, so that the task's own rights do not count (`in_interrupt`).
  var isInInterrupt: Bool {
    atomic.contains { $0.kind == .hardInterrupt || $0.kind == .softInterrupt }
  }

  /// The mask as the task's scopes leave it (`current_gfp_context`).
  func applied(to gfp: GFPFlags) -> GFPFlags {
    if scopes.isEmpty { return gfp }
    var gfp = gfp
    if scopes.contains(.noIO) { gfp.subtract([.io, .fs]) }
    if scopes.contains(.noFS) { gfp.remove(.fs) }
    if scopes.contains(.pin) { gfp.remove(.movable) }
    return gfp
  }
}

extension CPU {
  var context: CPUContext {
    get { state.pointee.context }
    nonmutating _modify { yield &state.pointee.context }
  }

  // MARK: Atomic contexts

  /// Whether the CPU may not sleep at this moment (`in_atomic`).
  public var isAtomic: Bool { !context.atomic.isEmpty }

  /// Begins a stretch that must not sleep; contexts nest.
  ///
  /// An allocation whose mask has `__GFP_DIRECT_RECLAIM` throws ``ContextError`` until it is left. Allocations that
  /// may be made there cost what they always do.
  public func enterAtomicContext(_ atomic: AtomicContext) {
    context.atomic.append(atomic)
    setSlow(.directReclaim, true)
  }

  /// Ends the stretch that was entered last.
  ///
  /// - Throws: ``ContextError/notEntered(_:cpu:)`` when it is another, or none.
  public func leaveAtomicContext(_ atomic: AtomicContext) throws(ContextError) {
    guard context.atomic.last == atomic else {
      throw .notEntered("atomic context (\(atomic))", cpu: number)
    }
    context.atomic.removeLast()
    setSlow(.directReclaim, isAtomic)
  }

  /// Runs `body` in a context that must not sleep.
  public func withAtomicContext<Result>(
    _ atomic: AtomicContext, _ body: () throws -> Result
  ) rethrows -> Result {
    let depth = context.atomic.count
    enterAtomicContext(atomic)
    defer {
      context.atomic.removeLast(context.atomic.count - depth)
      setSlow(.directReclaim, isAtomic)
    }
    return try body()
  }

  /// Refuses a mask that may sleep where the CPU may not (`might_alloc`).
  ///
  /// For allocators: to be called where the guard's fast path was refused, or where there is none.
  public func checkMayAllocate(_ gfp: GFPFlags) throws(ContextError) {
    if gfp.mayBlock, let atomic = context.atomic.last {
      throw .sleepsInAtomicContext(gfp, atomic, cpu: number)
    }
  }

  // MARK: Scopes of a task

  /// Begins a scope; scopes nest, and the same one may be entered again.
  public func enter(_ scope: AllocationScope) {
    context.scopes.append(scope)
    if scope == .pin { setSlow(.movable, true) }
  }

  /// Ends the scope that was entered last.
  ///
  /// - Throws: ``ContextError/notEntered(_:cpu:)`` when it is another, or none.
  public func leave(_ scope: AllocationScope) throws(ContextError) {
    guard context.scopes.last == scope else {
      throw .notEntered("the scope \(scope.rawValue)", cpu: number)
    }
    context.scopes.removeLast()
    if scope == .pin { setSlow(.movable, context.scopes.contains(.pin)) }
  }

  /// Runs `body` within a scope.
  public func within<Result>(
    _ scope: AllocationScope, _ body: () throws -> Result
  ) rethrows -> Result {
    let depth = context.scopes.count
    enter(scope)
    defer {
      context.scopes.removeLast(context.scopes.count - depth)
      if scope == .pin { setSlow(.movable, context.scopes.contains(.pin)) }
    }
    return try body()
  }

  /// Runs `body` on behalf of a process: it is the one that is named in messages, and once it has been chosen to die,
  /// it gets half of the min watermark (`tsk_is_oom_victim`).
  ///
  /// - Parameter realTime: whether the process has a real-time or deadline policy, which opens half of the reserve.
  public func run<Result>(
    as process: any OOMCandidate, realTime: Bool = false, _ body: () throws -> Result
  ) rethrows -> Result {
    let before = (context.task, context.isRealTime)
    context.task = process
    context.isRealTime = realTime
    defer { (context.task, context.isRealTime) = before }
    return try body()
  }

  /// Sends allocations that have a bit of `gfp` to the slow path, or no longer.
  private func setSlow(_ gfp: GFPFlags, _ slow: Bool) {
    if slow {
      state.pointee.guarded.slowBits.bitwiseOr(gfp.rawValue, ordering: .relaxed)
    } else {
      state.pointee.guarded.slowBits.bitwiseAnd(~gfp.rawValue, ordering: .relaxed)
    }
  }
}
