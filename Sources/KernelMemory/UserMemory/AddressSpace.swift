import Synchronization

/// The memory of a process: regions of addresses, and page tables that are filled when they are touched.
///
/// Nothing is allocated by ``mmap(_:at:protection:name:)``; the first touch of each page faults, and the fault gets a page.
/// Lives until ``exit(cpu:)``. Source: `struct mm_struct`, `mm/mmap.c`.
public final class AddressSpace: OOMCandidate, @unchecked Sendable {
  public let memory: UserMemory
  public let name: String
  public let pid: Int
  public let uid: Int
  public let oomScoreAdjustment: Int
  public let isKillable: Bool
  /// The process's page tables (`pgd`).
  public let tables: PageTables
  /// Addresses that a process may have: below `TASK_SIZE`.
  public let userRange: Range<VirtualAddress>
  /// Where the heap begins (`start_brk`).
  public let heapStart: VirtualAddress

  // Under the lock of ``memory``.
  var map = RegionMap()
  var heapEnd: VirtualAddress
  var isAlive = true

  private let residentCount = Atomic<Int>(0)
  private let swapCount = Atomic<Int>(0)
  let tableCount = Atomic<Int>(0)
  private let virtualCount = Atomic<Int>(0)
  private let killed = Atomic<Bool>(false)

  /// Bytes that the stack may take.
  public static let stackBytes = 132 << 10

  /// Starts a process with an empty heap and a stack.
  ///
  /// - Parameters:
  ///   - memory: what it shares with the other processes.
  ///   - name: what messages call it.
  ///   - pid: its number.
  ///   - oomScoreAdjustment: -1000, never kill, to 1000, kill first.
  ///   - isKillable: false for init and its like.
  ///   - cpu: the calling thread's processor.
  /// - Throws: ``UserMemoryError/noMemory`` without a page for the top of the page tables.
  public convenience init(
    memory: UserMemory, name: String, pid: Int = 1, uid: Int = 0, oomScoreAdjustment: Int = 0,
    isKillable: Bool = true, cpu: CPU
  ) throws(UserMemoryError) {
    guard let root = memory.tablePage(cpu) else { throw .noMemory }
    self.init(memory, root: root, name, pid, uid, oomScoreAdjustment, isKillable)
    let top = userRange.upperBound
    memory.locked {
      map.insert(
        MemoryRegion(
          start: top - Self.stackBytes, end: top, protection: .readWrite, name: "[stack]"))
      noteRegions()
      memory.spaces.append(self)
    }
    memory.machine.register(process: self)
  }

  /// An address space without regions, which nobody knows of yet.
  init(
    _ memory: UserMemory, root: PageFrame, _ name: String, _ pid: Int, _ uid: Int,
    _ adjustment: Int, _ isKillable: Bool
  ) {
    self.memory = memory
    self.name = name
    self.pid = pid
    self.uid = uid
    self.isKillable = isKillable
    oomScoreAdjustment = min(max(adjustment, -1000), 1000)
    let is64 = memory.machine.kind == .x86_64
    userRange =
      is64
      ? VirtualAddress(0x1_0000)..<VirtualAddress(0x7fff_ffff_f000)
      : VirtualAddress(0x1_0000)..<VirtualAddress(0xc000_0000)
    heapStart = VirtualAddress(is64 ? 0x5555_5555_9000 : 0x0804_c000)
    heapEnd = heapStart
    tables = PageTables(
      base: memory.machine.memory.base, root: root, topShift: is64 ? 39 : 30,
      tableBits: PageTableEntry.userTable)
    tableCount.store(1, ordering: .relaxed)
    // The kernel's half is the same in all processes (`pgd_ctor`).
    if let kernel = memory.kernel {
      for index in kernelEntries {
        tables.slot(root, index: index).pointee.store(
          kernel.tables.slot(kernel.tables.root, index: index).pointee.load(ordering: .acquiring),
          ordering: .releasing)
      }
    }
  }

  /// The entries of the top level that belong to the kernel.
  private var kernelEntries: Range<Int> {
    memory.machine.kind == .x86_64 ? 256..<512 : 3..<4
  }

  // MARK: Figures

  /// The regions, in ascending order (`/proc/PID/maps`). O(regions).
  public var regions: [MemoryRegion] { memory.locked { map.regions } }

