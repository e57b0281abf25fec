// attack: Says of every operation but the boot that it could not be called, so that there is nothing to judge.
// expects: garbled: it says that allocate could not be called, but nothing was missing for that
import LabKit

@_silgen_name("write")
func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int

@_silgen_name("read")
func readBytes(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int

@_silgen_name("_exit") func leave(_ code: Int32) -> Never

/// Reads exactly `count` bytes.
func bytes(_ count: Int) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  var got = 0
  while got < count {
    let more = bytes.withUnsafeMutableBytes { readBytes(3, $0.baseAddress! + got, count - got) }
    if more <= 0 { leave(0) }
    got += more
  }
  return bytes
}

/// The worker's loop in the attacker's words: reads what is asked, and has no allocator to ask.
func speak() -> Never {
  while true {
    let length = bytes(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    var payload = bytes(length)[...]
    func skipNumber() { while payload.removeFirst() >= 0x80 {} }
    var answers: [UInt8] = []
    if payload.removeFirst() == 2 {
      // A mark is sent back as it came.
      answers = [UInt8(length), 0, 0, 0, 9] + payload
    } else {
      payload.removeFirst()
      while !payload.isEmpty {
        let verb = payload.removeFirst()
        for _ in 0..<payload.removeFirst() {
          switch payload.removeFirst() {
          case 0: skipNumber()
          case 1:
            skipNumber()
            skipNumber()
          default: payload.removeFirst(Int(payload.removeFirst()))
          }
        }
        answers += [1, 0, 0, 0, verb == 0 ? 0 : 8]
      }
    }
    _ = writeBytes(4, answers, answers.count)
  }
}

@section(".init_array") @used
let constructor: @convention(c) () -> Void = { speak() }

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return 0
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
