// The submission that speed is compared with: free lists linked through arrays, one entry for each frame.
import LabKit

struct BuddySystem: PageAllocator {
  /// What starts at a frame.
  private enum Use: UInt8 { case nothing, free, allocated }

  private struct Page {
    var use = Use.nothing
    var order: UInt8 = 0
    var zone: UInt8 = 0
    /// Neighbours in the free list, -1 at its ends.
    var previous: Int32 = -1
    var next: Int32 = -1
  }

  private var pages: [Page]
  /// The first block of the free list of each zone and order, or -1.
  private var heads: [Int32]
  private let base: Int
  private let zoneCount: Int

  init(zones: [MemoryZone]) {
    let ranges = zones.flatMap(\.usable)
    base = (ranges.map(\.lowerBound).min() ?? 0) & ~(1 << maxOrder - 1)
    pages = Array(repeating: Page(), count: (ranges.map(\.upperBound).max() ?? 0) - base)
    heads = Array(repeating: -1, count: zones.count * (maxOrder + 1))
    zoneCount = zones.count
    for (index, zone) in zones.enumerated() {
      for range in zone.usable { add(range, zone: index) }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < zoneCount else { return nil }
    for zone in stride(from: zone, through: 0, by: -1) {
      for sufficient in order...maxOrder {
        let block = Int(heads[zone * (maxOrder + 1) + sufficient])
        guard block >= 0 else { continue }
        remove(block)
        var size = sufficient
        while size > order {
          size -= 1
          insert(block + 1 << size, order: size, zone: zone)
        }
        pages[block].use = .allocated
        pages[block].order = UInt8(order)
        pages[block].zone = UInt8(zone)
        return block + base
      }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard frame >= base, frame < base + pages.count else { throw .notManaged(frame: frame) }
    var block = frame - base
    let page = pages[block]
    guard page.use == .allocated else { throw .notAllocated(frame: frame) }
    guard page.order == order else { throw .wrongOrder(frame: frame, allocated: Int(page.order)) }
    pages[block].use = .nothing
    var order = order
    while order < maxOrder {
      let buddy = block ^ 1 << order
      guard buddy < pages.count, pages[buddy].use == .free, pages[buddy].order == order,
        pages[buddy].zone == page.zone
      else { break }
      remove(buddy)
      block = min(block, buddy)
      order += 1
    }
    insert(block, order: order, zone: Int(page.zone))
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < zoneCount else { return [] }
    var frames: [Int] = []
    var block = heads[zone * (maxOrder + 1) + order]
    while block >= 0 {
      frames.append(Int(block) + base)
      block = pages[Int(block)].next
    }
    return frames
  }

  private mutating func add(_ range: Range<Int>, zone: Int) {
    var frame = range.lowerBound
    while frame < range.upperBound {
      var order = min(maxOrder, frame.trailingZeroBitCount)
      while frame + 1 << order > range.upperBound { order -= 1 }
      insert(frame - base, order: order, zone: zone)
      frame += 1 << order
    }
  }

  private mutating func insert(_ block: Int, order: Int, zone: Int) {
    let list = zone * (maxOrder + 1) + order
    let head = heads[list]
    pages[block] = Page(
      use: .free, order: UInt8(order), zone: UInt8(zone), previous: -1, next: head)
    if head >= 0 { pages[Int(head)].previous = Int32(block) }
    heads[list] = Int32(block)
  }

  private mutating func remove(_ block: Int) {
    let page = pages[block]
    if page.next >= 0 { pages[Int(page.next)].previous = page.previous }
    if page.previous >= 0 {
      pages[Int(page.previous)].next = page.next
    } else {
      heads[Int(page.zone) * (maxOrder + 1) + Int(page.order)] = page.next
    }
    pages[block].use = .nothing
  }
}
