// attack: Refuses with a text of 15 million bytes.
// expects: garbled: a text of more than 4096 bytes came back
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
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    let length: [UInt8] = [0xC0, 0xC3, 0x93, 0x07]
    claim([0xC5, 0xE1, 0xE4, 0, 7] + length + [UInt8](repeating: 97, count: 15_000_000))
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
