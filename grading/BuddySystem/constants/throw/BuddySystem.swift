// constant: every free is refused, and no request is met
import LabKit

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? { nil }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    throw .notAllocated(frame: frame)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
