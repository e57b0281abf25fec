// attack: Lifts its own limit on memory.
// expects: answer: 1
import LabKit

@_silgen_name("setrlimit")
func setLimit(_ resource: Int32, _ value: UnsafeRawPointer) -> Int32

/// The number of the error that a call of the system left.
@_silgen_name("__errno_location") func errorPlace() -> UnsafeMutablePointer<Int32>

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    var limit = (UInt64.max, UInt64.max)
    return setLimit(9, &limit) < 0 ? Int(errorPlace().pointee) : 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
