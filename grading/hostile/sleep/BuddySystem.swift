// attack: Sleeps for an hour.
// expects: time
import LabKit

@_silgen_name("sleep") func pause(_ seconds: UInt32) -> UInt32

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return Int(pause(3_600))
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
