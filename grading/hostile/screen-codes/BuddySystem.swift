// attack: Dies with a message that would rewrite the reader's screen.
// expects: crash: Fatal error: �[2J100/100
import LabKit

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    fatalError("\u{1B}[2J100/100")
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
