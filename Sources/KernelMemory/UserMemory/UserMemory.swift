import Synchronization

/// What all processes of a machine share: pages with their counts of users, the zero page, and swap.
///
/// Many threads may use its address spaces at once, each with a ``CPU`` of its own. One lock guards all page tables
/// of processes; it is never held while a page is asked for, since that may have to swap pages out.
/// Source: `mm/memory.c`, `mm/swap_state.c`, `mm/vmscan.c`.
public final class UserMemory: @unchecked Sendable {
  public let machine: Machine
  /// The kernel's tables, whose half every process's top level copies; nil leaves that half empty.
  public let kernel: Vmalloc?
  /// The page of zeros that everybody may read (`empty_zero_page`).
  public let zeroPage: PageFrame

  let lock = SpinLock()
  /// For each frame the number of entries that lead to it (`_mapcount` + 1).
  let users: UnsafeMutablePointer<UInt32>
  /// For each frame the swap slot with the same bytes, plus 1; 0 for none.
  let slotOfFrame: UnsafeMutablePointer<UInt32>
  private let perFrame: Arena
  let swap: UnsafeMutablePointer<SwapSpace>
  /// The living address spaces, in the order in which the hand of the clock visits them.
  var spaces: [AddressSpace] = []
  /// Where the hand stands.
  var hand = (space: 0, address: UInt64(0))
  var counts = UserMemoryCounts()
  /// Pages that entries of any process lead to, the zero page apart.
  private(set) var anonymousPages = 0
  private var shrinker: Shrinker?

  /// Sets up counts for every frame, the zero page, and swap.
  ///
  /// - Parameters:
  ///   - machine: its page allocator gives all pages.
  ///   - kernel: whose addresses every process has in its upper half.
  ///   - swapPages: slots for pages; 0 for a machine without swap.
  ///   - reclaims: whether the machine may swap pages out when memory is short, as a shrinker named `swap`.
  ///   - cpu: the calling thread's processor.
  /// - Throws: ``UserMemoryError/machine(_:)``, or ``UserMemoryError/noMemory`` without a page for the zero page.
  public init(
    machine: Machine, kernel: Vmalloc? = nil, swapPages: Int = 0, reclaims: Bool = true, cpu: CPU
  ) throws(UserMemoryError) {
    self.machine = machine
    self.kernel = kernel
    let frames = machine.memory.byteCount / pageSize
    let space: SwapSpace
    do throws(MachineError) {
      perFrame = try Arena(byteCount: frames * 8)
      space = try SwapSpace(slots: max(swapPages, 0))
    } catch {
      throw .machine(error)
    }
    users = perFrame.base.bindMemory(to: UInt32.self, capacity: frames)
    slotOfFrame = (perFrame.base + frames * 4).bindMemory(to: UInt32.self, capacity: frames)
    guard
      let zero = (try? machine.allocatePages(order: 0, gfp: [.kernel, .zero], cpu: cpu)) ?? nil
    else { throw .noMemory }
    zeroPage = zero
    swap = .allocate(capacity: 1)
    swap.initialize(to: space)
    if reclaims && swapPages > 0 {
      let shrinker = Shrinker(
        name: "swap",
        count: { [weak self] _ in self?.swappablePages ?? 0 },
        scan: { [weak self] control in
          guard let self, control.gfp.contains(.io) else { return nil }
          return self.reclaim(pages: control.target, cpu: control.cpu)
        })
      machine.register(shrinker: shrinker)
      self.shrinker = shrinker
    }
    machine.add(usageOf: self)
  }

  deinit {
    if let shrinker { machine.unregister(shrinker: shrinker) }
    swap.deinitialize(count: 1)
    swap.deallocate()
  }

  /// Gives the zero page back. All address spaces must have ended; nothing happens while one lives.
  public func tearDown(cpu: CPU) {
    guard locked({ spaces.isEmpty }) else { return }
    if let shrinker { machine.unregister(shrinker: shrinker) }
    shrinker = nil
    machine.release(zeroPage, cpu: cpu)
  }

  /// Swap slots that there are (`SwapTotal`, in pages).
  public var swapPages: Int { swap.pointee.slots }

  /// Swap slots in use.
  public var usedSwapPages: Int { locked { swap.pointee.used } }

  /// What happened so far.
  public var statistics: UserMemoryCounts { locked { counts } }

  /// Pages that could be swapped out, as far as there are slots.
  private var swappablePages: Int {
    locked {
      let resident = spaces.reduce(0) { $0 + $1.resident }
      return min(resident, swap.pointee.slots - swap.pointee.used)
    }
  }

  func locked<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body()
  }

  // MARK: Pages. All need the lock.

  func addUser(_ frame: PageFrame) {
    if users[frame.number] == 0 { anonymousPages += 1 }
    users[frame.number] += 1
  }

  /// One entry less leads to a page; the last one frees it.
  ///
  /// - Returns: whether it was the last one.
  @discardableResult
  func dropUser(_ frame: PageFrame, cpu: CPU) -> Bool {
    users[frame.number] -= 1
    guard users[frame.number] == 0 else { return false }
    anonymousPages -= 1
    forgetSlot(of: frame)
    machine.release(frame, cpu: cpu)
    return true
  }

  /// Ends the tie between a page and the slot with the same bytes; the slot lives on while entries name it.
  func forgetSlot(of frame: PageFrame) {
    guard slotOfFrame[frame.number] != 0 else { return }
    let slot = Int(slotOfFrame[frame.number] - 1)
    slotOfFrame[frame.number] = 0
    swap.pointee.cached[slot] = 0
    if swap.pointee.counts[slot] == 0 { swap.pointee.release(slot) }
  }

  /// One entry less names a slot; the last one frees it.
  func dropSlot(_ slot: Int) {
    swap.pointee.addEntries(-1, to: slot)
    guard swap.pointee.counts[slot] == 0 else { return }
    let cached = swap.pointee.cached[slot]
    if cached != 0 { slotOfFrame[Int(cached - 1)] = 0 }
    swap.pointee.release(slot)
  }

  /// Gives up what an entry stands for.
  func drop(_ entry: PageTableEntry, cpu: CPU) {
    if let slot = entry.swapSlot {
      dropSlot(slot)
    } else if entry.isPresent, entry.frame != zeroPage {
      dropUser(entry.frame, cpu: cpu)
    }
  }
}

/// What happened to the pages of all processes.
public struct UserMemoryCounts: Hashable, Sendable {
  /// Faults that no device was needed for (`pgfault` less `pgmajfault`).
  public internal(set) var minorFaults = 0
  /// Faults that read a page from swap (`pgmajfault`).
  public internal(set) var majorFaults = 0
  /// Reads of untouched memory that the zero page answered.
  public internal(set) var zeroPageMaps = 0
  /// Pages copied because a writer shared them.
  public internal(set) var copies = 0
  /// Writes to a page that nobody shared any more, so that no copy was needed.
  public internal(set) var reuses = 0
  /// Entries whose page was swapped out (`pswpout` counts the pages written).
  public internal(set) var swappedOut = 0
  /// Pages written to swap.
  public internal(set) var swapWrites = 0
  /// Entries that were given a second chance, because they had been used lately.
  public internal(set) var secondChances = 0
  /// Flushes of the TLB.
  public internal(set) var tlbFlushes = 0
}
