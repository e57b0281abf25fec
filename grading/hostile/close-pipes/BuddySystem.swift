// attack: Closes the pipes to the checks and goes on.
// expects: garbled: your code closed or changed the pipes that the checks speak through
import LabKit

@_silgen_name("close") func closeDescriptor(_ descriptor: Int32) -> Int32

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    for descriptor: Int32 in 3...9 { _ = closeDescriptor(descriptor) }
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
