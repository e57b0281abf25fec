// attack: Imports behind an attribute, a kind and backticks.
// expects: build: `import Foundation` is not available here
import LabKit

@_exported import struct `Foundation`.`Data`

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
