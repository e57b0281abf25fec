// wheat: a final class over raw memory: a descriptor for each frame, linked by pointers as in a kernel
// source: own (struct page and list_head)
import LabKit

final class BuddySystem: PageAllocator {
  /// The descriptor of one frame. In a list while a free block starts at it.
  private struct Page {
    var previous: UnsafeMutablePointer<Page>?
    var next: UnsafeMutablePointer<Page>?
    var isFree = false
    var isLive = false
    var order: Int8 = 0
    var zone: Int8 = 0
  }

  private let pages: UnsafeMutablePointer<Page>
  private let base: Int
  private let count: Int
  private let heads: UnsafeMutablePointer<UnsafeMutablePointer<Page>?>
  private let zones: Int

  init(zones: [MemoryZone]) {
    self.zones = zones.count
    base = zones.flatMap(\.usable).map(\.lowerBound).min() ?? 0
    count = (zones.flatMap(\.usable).map(\.upperBound).max() ?? base) - base
    pages = .allocate(capacity: count)
    pages.initialize(repeating: Page(), count: count)
    heads = .allocate(capacity: zones.count * (maxOrder + 1))
    heads.initialize(repeating: nil, count: zones.count * (maxOrder + 1))
    // Every frame is freed once, as a kernel's boot memory is.
    for (index, zone) in zones.enumerated() {
      for range in zone.usable {
        for frame in range { release(frame, 0, Int8(index)) }
      }
    }
  }

  deinit {
    pages.deallocate()
    heads.deallocate()
  }

  func allocate(order: Int, zone: Int) -> Int? {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < zones else { return nil }
    for zone in (0...zone).reversed() {
      for larger in order...maxOrder {
        guard let page = heads[zone * (maxOrder + 1) + larger] else { continue }
        unlink(page)
        for half in (order..<larger).reversed() {
          link(page + 1 << half, Int8(half), Int8(zone))
        }
        page.pointee.isLive = true
        page.pointee.order = Int8(order)
        page.pointee.zone = Int8(zone)
        return base + (page - pages)
      }
    }
    return nil
  }

  func free(_ frame: Int, order: Int) throws(BadFree) {
    guard frame >= base, frame < base + count else { throw .notManaged(frame: frame) }
    let page = pages + (frame - base)
    guard page.pointee.isLive else { throw .notAllocated(frame: frame) }
    guard page.pointee.order == order else {
      throw .wrongOrder(frame: frame, allocated: Int(page.pointee.order))
    }
    page.pointee.isLive = false
    release(frame, order, page.pointee.zone)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard order >= 0, order <= maxOrder, zone >= 0, zone < zones else { return [] }
    return sequence(first: heads[zone * (maxOrder + 1) + order]) { $0?.pointee.next }
      .prefix { $0 != nil }
      .map { base + ($0! - pages) }
  }

  private func release(_ frame: Int, _ order: Int, _ zone: Int8) {
    var frame = frame
    var order = order
    while order < maxOrder {
      let buddy = frame ^ 1 << order
      guard buddy >= base, buddy < base + count else { break }
      let page = pages + (buddy - base)
      guard page.pointee.isFree, page.pointee.order == order, page.pointee.zone == zone else {
        break
      }
      unlink(page)
      frame &= buddy
      order += 1
    }
    link(pages + (frame - base), Int8(order), zone)
  }

  private func link(_ page: UnsafeMutablePointer<Page>, _ order: Int8, _ zone: Int8) {
    let list = heads + (Int(zone) * (maxOrder + 1) + Int(order))
    page.pointee = Page(
      previous: nil, next: list.pointee, isFree: true, isLive: false, order: order, zone: zone)
    list.pointee?.pointee.previous = page
    list.pointee = page
  }

  private func unlink(_ page: UnsafeMutablePointer<Page>) {
    page.pointee.next?.pointee.previous = page.pointee.previous
    if let previous = page.pointee.previous {
      previous.pointee.next = page.pointee.next
    } else {
      heads[Int(page.pointee.zone) * (maxOrder + 1) + Int(page.pointee.order)] = page.pointee.next
    }
    page.pointee.isFree = false
  }
}
