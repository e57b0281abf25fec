// attack: Answers in a constructor, before our code runs.
// expects: garbled: it answered
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
let constructor: @convention(c) () -> Void = { claim([1, 0, 0, 0, 0]) }

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
