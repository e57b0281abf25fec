import LabKit

/// A buddy system: hands out page frames in blocks of 2^order, and makes large blocks of small ones again.
struct BuddySystem: PageAllocator {
  // TODO: decide what to remember about each frame, and about each zone's free blocks.

  init(zones: [MemoryZone]) {
    // TODO: make all usable frames free, in the largest blocks that fit.
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    // TODO: find a smallest sufficient free block, in this zone or else a lower one;
    // hand out as much of it as was asked for, and keep the rest.
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    // TODO: refuse what is no block in use of this order; take the block back,
    // and make it one with its buddy for as long as that is free.
    throw .notAllocated(frame: frame)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    // TODO: list the first frames of the free blocks of this order in this zone.
    return []
  }
}
