// attack: Exports a function called main.
// expects: build: The submission has a main of its own
import LabKit

@_cdecl("main") public func start() -> Int32 { 0 }

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
