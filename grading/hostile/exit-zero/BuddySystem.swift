// attack: Ends the program as if all had gone well.
// expects: crash: your code ended the program (exit code 0)
import LabKit

@_silgen_name("exit") func leave(_ code: Int32) -> Never

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    leave(0)
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
