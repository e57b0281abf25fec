// attack: Ends the program from a constructor, before any of our code runs.
// expects: crash: before the first call: your code ended the program (exit code 0)
import LabKit

@_silgen_name("_exit") func leave(_ code: Int32) -> Never

@section(".init_array") @used let constructor: @convention(c) () -> Void = { leave(0) }

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
