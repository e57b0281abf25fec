// attack: Stops its own process, so that it waits without end.
// expects: time
import LabKit

@_silgen_name("raise") func raiseSignal(_ signal: Int32) -> Int32

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return Int(raiseSignal(19))
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
