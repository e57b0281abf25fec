// attack: Asks the system for random bytes, to get another score on every run.
// expects: answer: 38
import LabKit

@_silgen_name("getrandom")
func randomBytes(_ bytes: UnsafeMutableRawPointer, _ count: Int, _ flags: UInt32) -> Int

/// The number of the error that a call of the system left.
@_silgen_name("__errno_location") func errorPlace() -> UnsafeMutablePointer<Int32>

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    var word: UInt64 = 0
    return randomBytes(&word, 8, 0) < 0 ? Int(errorPlace().pointee) : 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