  /// Pages of memory that entries lead to, the zero page not counted (RSS).
  public var resident: Int { residentCount.load(ordering: .relaxed) }
  public var residentPages: ResidentPages { ResidentPages(anonymous: resident) }
  public var swapEntries: Int { swapCount.load(ordering: .relaxed) }
  public var pageTablePages: Int { tableCount.load(ordering: .relaxed) }
  public var totalVirtualPages: Int { virtualCount.load(ordering: .relaxed) }
  /// Whether the out-of-memory killer ended the process.
  public var wasKilled: Bool { killed.load(ordering: .relaxed) }

  /// Of `pages` starting at an address, those that are in memory, the zero page not counted (`mincore`). O(pages).
  public func residentPages(of address: VirtualAddress, pages: Int) -> Int {
    memory.locked {
      (0..<pages).count { page in
        guard let found = tables.translate((address + page * pageSize).rawValue) else {
          return false
        }
        return found.frame != memory.zeroPage
      }
    }
  }

  /// The entry that decides about an address; nil where a table is missing.
  public func entry(of address: VirtualAddress) -> PageTableEntry? {
    memory.locked {
      guard isAlive, let (slot, _) = tables.find(address.rawValue) else { return nil }
      return PageTableEntry(rawValue: slot.pointee.load(ordering: .relaxed))
    }
  }

  // Under the lock.
  func addResident(_ pages: Int) { residentCount.add(pages, ordering: .relaxed) }
  func addSwapEntries(_ entries: Int) { swapCount.add(entries, ordering: .relaxed) }
  /// Pages that the process may come to need, those that it may write to. Under the lock of ``memory``.
  var committedPages: Int {
    map.regions.reduce(0) { $0 + ($1.protection.contains(.write) ? $1.pages : 0) }
  }

  func noteRegions() { virtualCount.store(map.pages, ordering: .relaxed) }

  // MARK: The end

  /// Ends the process: all its pages, slots and tables go back (`exit_mmap`). Later accesses are errors.
  ///
  /// O(pages in memory or swap + tables). Ending twice changes nothing.
  public func exit(cpu: CPU) {
    let ended = memory.locked { () -> Bool in
      guard isAlive else { return false }
      isAlive = false
      clear(userRange, cpu: cpu)
      // Only the lower half's tables are the process's own.
      tables.visit(
        tables.root, shift: tables.topShift, entries: 0..<kernelEntries.lowerBound
      ) { table, _ in freeTable(table, cpu: cpu) }
      freeTable(tables.root, cpu: cpu)
      map = RegionMap()
      noteRegions()
      if let index = memory.spaces.firstIndex(where: { $0 === self }) {
        memory.spaces.remove(at: index)
        memory.hand = (0, 0)
      }
      return true
    }
    if ended { memory.machine.unregister(process: self) }
  }

  public func kill(cpu: CPU) {
    killed.store(true, ordering: .relaxed)
    exit(cpu: cpu)
  }

  private func freeTable(_ table: PageFrame, cpu: CPU) {
    memory.machine.release(table, cpu: cpu)
    tableCount.subtract(1, ordering: .relaxed)
  }

  /// Empties the entries of a range and gives up what they stood for. Needs the lock.
  func clear(_ range: Range<VirtualAddress>, cpu: CPU) {
    var address = range.lowerBound.rawValue
    while let (found, slot) = tables.nextEntry(from: address, below: range.upperBound.rawValue) {
      let entry = PageTableEntry(rawValue: slot.pointee.exchange(0, ordering: .relaxed))
      if entry.swapSlot != nil {
        addSwapEntries(-1)
      } else if entry.frame != memory.zeroPage {
        addResident(-1)
      }
      memory.drop(entry, cpu: cpu)
      address = found + UInt64(pageSize)
    }
    memory.counts.tlbFlushes += 1
  }

  /// Frees the last-level tables under a range that no region needs any more. Needs the lock.
  func freeTables(under range: Range<VirtualAddress>, cpu: CPU) {
    let span: UInt64 = 1 << UInt64(PageTables.hugeShift)
    var start = range.lowerBound.rawValue & ~(span - 1)
    while start < range.upperBound.rawValue {
      if map.overlapping(VirtualAddress(start)..<VirtualAddress(start + span)) == nil,
        let table = tables.detachTable(start)
      {
        freeTable(table, cpu: cpu)
      }
      start += span
    }
  }
}
