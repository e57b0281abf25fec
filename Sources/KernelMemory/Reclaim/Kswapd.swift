import Synchronization

/// The state of the background reclaimer of a node (`pgdat->kswapd`).
final class Kswapd: Sendable {
  /// What kswapd was asked for: the largest order and the highest zone since it last took a look.
  struct Wish: Sendable {
    var order: Int
    var highestZone: Int
  }
  private struct State {
    var wish: Wish?
    var isRunning = false
    var fruitlessRuns = 0
    var thread: BackgroundThread?
    var mustStop = false
  }
  private let state = Locked(State())
  /// Whether it was woken and has not run since; changes while ``state`` is locked.
  private let awake = Atomic<Bool>(false)
  private let monitor = Monitor()

  /// After so many runs in a row without progress it is woken no more (`MAX_RECLAIM_RETRIES`).
  static let maxFruitlessRuns = 16

  /// Notes what is wanted; a kswapd that sleeps is woken only by ``wake()``.
  func note(order: Int, highestZone: Int) {
    state.withLock { state in
      state.wish = Wish(
        order: max(order, state.wish?.order ?? 0),
        highestZone: max(highestZone, state.wish?.highestZone ?? 0))
    }
  }

  /// Wakes it; false when it was awake already.
  func wake() -> Bool {
    let woken = state.withLock { _ in !awake.exchange(true, ordering: .relaxed) }
    if woken { monitor.notifyAll() }
    return woken
  }

  var isAwake: Bool { awake.load(ordering: .relaxed) }
  var hasThread: Bool { state.withLock { $0.thread != nil } }
  /// Whether a thread of its own is at work, or about to be.
  var isThreadBusy: Bool { state.withLock { $0.thread != nil && (isAwake || $0.isRunning) } }
  /// Whether it has given up.
  var hasFailed: Bool { state.withLock { $0.fruitlessRuns >= Self.maxFruitlessRuns } }

  /// Begins a run: takes what is wanted. Nil when nobody woke it, or another thread runs it.
  func begin() -> Wish? {
    state.withLock { state in
      guard isAwake, !state.isRunning, let wish = state.wish else { return nil }
      awake.store(false, ordering: .relaxed)
      state.isRunning = true
      state.wish = nil
      return wish
    }
  }

  func end() { state.withLock { $0.isRunning = false } }

  func hasFailedOnce() { state.withLock { $0.fruitlessRuns += 1 } }
  /// Something was reclaimed, by whomever: there is hope again.
  func hasProgress() { state.withLock { $0.fruitlessRuns = 0 } }

  // MARK: The thread

  /// Starts a thread that calls `run` whenever kswapd is woken.
  ///
  /// - Returns: false when there is one already, or the system gives none.
  func start(_ run: @escaping @Sendable () -> Bool) -> Bool {
    state.withLock { state in
      guard state.thread == nil else { return false }
      state.mustStop = false
      state.thread = BackgroundThread.start { [self] in
        while waitUntilWoken() && run() {}
      }
      return state.thread != nil
    }
  }

  /// False when the thread shall end.
  private func waitUntilWoken() -> Bool {
    monitor.wait(until: { self.state.withLock { self.isAwake || $0.mustStop } })
    return state.withLock { !$0.mustStop }
  }

  /// Ends the thread and waits until it has, unless it is the one that calls.
  func stop() {
    let thread = state.withLock { state in
      state.mustStop = true
      defer { state.thread = nil }
      return state.thread
    }
    monitor.notifyAll()
    thread?.join()
  }
}
