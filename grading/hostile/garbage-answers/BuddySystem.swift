// attack: Writes bytes that are no answer where answers go.
// expects: garbled: what it sent is not an answer
import LabKit

@_silgen_name("write")
func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    let garbage = [UInt8](repeating: 0xFF, count: 64)
    _ = writeBytes(4, garbage, garbage.count)
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
