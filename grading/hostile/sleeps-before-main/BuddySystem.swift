// attack: Sleeps in a constructor, before any question can be answered.
// expects: crash: what runs before the first call does not come to an end
import LabKit

@_silgen_name("sleep") func pause(_ seconds: UInt32) -> UInt32

@section(".init_array") @used
let constructor: @convention(c) () -> Void = { _ = pause(3_600) }

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
