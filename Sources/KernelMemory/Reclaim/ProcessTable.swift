/// The processes that may be killed, in the order in which they were registered.
struct ProcessTable {
  struct Entry {
    let process: any OOMCandidate
    /// Chosen to die; it may use the reserves (`TIF_MEMDIE`).
    var isVictim = false
    /// Has given back what it could, or was given up (`MMF_OOM_SKIP`).
    var isReaped = false
    /// How often it was met dying, with memory left.
    var looks = 0
  }
  var entries: [Entry] = []
  /// Whether there ever was a process; without, nobody is ever killed (`oom_killer_disabled`).
  var isEnabled = false
  /// Asked before anybody is killed (`oom_notify_list`).
  var notifiers: [@Sendable (CPU) -> Int] = []

  func index(of process: any OOMCandidate) -> Int? {
    entries.firstIndex { $0.process === process }
  }
}

extension Machine {
  /// Lets a process be killed when memory runs out; registering twice changes nothing.
  ///
  /// Before the first one is registered nobody is killed: requests that would wait for that fail instead, as while
  /// Linux has the out-of-memory killer disabled (`oom_killer_disable`).
  public func register(process: any OOMCandidate) {
    reclaimer.processes.withLock { table in
      table.isEnabled = true
      if table.index(of: process) == nil { table.entries.append(.init(process: process)) }
    }
  }

  /// Forgets a process that has ended.
  public func unregister(process: any OOMCandidate) {
    reclaimer.processes.withLock { table in
      if let index = table.index(of: process) { table.entries.remove(at: index) }
    }
  }

  /// Has somebody asked for memory before a process is killed (`register_oom_notifier`).
  ///
  /// - Parameter notifier: gives back what it can by way of the CPU, and answers how many pages that were.
  public func onOutOfMemory(_ notifier: @escaping @Sendable (CPU) -> Int) {
    reclaimer.processes.withLock { $0.notifiers.append(notifier) }
  }

  /// Whether a process was chosen to die for lack of memory (`tsk_is_oom_victim`).
  public func isOOMVictim(_ process: any OOMCandidate) -> Bool {
    reclaimer.processes.withLock { table in
      table.index(of: process).map { table.entries[$0].isVictim } ?? false
    }
  }
}
