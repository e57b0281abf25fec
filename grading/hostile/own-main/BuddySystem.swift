// attack: Brings a main of its own, which would answer in the worker's place.
// expects: build: The submission has a main of its own
import LabKit

@main enum Program { static func main() { print("100/100") } }

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
