// attack: Has a result for a free that could not be called, because no block was there to name.
// expects: garbled: it has a result for free, which could not be called
import LabKit

@_silgen_name("write")
func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int

@_silgen_name("sleep") func pause(_ seconds: UInt32) -> UInt32

/// Writes `bytes` where answers go, and waits for ever.
func claim(_ bytes: [UInt8]) -> Never {
  _ = writeBytes(4, bytes, bytes.count)
  while true { _ = pause(1000) }
}

struct BuddySystem: PageAllocator {
  var calls = 0

  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    calls += 1
    if calls == 2 { claim([2, 0, 0, 0, 2, 0] + [1, 0, 0, 0, 0]) }
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
