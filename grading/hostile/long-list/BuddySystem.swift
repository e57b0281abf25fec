// attack: Announces a list of millions of numbers.
// expects: garbled: a list came back that is longer than any there can be
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
  init(zones: [MemoryZone]) {
    claim([0, 0, 0x80, 0, 6])
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
