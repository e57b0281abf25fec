// constant: no to everything: requests get a frame that does not exist, nothing is free, every free is refused
import LabKit

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? { -1 }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) { throw .notManaged(frame: frame) }

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
