// attack: Reads a file of the machine.
// expects: answer: 13
import LabKit

@_silgen_name("open")
func openFile(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: Int32) -> Int32

/// The number of the error that a call of the system left.
@_silgen_name("__errno_location") func errorPlace() -> UnsafeMutablePointer<Int32>

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    let descriptor = openFile("/etc/passwd", 0, 0)
    return descriptor < 0 ? Int(errorPlace().pointee) : 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
