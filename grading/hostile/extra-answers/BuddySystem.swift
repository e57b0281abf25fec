// attack: Answers twice for each question, in perfect form.
// expects: garbled: it has a result for free, which could not be called
import LabKit

@_silgen_name("write")
func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    let answer: [UInt8] = [2, 0, 0, 0, 2, 0]
    _ = writeBytes(4, answer, answer.count)
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
