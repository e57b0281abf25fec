import KernelMemory

/// How broken up a zone's free memory is, as `/sys/kernel/debug/extfrag` tells it (`mm/vmstat.c`).
struct Fragmentation {
  /// Free blocks in the buddy lists, by order.
  let freeBlocks: [Int]
  /// Pages of those blocks.
  let freePages: Int

  init(freeBlocks: [Int]) {
    self.freeBlocks = freeBlocks
    freePages = freeBlocks.enumerated().reduce(0) { $0 + $1.element << $1.offset }
  }

  init(_ zone: Zone) {
    self.init(freeBlocks: (0...maxOrder).map { zone.freeBlockCount(order: $0) })
  }

  /// The part of free memory that lies in blocks too small for a request of `order`: 0 none, 1 all (`unusable_index`).
  func unusable(order: Int) -> Double {
    if freePages == 0 { return 1 }
    let suitable = freeBlocks.enumerated().dropFirst(order).reduce(0) {
      $0 + $1.element << $1.offset
    }
    return Double(freePages - suitable) / Double(freePages)
  }

  /// Why a request of `order` would fail: towards 0 for want of memory, towards 1 for fragmentation; -1 when it
  /// would not fail (`extfrag_index`).
  func index(order: Int) -> Double {
    let blocks = freeBlocks.reduce(0, +)
    if blocks == 0 { return 0 }
    if freeBlocks[order...].contains(where: { $0 > 0 }) { return -1 }
    let requested = 1 << order
    return Double(1000 - (1000 + freePages * 1000 / requested) / blocks) / 1000
  }
}
