import Synchronization

/// Windows through which the 32-bit kernel sees pages above low memory: `kmap` and `kmap_local_page`.
///
/// Pages of low memory, and all pages of the 64-bit machine, have an address anyway: it is handed out, and nothing is
/// mapped. Many threads may call it at once, each with a ``CPU`` of its own.
/// Source: `mm/highmem.c`, `include/linux/highmem-internal.h`.
public final class HighMemory: @unchecked Sendable {
  public let kernel: Vmalloc
  /// Windows that are shared by all CPUs (`LAST_PKMAP` with PAE); 0 on the 64-bit machine.
  public let windows: Int

  private let lock = SpinLock()
  /// For each window: 0 free, 1 unused but not flushed, n for n - 1 users (`pkmap_count`).
  private let counts: UnsafeMutablePointer<Int>
  /// For each window the page that it shows, or -1.
  private let frames: UnsafeMutablePointer<Int>
  /// The window that was handed out last (`last_pkmap_nr`).
  private var last = 0
  private var flushCount = 0
  /// For each CPU the pages of its stack of short mappings; -1 for a page that needed none.
  private let stacks: UnsafeMutablePointer<[Int]>

  /// Short mappings that a task may have at a time (`KM_MAX_IDX`).
  public static let localSlots = 16
  /// Where the windows of short mappings end: the fixed addresses below the last page.
  static let fixmapTop = VirtualAddress(0xffff_f000)

  /// Sets up the windows, and the tables of their addresses, so that none is missing later (`permanent_kmaps_init`).
  public init(_ kernel: Vmalloc, cpu: CPU) {
    self.kernel = kernel
    windows = kernel.machine.kind == .x86_32 ? 512 : 0
    counts = .allocate(capacity: max(windows, 1))
    counts.initialize(repeating: 0, count: max(windows, 1))
    frames = .allocate(capacity: max(windows, 1))
    frames.initialize(repeating: -1, count: max(windows, 1))
    stacks = .allocate(capacity: kernel.machine.cpus.count)
    stacks.initialize(repeating: [], count: kernel.machine.cpus.count)
    guard windows > 0 else { return }
    _ = kernel.makeSlot(
      kernel.layout.persistentKmap.lowerBound.rawValue, gfp: .kernel, cpu)
    for owner in kernel.machine.cpus {
      for slot in 0..<Self.localSlots {
        _ = kernel.makeSlot(localAddress(owner, slot).rawValue, gfp: .kernel, cpu)
      }
    }
  }

  deinit {
    counts.deallocate()
    frames.deallocate()
    stacks.deinitialize(count: kernel.machine.cpus.count)
    stacks.deallocate()
  }

  /// Times that all unused windows were flushed at once.
  public var flushes: Int { locked { flushCount } }

  /// Windows with at least one user.
  public var windowsInUse: Int { locked { (0..<windows).count { counts[$0] > 1 } } }

  /// What `kmap` and its kin refuse; nothing has changed.
  public enum Misuse: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not a page that somebody owns.
    case notAllocated(PageFrame, PageUse)
    /// The page has no window to give back.
    case notMapped(PageFrame)
    /// All short mappings of the CPU are in use.
    case tooManyLocal(cpu: Int)
    /// Not the mapping that was made last.
    case outOfOrder(VirtualAddress, last: VirtualAddress?)
    /// Where nobody may sleep, `kmap` may not be called.
    case context(ContextError)

