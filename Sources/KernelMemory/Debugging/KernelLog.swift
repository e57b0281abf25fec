/// What the kernel has to say: lines in the order they came, the oldest dropped when it is full (`dmesg`).
///
/// Safe to use from many threads. Source: `kernel/printk/printk.c`.
public final class KernelLog: Sendable {
  /// Lines kept.
  public let capacity: Int

  private struct State {
    var lines: [String] = []
    /// Index of the oldest line once `lines` is full.
    var oldest = 0
    var total = 0
  }
  private let state = Locked(State())

  /// - Parameter capacity: lines to keep; at least 1.
  public init(capacity: Int = 4096) { self.capacity = max(capacity, 1) }

  /// Adds a message, a line for each of its lines (`printk`). O(1) each.
  public func append(_ message: String) {
    state.withLock { state in
      for line in message.split(separator: "\n", omittingEmptySubsequences: false) {
        state.total += 1
        if state.lines.count < capacity {
          state.lines.append(String(line))
        } else {
          state.lines[state.oldest] = String(line)
          state.oldest = (state.oldest + 1) % capacity
        }
      }
    }
  }

  /// The lines kept, oldest first. O(lines).
  public var lines: [String] {
    state.withLock { Array($0.lines[$0.oldest...] + $0.lines[..<$0.oldest]) }
  }

  /// Lines added so far, the dropped ones included.
  public var total: Int { state.withLock { $0.total } }

  /// Forgets all lines (`dmesg --clear`).
  public func clear() { state.withLock { $0 = State() } }
}
