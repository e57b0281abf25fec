/// Where pages go that no memory is left for: slots of a page each, with a count of the entries that name them.
///
/// The bytes lie in an arena beside the machine's memory, as a disk lies beside it. Changes under the lock of
/// ``UserMemory`` only. Source: `struct swap_info_struct` in `include/linux/swap.h`, `mm/swapfile.c`.
struct SwapSpace: ~Copyable {
  let slots: Int
  private let bytes: Arena?
  /// For each slot the number of page table entries that name it (`swap_map`).
  let counts: UnsafeMutablePointer<UInt32>
  /// For each slot the page in memory with the same bytes, plus 1; 0 for none (the swap cache).
  let cached: UnsafeMutablePointer<UInt32>
  private(set) var used = 0
  /// Where the next search begins, so that slots are filled in order (`cluster_next`).
  private var next = 0

  init(slots: Int) throws(MachineError) {
    self.slots = slots
    bytes = slots > 0 ? try Arena(byteCount: slots * pageSize) : nil
    counts = .allocate(capacity: max(slots, 1))
    counts.initialize(repeating: 0, count: max(slots, 1))
    cached = .allocate(capacity: max(slots, 1))
    cached.initialize(repeating: 0, count: max(slots, 1))
  }

  deinit {
    counts.deallocate()
    cached.deallocate()
  }

  /// A slot that nobody uses, with a count of 0 still; nil when all are in use. O(slots) at worst, O(1) mostly.
  mutating func take() -> Int? {
    guard used < slots else { return nil }
    while counts[next] != 0 || cached[next] != 0 { next = (next + 1) % slots }
    used += 1
    defer { next = (next + 1) % slots }
    return next
  }

  /// Ends the use of a slot that no entry names.
  mutating func release(_ slot: Int) {
    cached[slot] = 0
    used -= 1
  }

  /// Notes that entries more, or fewer, name a slot.
  func addEntries(_ number: Int, to slot: Int) {
    // In one step through the pointer, the compiler fails when it adds thread checks.
    let counts = counts
    counts[slot] = UInt32(Int(counts[slot]) + number)
  }

  func pointer(to slot: Int) -> UnsafeMutableRawPointer {
    // A slot exists only where there are bytes.
    bytes.unsafelyUnwrapped.base + slot * pageSize
  }
}

extension PageTableEntry {
  /// An entry that is not present and names a swap slot (`swp_entry_t`): bit 0 is clear, bit 1 set.
  static func swap(_ slot: Int) -> PageTableEntry {
    PageTableEntry(rawValue: UInt64(slot) << 12 | 2)
  }

  /// The slot that a swapped page's entry names; nil for any other entry.
  public var swapSlot: Int? { isPresent || isNone ? nil : Int(rawValue >> 12) }

  /// A process's page: data, not to be executed (`PAGE_SHARED`, `PAGE_READONLY`).
  static func userPage(_ frame: PageFrame, isWritable: Bool) -> PageTableEntry {
    let bits = present | user | accessed | noExecute | (isWritable ? writable | dirty : 0)
    return PageTableEntry(rawValue: bits).mapping(frame)
  }
}