    public var description: String {
      switch self {
      case .notAllocated(let frame, let use):
        "page frame \(frame) cannot be mapped: it is \(use.words)"
      case .notMapped(let frame): "page frame \(frame) is not mapped by kmap"
      case .tooManyLocal(let cpu):
        "CPU \(cpu) has \(HighMemory.localSlots) short mappings already: end some, in reverse order"
      case .outOfOrder(let address, let last?):
        "short mappings end in reverse order: \(last) was made last, not \(address)"
      case .outOfOrder(let address, nil): "\(address) is no short mapping: there is none"
      case .context(let error): error.description
      }
    }
  }

  /// Shows a page to the kernel for as long as it likes, to all CPUs (`kmap`).
  ///
  /// The same page gets the same window, which counts its users. When all windows are handed out, those without users
  /// are flushed together; Linux sleeps when there is none.
  /// - Returns: the address; nil when every window has a user, or there was no page for a table.
  /// - Throws: ``Misuse``.
  /// - Complexity: O(windows).
  public func kmap(_ frame: PageFrame, cpu: CPU) throws(Misuse) -> VirtualAddress? {
    do throws(ContextError) {
      try cpu.checkMayAllocate(.kernel)
    } catch {
      throw .context(error)
    }
    try checkAllocated(frame)
    if let address = lowAddress(of: frame) { return address }
    // The table of all windows, before the lock is taken.
    let base = kernel.layout.persistentKmap.lowerBound
    guard let table = kernel.makeSlot(base.rawValue, gfp: .kernel, cpu) else { return nil }
    return locked {
      if let window = window(of: frame.number) {
        counts[window] += 1
        return base + window * pageSize
      }
      var left = windows
      while left > 0 {
        last = (last + 1) % windows
        if last == 0 { flushUnused(table) }
        if counts[last] == 0 {
          counts[last] = 2
          frames[last] = frame.number
          (table + last).pointee.store(
            PageTableEntry.kernel.mapping(frame).rawValue, ordering: .releasing)
          return base + last * pageSize
        }
        left -= 1
      }
      return nil
    }
  }

  /// Ends one use of a page's window; the mapping stays until the next flush (`kunmap`).
  ///
  /// - Throws: ``Misuse/notMapped(_:)``.
  public func kunmap(_ frame: PageFrame) throws(Misuse) {
    if lowAddress(of: frame) != nil { return }
    let isMapped = locked {
      guard let window = window(of: frame.number), counts[window] > 1 else { return false }
      counts[window] -= 1
      return true
    }
    if !isMapped { throw .notMapped(frame) }
  }

  /// Shows a page to this CPU for a short time (`kmap_local_page`); may be called where nobody may sleep.
  ///
  /// - Returns: the address; nil when there was no page for a table.
  /// - Throws: ``Misuse/tooManyLocal(cpu:)``.
  public func kmapLocal(_ frame: PageFrame, cpu: CPU) throws(Misuse) -> VirtualAddress? {
    try checkAllocated(frame)
    let low = lowAddress(of: frame)
    // The 64-bit machine needs no windows, and keeps no order.
    if windows == 0 { return low }
    guard stacks[cpu.number].count < Self.localSlots else { throw .tooManyLocal(cpu: cpu.number) }
    if let low {
      // Nothing is mapped, and so nothing is to be ended in order.
      return low
    }
    let address = localAddress(cpu, stacks[cpu.number].count)
    guard let slot = kernel.makeSlot(address.rawValue, gfp: .atomic, cpu) else { return nil }
    slot.pointee.store(PageTableEntry.kernel.mapping(frame).rawValue, ordering: .releasing)
    stacks[cpu.number].append(frame.number)
    return address
  }

  /// Ends the short mapping that was made last (`kunmap_local`).
  ///
  /// - Throws: ``Misuse/outOfOrder(_:last:)``.
  public func kunmapLocal(_ address: VirtualAddress, cpu: CPU) throws(Misuse) {
    if kernel.layout.directMap.contains(address) { return }
    let depth = stacks[cpu.number].count
    let last = depth == 0 ? nil : localAddress(cpu, depth - 1)
    guard last == address.page else { throw .outOfOrder(address, last: last) }
    stacks[cpu.number].removeLast()
    kernel.tables.clear(address.page.rawValue..<address.page.rawValue + 1) { _, _, _ in }
  }

  /// The address that a page has anyway (`page_address` of low memory).
  public func lowAddress(of frame: PageFrame) -> VirtualAddress? {
    let address = kernel.layout.directMap.lowerBound + frame.number * pageSize
    return kernel.layout.directMap.contains(address) ? address : nil
  }

  /// Fixed addresses, 16 for each CPU, from the top down.
  private func localAddress(_ cpu: CPU, _ slot: Int) -> VirtualAddress {
    Self.fixmapTop - (cpu.number * Self.localSlots + slot + 1) * pageSize
  }

  private func window(of frame: Int) -> Int? {
    (0..<windows).first { frames[$0] == frame && counts[$0] > 0 }
  }

  /// Frees all windows without users, with one flush of the TLB (`flush_all_zero_pkmaps`).
  private func flushUnused(_ table: PageTables.Slot) {
    var isNeeded = false
    for window in 0..<windows where counts[window] == 1 {
      counts[window] = 0
      frames[window] = -1
      (table + window).pointee.store(0, ordering: .releasing)
      isNeeded = true
    }
    if isNeeded { flushCount += 1 }
  }

  private func checkAllocated(_ frame: PageFrame) throws(Misuse) {
    let use = kernel.machine.use(of: frame)
    guard case .allocated = use else { throw .notAllocated(frame, use) }
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return body()
  }
}
