import Foundation
import Synchronization

/// A few threads that share out independent pieces of work.
public struct WorkCrew: Sendable {
  /// How many pieces are worked on at a time.
  public let size: Int

  /// A crew of the machine's cores, at least 2 and at most 4: a piece waits for its worker half of the time.
  public init(size: Int = min(4, max(2, ProcessInfo.processInfo.activeProcessorCount))) {
    self.size = size
  }

  /// Does `work` for each index below `count` and answers the results in the indices' order.
  public func map<Result: Sendable>(
    _ count: Int, _ work: @escaping @Sendable (Int) -> Result
  ) -> [Result] {
    let state = Mutex((next: 0, results: [Result?](repeating: nil, count: count)))
    let done = DispatchGroup()
    for _ in 0..<min(size, count) {
      done.enter()
      let thread = Thread {
        while true {
          let index = state.withLock { state -> Int? in
            guard state.next < count else { return nil }
            state.next += 1
            return state.next - 1
          }
          guard let index else { break }
          let result = work(index)
          state.withLock { $0.results[index] = result }
        }
        done.leave()
      }
      // Exhaustive checks recurse; a secondary thread's own 512 KiB are few.
      thread.stackSize = 8 << 20
      thread.start()
    }
    done.wait()
    return state.withLock { $0.results.map { $0! } }
  }
}
