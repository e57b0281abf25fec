// attack: Starts a second process that could outlive the first.
// expects: answer: 11
import LabKit

@_silgen_name("fork") func startProcess() -> Int32

/// The number of the error that a call of the system left.
@_silgen_name("__errno_location") func errorPlace() -> UnsafeMutablePointer<Int32>

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    let child = startProcess()
    return child < 0 ? Int(errorPlace().pointee) : 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
