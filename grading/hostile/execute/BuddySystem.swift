// attack: Becomes another program.
// expects: crash: stopped for asking the system for what a submission may not have
import LabKit

typealias Strings = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("execve")
func execute(_ path: UnsafePointer<CChar>, _ arguments: Strings, _ environment: Strings) -> Int32

struct BuddySystem: PageAllocator {
  init(zones: [MemoryZone]) {}

  mutating func allocate(order: Int, zone: Int) -> Int? {
    var none: [UnsafeMutablePointer<CChar>?] = [nil]
    return none.withUnsafeMutableBufferPointer {
      Int(execute("/bin/true", $0.baseAddress!, $0.baseAddress!))
    }
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {}

  func freeBlocks(order: Int, zone: Int) -> [Int] { [] }
}
