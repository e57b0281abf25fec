// attack: Calls itself without end.
// expects: crash: stopped by a stack overflow or a wild pointer
import LabKit

func deeper(_ depth: Int) -> Int { depth < 0 ? 0 : 1 + deeper(depth + 1) }

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return deeper(order)
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
