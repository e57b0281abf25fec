// attack: Answers everything at once without reading a question.
// expects: answer: 0
import LabKit

@_silgen_name("write")
func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int

@_silgen_name("sleep") func pause(_ seconds: UInt32) -> UInt32

/// Writes `bytes` where answers go, and waits for ever.
func claim(_ bytes: [UInt8]) -> Never {
  _ = writeBytes(4, bytes, bytes.count)
  while true { _ = pause(1000) }
}

@section(".init_array") @used
let constructor: @convention(c) () -> Void = {
  // The greeting, the boot, two blocks at frame 0, a free that cannot be called, the end.
  claim(
    [11, 0, 0, 0, 9] + [UInt8](repeating: 0xFF, count: 9) + [1] + [1, 0, 0, 0, 0]
      + [2, 0, 0, 0, 2, 0] + [2, 0, 0, 0, 2, 0] + [1, 0, 0, 0, 8] + [2, 0, 0, 0, 9, 0])
}

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
