// attack: Announces an answer of two gigabytes.
// expects: garbled: what it sent is not an answer
import LabKit

@_silgen_name("write")
func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    let announcement: [UInt8] = [0xFF, 0xFF, 0xFF, 0x7F, 6]
    _ = writeBytes(4, announcement, announcement.count)
    while true {}
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
