/// Who asks for memory, for what, and what happens if there is none.
///
/// The four facts are independent: each combination is a situation, and each fact asks for its own
/// flags.
public struct GFPSituation: Hashable, Sendable {
  /// What the processor is doing.
  public enum Context: String, CaseIterable, Hashable, Sendable {
    /// A system call or a kernel thread, no lock held. May sleep.
    case process
    /// A process that holds a mutex, whose waiters sleep too. May sleep.
    case mutex
    /// A process that holds a spinlock: whoever wants the lock burns time until it is free. May not
    /// sleep.
    case spinlock
    /// A softirq, tasklet or timer: no process to put to sleep. May not sleep.
    case bottomHalf = "bottom-half"
    /// A handler of a hardware interrupt. May not sleep.
    case interrupt
  }

  /// Which part of the kernel asks, and so where reclaim must not come back to.
  public enum Code: String, CaseIterable, Hashable, Sendable {
    /// A driver, the network, the scheduler: reclaim may do what it likes.
    case ordinary
    /// File system code, which may hold locks that a file system would want again.
    case fileSystem = "file-system"
    /// The path that writes blocks to a disk, on which all I/O waits (and every file system waits
    /// on I/O).
    case blockIO = "block-io"
  }

  /// What the memory is for.
  public enum Memory: String, CaseIterable, Hashable, Sendable {
    /// The kernel's own data: mapped, and never moved because pointers lead to it.
    case kernel
    /// A buffer for a device that reaches the lowest 16 MiB.
    case device16M = "device-16M"
    /// A buffer for a device that reaches the lowest 4 GiB.
    case device4G = "device-4G"
    /// A page of a process: reached through its page table, so anywhere, and it can be moved.
    case userPage = "user-page"
  }

  public var context: Context
  public var code: Code
  public var memory: Memory
  /// True when the caller has a cheap way to go on without the memory, such as trying again later.
  public var canDoWithout: Bool

  public init(
    context: Context, code: Code = .ordinary, memory: Memory = .kernel, canDoWithout: Bool = false
  ) {
    self.context = context
    self.code = code
    self.memory = memory
    self.canDoWithout = canDoWithout
  }

  /// All 120 situations, the plainest first.
  public static let all: [GFPSituation] = Memory.allCases.flatMap { memory in
    Code.allCases.flatMap { code in
      [false, true].flatMap { canDoWithout in
        Context.allCases.map { context in
          GFPSituation(context: context, code: code, memory: memory, canDoWithout: canDoWithout)
        }
      }
    }
  }
}
