// attack: Answers without end, to fill the memory of the process that judges.
// expects: garbled: it has a result for free, which could not be called
import LabKit

@_silgen_name("write")
func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    let answers = [[UInt8]](repeating: [2, 0, 0, 0, 2, 0], count: 10_000).flatMap { $0 }
    while true { _ = writeBytes(4, answers, answers.count) }
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
