// wheat: the reference: the zones of KernelMemory, without per-CPU lists and watermarks
// source: mm/page_alloc.c of Linux 6.12, as KernelMemory builds it
// links: KernelMemory
import KernelMemory
import LabKit

struct BuddySystem: PageAllocator {
  private let node: Node

  init(zones: [MemoryZone]) {
    do {
      node = try Node(zones: zones.map { ZoneLayout(.normal, usable: $0.usable) })
    } catch {
      fatalError("\(error)")
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    guard node.zones.indices.contains(zone) else { return nil }
    for index in stride(from: zone, through: 0, by: -1) {
      if let block = node.zones[index].allocateBlock(order: order) { return block.number }
    }
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    guard let zone = node.zone(of: PageFrame(frame)) else { throw .notManaged(frame: frame) }
    do {
      try zone.freeBlock(PageFrame(frame), order: order)
    } catch {
      throw .notAllocated(frame: frame)
    }
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard node.zones.indices.contains(zone) else { return [] }
    return node.zones[zone].freeBlocks(order: order).map(\.number)
  }
}
