// attack: Opens a way to the network.
// expects: crash: stopped for asking the system for what a submission may not have
import LabKit

@_silgen_name("socket")
func openSocket(_ domain: Int32, _ type: Int32, _ protocolNumber: Int32) -> Int32

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    return Int(openSocket(2, 1, 0))
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
