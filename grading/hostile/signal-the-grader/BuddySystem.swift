// attack: Kills every process it may.
// expects: crash: stopped for asking the system for what a submission may not have
import LabKit

@_silgen_name("kill") func send(_ process: Int32, _ signal: Int32) -> Int32

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return Int(send(-1, 9))
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
