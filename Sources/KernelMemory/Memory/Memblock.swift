/// The allocator of early boot: what memory there is, and what of it is taken (`memblock`).
///
/// It works on ranges of physical addresses in two sorted tables, before there are page descriptors. What it gives out
/// stays out of the page allocator's hands for ever; the rest is handed over when a ``Machine`` boots from it, and
/// from then on every change is refused. For one thread. Source: `mm/memblock.c`.
public final class Memblock {
  /// What a stretch of memory is like.
  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// `MEMBLOCK_HOTPLUG`: may be taken out of the machine while it runs.
    public static let hotplug = Flags(rawValue: 0x1)
    /// `MEMBLOCK_MIRROR`: kept twice by the hardware; preferred while there is any.
    public static let mirror = Flags(rawValue: 0x2)
    /// `MEMBLOCK_NOMAP`: memory that the kernel must not map, and so not hand out.
    public static let noMap = Flags(rawValue: 0x4)
    /// `MEMBLOCK_DRIVER_MANAGED`: added by a driver, which alone uses it.
    public static let driverManaged = Flags(rawValue: 0x8)
    /// `MEMBLOCK_RSRV_NOINIT`: reserved, and without page descriptors.
    public static let reservedNoInit = Flags(rawValue: 0x10)
  }

  /// A stretch of memory of one kind.
  public struct Region: Hashable, Sendable {
    /// Physical addresses in bytes.
    public var range: Range<Int>
    public var flags: Flags
  }

  /// One of the two tables: sorted, without overlaps, neighbours of one kind merged.
  struct Table {
    let name: String
    var regions: [Region] = []
    /// Regions that fit before the table must grow.
    var capacity: Int
    /// Where a table that has grown lies in memory.
    var storage: Range<Int>?
  }

  var memoryTable: Table
  var reservedTable: Table
  /// Gives out the lowest free memory rather than the highest (`memblock_set_bottom_up`).
  public var isBottomUp = false
  /// Allocations without an upper limit of their own stay below this address (`memblock.current_limit`).
  public var currentLimit = Int.max
  /// Whether a table that is full may grow, which takes memory itself (`memblock_allow_resize`).
  public var canGrow = true
  /// Whether the page allocator has taken over.
  public internal(set) var isHandedOver = false

  /// Bytes that an entry of a table takes (`sizeof(struct memblock_region)`).
  static let entrySize = 24

  /// - Parameter entries: regions that each table holds before it must grow (`INIT_MEMBLOCK_REGIONS`); at least 4.
  public init(entries: Int = 128) {
    memoryTable = Table(name: "memory", capacity: max(entries, 4))
    reservedTable = Table(name: "reserved", capacity: max(entries, 4))
  }

  /// All memory, in ascending order.
  public var memory: [Region] { memoryTable.regions }
  /// What is taken, whether it is memory or not, in ascending order.
  public var reserved: [Region] { reservedTable.regions }

  /// Bytes of memory (`memblock_phys_mem_size`).
  public var memorySize: Int { memory.reduce(0) { $0 + $1.range.count } }
  /// Bytes that are reserved (`memblock_reserved_size`).
  public var reservedSize: Int { reserved.reduce(0) { $0 + $1.range.count } }
  /// The end of the last memory (`memblock_end_of_DRAM`).
  public var end: Int { memory.last?.range.upperBound ?? 0 }

  // MARK: Telling what there is

  /// Adds memory; what is known already stays as it is (`memblock_add`).
  public func add(_ range: Range<Int>, flags: Flags = []) throws(MemblockError) {
    try check(range)
    try insert(range, flags: flags, into: \.memoryTable)
  }

  /// Forgets memory (`memblock_remove`).
  public func remove(_ range: Range<Int>) throws(MemblockError) {
    try check(range)
    try delete(range, from: \.memoryTable)
  }

  /// Takes a range out of what is free; it need not be memory (`memblock_reserve`).
  public func reserve(_ range: Range<Int>, flags: Flags = []) throws(MemblockError) {
    try check(range)
    try insert(range, flags: flags, into: \.reservedTable)
  }

  /// Gives a range back that was reserved or allocated; what of it is free is left so (`memblock_phys_free`).
  public func free(_ range: Range<Int>) throws(MemblockError) {
    try check(range)
    try delete(range, from: \.reservedTable)
  }

  /// Sets or clears flags of the memory in a range (`memblock_mark_nomap` and its kin).
  public func mark(_ range: Range<Int>, _ flags: Flags, on: Bool = true) throws(MemblockError) {
    try check(range)
    let touched = try isolate(range, in: \.memoryTable)
    for index in touched {
      if on {
        memoryTable.regions[index].flags.formUnion(flags)
      } else {
        memoryTable.regions[index].flags.subtract(flags)
      }
    }
    memoryTable.merge()
  }

  private func check(_ range: Range<Int>) throws(MemblockError) {
    if isHandedOver { throw .handedOver }
    if range.lowerBound < 0 { throw .badRange(range) }
  }

  // MARK: Giving out

  /// Reserves free memory (`memblock_alloc_try_nid`).
  ///
  /// Mirrored memory first, if there is any; then any; then below `lowest`, too. Never the first page: address 0
  /// means failure in the kernel.
  /// - Parameters:
  ///   - size: bytes.
  ///   - alignment: a power of two; 64 is a cache line.
  ///   - lowest: where to start if possible.
  ///   - limit: where to end in any case; nil for ``currentLimit``.
  /// - Returns: the address, or nil when no free range is large enough.
  /// - Complexity: O(regions).
  public func allocate(
    _ size: Int, alignment: Int = 64, from lowest: Int = 0, below limit: Int? = nil
  ) throws(MemblockError) -> Int? {
    if isHandedOver { throw .handedOver }
    guard size > 0 else { throw .badSize(size) }
    guard alignment > 0, alignment & (alignment - 1) == 0 else { throw .badAlignment(alignment) }
    let hasMirror = memory.contains { $0.flags.contains(.mirror) }
    let tries: [(lowest: Int, flags: Flags)] = [
      (lowest, hasMirror ? .mirror : []), (lowest, []), (0, hasMirror ? .mirror : []), (0, []),
    ]
    for (lowest, flags) in tries {
      if let start = find(
        size, alignment: alignment, in: lowest..<max(lowest, limit ?? currentLimit), flags: flags)
      {
        try insert(start..<start + size, flags: [], into: \.reservedTable)
        return start
      }
    }
    return nil
  }

  /// Where free memory of a size lies, without taking it (`memblock_find_in_range_node`).
  func find(_ size: Int, alignment: Int, in limits: Range<Int>, flags: Flags = []) -> Int? {
    let start = max(limits.lowerBound, pageSize)
    let limits = start..<max(start, limits.upperBound)
    if isBottomUp {
      for range in freeRanges(flags) {
        let range = range.clamped(to: limits)
        let (sum, overflow) = range.lowerBound.addingReportingOverflow(alignment - 1)
        if overflow { continue }
        let candidate = sum & ~(alignment - 1)
        if candidate < range.upperBound && range.upperBound - candidate >= size {
          return candidate
        }
      }
    } else {
      for range in freeRanges(flags).reversed() {
        let range = range.clamped(to: limits)
        if range.count < size { continue }
        let candidate = (range.upperBound - size) & ~(alignment - 1)
        if candidate >= range.lowerBound { return candidate }
      }
    }
    return nil
  }

  /// Memory that is not reserved, ascending (`for_each_free_mem_range`).
  ///
  /// Leaves out what must not be mapped and what a driver manages, and all but mirrored memory if `flags` say so.
  public func freeRanges(_ flags: Flags = []) -> [Range<Int>] {
    var free: [Range<Int>] = []
    var next = reservedTable.regions.startIndex
    for region in memoryTable.regions where !region.isSkipped(flags) {
      var start = region.range.lowerBound
      while next < reserved.endIndex && reservedTable.regions[next].range.upperBound <= start {
        next += 1
      }
      var index = next
      while start < region.range.upperBound {
        let hole =
          index < reserved.endIndex ? reservedTable.regions[index].range : Int.max..<Int.max
        let end = min(hole.lowerBound, region.range.upperBound)
        if end > start { free.append(start..<end) }
        start = max(start, hole.upperBound)
        index += 1
      }
    }
    return free
  }
}

