// attack: One expression that the compiler could work on for minutes.
// expects: build:
import LabKit

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    let a = [1: "a", 2: "b"]
    let x =
      a.map { $0.key + $0.value.count * 2 - 1 / 3 + 4 * -5 + ($0.key << 1) - 2.0 * 3 + 1 - -1 + 2 }
      .reduce(0) { $0 + $1 * 2 - 1 + 3 / 4 - (5 + 6) * 7 - -8 + 9 * 10.0 } + 1 * 2 - 3 + -4 + 5 - 6
      * 7
    return x
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
