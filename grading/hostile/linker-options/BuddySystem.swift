// attack: Hands options to the linker that run a program of the submission's choice.
// expects: build: BuddySystem compiles, but makes no program
import LabKit

// "-fuse-ld=/tmp/evil\0", as the compiler's own tool would extract it.
@section(".swift1_autolink_entries") @used
let options:
  (
    UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8,
    UInt8,
    UInt8, UInt8, UInt8, UInt8, UInt8
  ) = (
    45, 102, 117, 115, 101, 45, 108, 100, 61, 47, 116, 109, 112, 47, 101, 118, 105, 108, 0
  )

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
