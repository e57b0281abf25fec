import Foundation
import KernelMemory

extension Machine {
  /// Touches the memory that a recording with `peakPages` will be given first, so that the time the host's system takes
  /// to provide it is not counted as the reference's.
  ///
  /// Asks for the largest blocks in each zone that requests start in, touches them and gives them back: they are
  /// handed out again first. Nothing is left allocated.
  func warmUp(peakPages: Int, masks: [GFPFlags]) {
    adviseLargePages()
    // Somewhat more than the peak: a fragmented machine spreads out.
    let wanted = peakPages + peakPages / 2 + 1 << maxOrder
    var blocks: [PageFrame] = []
    for mask in masks {
      var pages = 0
      while pages < wanted,
        let block = try? allocatePages(order: maxOrder, gfp: mask, cpu: cpus[0])
      {
        blocks.append(block)
        pages += 1 << maxOrder
      }
    }
    for block in blocks {
      for page in 0..<1 << maxOrder {
        pointer(to: block).storeBytes(of: 0, toByteOffset: page * pageSize, as: UInt8.self)
      }
    }
    for block in blocks.reversed() { try? freePages(block, order: maxOrder, cpu: cpus[0]) }
  }

  /// Asks the host's system for large pages, where it has them for the asking.
  private func adviseLargePages() {
    #if os(Linux)
      madvise(memory.base, memory.byteCount, MADV_HUGEPAGE)
    #endif
  }
}
