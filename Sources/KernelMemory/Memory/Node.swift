import Synchronization

/// Memory with its descriptors and zones (`pg_data_t`): what the page allocator works on.
///
/// Owns all raw memory of its parts; handles taken from it are valid while it lives. By itself it hands out blocks
/// through ``Zone/allocateBlock(order:)`` without per-CPU lists and watermarks; ``Machine`` adds those.
public final class Node: @unchecked Sendable {
  /// The zones, lowest first, the empty ones included.
  public let zones: [Zone]
  /// A descriptor for every frame.
  public let map: MemoryMap

  let states: UnsafeMutablePointer<ZoneState>
  /// The memory map's bytes.
  let descriptors: Arena

  /// Sixteen for each migrate type: one for each order, and one that holds which of these are not empty.
  static let listsPerZone = MigrateType.allCases.count << 4

  /// Lays out zones and gives every usable frame to the free lists.
  ///
  /// All pageblocks are movable at first (`memmap_init_range`).
  /// - Parameter layouts: lowest zone first; spans must not overlap.
  /// - Throws: ``MachineError`` for a bad layout, or when address space is refused.
  /// - Complexity: O(zones + holes + free blocks of the largest order).
  public init(zones layouts: [ZoneLayout]) throws(MachineError) {
    try Self.check(layouts)
    let spans = layouts.map(\.spanned).filter { !$0.isEmpty }
    let block = 1 << maxOrder
    let start = (spans.map(\.lowerBound).min() ?? 0) & ~(block - 1)
    let memoryEnd = spans.map(\.upperBound).max() ?? 0
    let end = (memoryEnd + block - 1) & ~(block - 1)
    let heads = 2 * layouts.count * Self.listsPerZone
    guard end + heads < Int(UInt32.max) else {
      throw .badLayout("frame numbers must stay below \(UInt32.max)")
    }

    // Link pairs first: they need the stricter alignment.
    let linkBytes = (end - start + heads) * MemoryLayout<PageLinks>.stride
    let blocks = (end - start) >> pageblockOrder
    descriptors = try Arena(byteCount: linkBytes + max(end - start + blocks, 1))
    let links = descriptors.base.bindMemory(
      to: PageLinks.self, capacity: end - start + heads)
    let bytes = (descriptors.base + linkBytes).bindMemory(
      to: Atomic<UInt8>.self, capacity: end - start)
    let types = (descriptors.base + linkBytes + (end - start)).bindMemory(
      to: UInt8.self, capacity: blocks)
    types.initialize(repeating: MigrateType.movable.rawValue, count: blocks)
    // Pointers to where frame 0 would be, so that frame numbers are indices.
    map = MemoryMap(
      states: bytes - start, links: links - start, blockTypes: types - (start >> pageblockOrder),
      start: start, end: memoryEnd)
    for list in 0..<layouts.count * Self.listsPerZone where list & 15 <= maxOrder {
      map.makeEmptyList(UInt32(end + 2 * list))
    }

    let states = UnsafeMutablePointer<ZoneState>.allocate(capacity: layouts.count)
    let byAddress = layouts.indices.filter { !layouts[$0].spanned.isEmpty }.sorted {
      layouts[$0].spanned.lowerBound < layouts[$1].spanned.lowerBound
    }
    for (index, layout) in layouts.enumerated() {
      let isOdd = (byAddress.firstIndex(of: index) ?? 0) % 2 == 1
      (states + index).initialize(
        to: ZoneState(
          map: map, layout: layout, index: index, zoneCount: layouts.count,
          listHeads: UInt32(end + 2 * index * Self.listsPerZone), tag: isOdd ? 0x90 : 0x10))
    }
    self.states = states
    zones = layouts.indices.map { Zone(states + $0) }
    markReserved(layouts)
    for (zone, layout) in zip(zones, layouts) {
      for range in layout.usable { zone.addFrames(range) }
    }
  }

  deinit {
    states.deinitialize(count: zones.count)
    states.deallocate()
  }

  /// The zone whose span holds a frame, or nil. O(zones).
  public func zone(of frame: PageFrame) -> Zone? {
    guard map.contains(frame) else { return nil }
    return zones.first { $0.spans(UInt32(frame.number)) }
  }

  /// What no usable range covers is reserved; a fresh memory map says "inside a block".
  private func markReserved(_ layouts: [ZoneLayout]) {
    var next = map.start
    for range in layouts.flatMap(\.usable).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      map.reserve(next..<max(next, range.lowerBound))
      next = range.upperBound
    }
    map.reserve(next..<max(next, map.end))
  }

  private static func check(_ layouts: [ZoneLayout]) throws(MachineError) {
    for layout in layouts {
      var next = layout.spanned.lowerBound
      for range in layout.usable {
        guard range.lowerBound >= next, !range.isEmpty,
          range.upperBound <= layout.spanned.upperBound
        else {
          throw .badLayout(
            "zone \(layout.kind): frames \(range) are not in ascending order within \(layout.spanned)"
          )
        }
        next = range.upperBound
      }
    }
    let spans = layouts.filter { !$0.spanned.isEmpty }.sorted {
      $0.spanned.lowerBound < $1.spanned.lowerBound
    }
    for (a, b) in zip(spans, spans.dropFirst()) where a.spanned.upperBound > b.spanned.lowerBound {
      throw .badLayout("zone \(a.kind) \(a.spanned) overlaps zone \(b.kind) \(b.spanned)")
    }
    if let low = spans.first, low.spanned.lowerBound < 0 {
      throw .badLayout("zone \(low.kind) starts at the negative frame \(low.spanned.lowerBound)")
    }
  }
}

extension Node {
  /// Sets every zone's watermarks, without boost, and what it keeps back from requests for higher zones.
  func setWatermarks(minFreeKilobytes: Int) {
    let managed = zones.map { (kind: $0.kind, managed: $0.managed) }
    let marks = Watermarks.forZones(managed, minFreeKilobytes: minFreeKilobytes)
    let reserve = Watermarks.lowmemReserve(managed)
    for zone in zones {
      zone.setWatermarks(marks[zone.index])
      for (index, pages) in reserve[zone.index].enumerated() {
        zone.state.pointee.protection[index] = pages
      }
    }
  }
}