extension Memblock.Region {
  /// Whether a walk over memory leaves the region out (`should_skip_region`).
  func isSkipped(_ wanted: Memblock.Flags) -> Bool {
    wanted.contains(.mirror) && !flags.contains(.mirror)
      || !wanted.contains(.noMap) && flags.contains(.noMap)
      || !wanted.contains(.driverManaged) && flags.contains(.driverManaged)
  }
}

/// A call that the boot allocator refuses; nothing has changed.
public enum MemblockError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The range starts below address 0.
  case badRange(Range<Int>)
  case badSize(Int)
  case badAlignment(Int)
  /// A table is full, and there is no memory for a larger one, or it must not grow.
  case tableFull(String, capacity: Int)
  /// The page allocator has the memory now.
  case handedOver

  public var description: String {
    switch self {
    case .badRange(let range):
      "memblock: the range \(range) starts below address 0"
    case .badSize(let size):
      "memblock: cannot allocate \(size) bytes; ask for 1 or more"
    case .badAlignment(let alignment):
      "memblock: the alignment \(alignment) is not a power of two"
    case .tableFull(let name, let capacity):
      "memblock: the table of \(name) regions is full with \(capacity) entries and cannot grow: add "
        + "memory first, allow growth, or start with more entries"
    case .handedOver:
      "memblock: the memory was handed over to the page allocator; allocate from the machine instead"
    }
  }
}
