// attack: Reads the memory of the process that judges.
// expects: crash: stopped for asking the system for what a submission may not have
import LabKit

@_silgen_name("open")
func openFile(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: Int32) -> Int32

@_silgen_name("getppid") func parent() -> Int32

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    let path = "/proc/\(parent())/mem"
    return openFile(path, 0, 0) < 0 ? 0 : 1
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
