/// A stretch of execution that must not sleep, under a name that messages use.
///
/// Source: `in_atomic` and the parts of `preempt_count` in `include/linux/preempt.h`.
public struct AtomicContext: Hashable, Sendable, CustomStringConvertible {
  /// Why it must not sleep.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// A hardware interrupt is being handled (`in_hardirq`).
    case hardInterrupt = "hardware interrupt"
    /// A soft interrupt is being handled (`in_serving_softirq`).
    case softInterrupt = "soft interrupt"
    /// A spinlock is held: whoever waits for it cannot run.
    case spinLock = "spinlock held"
    /// Preemption is off (`preempt_disable`), as within a per-CPU section or RCU reader.
    case preemptionOff = "preemption off"
  }
  public let kind: Kind
  /// What the handler or lock is called.
  public let name: String

  public init(_ kind: Kind, _ name: String) {
    self.kind = kind
    self.name = name
  }

  /// The handler of a hardware interrupt, such as `irq 11`.
  public static func hardInterrupt(_ name: String) -> AtomicContext { .init(.hardInterrupt, name) }
  /// The handler of a soft interrupt, such as `NET_RX`.
  public static func softInterrupt(_ name: String) -> AtomicContext { .init(.softInterrupt, name) }
  /// A section under a spinlock, such as `&dev->lock`.
  public static func spinLock(_ name: String) -> AtomicContext { .init(.spinLock, name) }
  /// A section without preemption, such as `get_cpu`.
  public static func preemptionOff(_ name: String) -> AtomicContext { .init(.preemptionOff, name) }

  /// For example `hardware interrupt "irq 11"`.
  public var description: String { "\(kind.rawValue) \"\(name)\"" }
}

/// A call that the context of its CPU forbids; nothing has changed.
public enum ContextError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The mask lets the allocator sleep where nobody may (`might_sleep`); the innermost context is named.
  case sleepsInAtomicContext(GFPFlags, AtomicContext, cpu: Int)
  /// A context or scope is left that was not entered, or not as the last one.
  case notEntered(String, cpu: Int)

  public var description: String {
    switch self {
    case .sleepsInAtomicContext(let gfp, let context, let cpu):
      "sleeping function called from invalid context: the mask \(gfp) has __GFP_DIRECT_RECLAIM, so the "
        + "allocation may sleep, but CPU \(cpu) is in atomic context (\(context)), where nothing may; "
        + "use GFP_ATOMIC, or GFP_NOWAIT where failing is cheap, or allocate before entering"
    case .notEntered(let what, let cpu):
      "CPU \(cpu) leaves \(what), which is not what it entered last; leave in reverse order, once each"
    }
  }
}
