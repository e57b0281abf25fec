// constant: nothing can be had, nothing is free, every free is fine
import LabKit

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? { nil }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
