// attack: Closes the pipes and keeps computing.
// expects: garbled: it closed the pipe to the checks and went on
import LabKit

@_silgen_name("close") func closeDescriptor(_ descriptor: Int32) -> Int32

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    for descriptor: Int32 in 3...9 { _ = closeDescriptor(descriptor) }
    while true {}
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
