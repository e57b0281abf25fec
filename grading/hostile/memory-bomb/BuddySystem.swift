// attack: Takes memory until there is no more.
// expects: crash: ran out of memory
import LabKit

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    var blocks: [[UInt8]] = []
    while true {
      blocks.append([])
      blocks[blocks.count - 1].reserveCapacity(1 << 26)
    }
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
