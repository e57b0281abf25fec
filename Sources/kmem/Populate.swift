import Foundation
import KernelMemory

extension Arena {
  /// Makes the host's system provide all of the memory now, so that no later touch pays for it.
  ///
  /// `MADV_POPULATE_WRITE` (Linux 5.14) asks for it without changing a byte; elsewhere each page is touched.
  func populate() { populate(0..<byteCount) }

  /// Makes the host's system provide the memory of a range of bytes now.
  func populate(_ bytes: Range<Int>) {
    let start = base + bytes.lowerBound
    #if os(Linux)
      madvise(base, byteCount, MADV_HUGEPAGE)
      let populateWrite: Int32 = 23
      if madvise(start, bytes.count, populateWrite) == 0 { return }
    #endif
    for offset in stride(from: 0, to: bytes.count, by: pageSize) {
      let byte = (start + offset).assumingMemoryBound(to: UInt8.self)
      byte.pointee = byte.pointee
    }
  }
}
