import Testing

@testable import KernelMemory

@Suite("Buddy lists of one zone") struct BuddyTests {
  private func zone(_ usable: Range<Int>...) throws -> (Node, Zone) {
    let node = try Node(zones: [ZoneLayout(.normal, usable: usable)])
    try node.zones[0].checkInvariants()
    return (node, node.zones[0])
  }

  /// Free blocks as `order: first frames`, in list order.
  private func free(_ zone: Zone) -> [Int: [Int]] {
    var blocks: [Int: [Int]] = [:]
    for order in 0...maxOrder {
      let frames = zone.freeBlocks(order: order).map(\.number)
      #expect(frames.count == zone.freeBlockCount(order: order))
      if !frames.isEmpty { blocks[order] = frames }
    }
    return blocks
  }

  @Test("memory is cut into the largest aligned blocks, the lowest first in its list")
  func boot() throws {
    let (node, zone) = try zone(1..<4100)
    withExtendedLifetime(node) {
      #expect(
        free(zone) == [
          0: [1], 1: [2], 2: [4, 4096], 3: [8], 4: [16], 5: [32], 6: [64], 7: [128], 8: [256],
          9: [512], 10: [1024, 2048, 3072],
        ])
      #expect(zone.freePages == 4099 && zone.managed == 4099 && zone.spanned == 4099)
    }
  }

  @Test("the smallest sufficient block is split, and the lower half is kept each time")
  func split() throws {
    let (node, zone) = try zone(0..<64)
    try withExtendedLifetime(node) {
      #expect(zone.allocateBlock(order: 2) == PageFrame(0))
      #expect(free(zone) == [2: [4], 3: [8], 4: [16], 5: [32]])
      #expect(zone.allocateBlock(order: 3) == PageFrame(8))
      #expect(zone.allocateBlock(order: 3) == PageFrame(16))
      #expect(free(zone) == [2: [4], 3: [24], 5: [32]])
      #expect(zone.freePages == 44)
      try zone.checkInvariants()
    }
  }

  @Test("a freed block merges with its buddies as far as they are free")
  func merge() throws {
    let (node, zone) = try zone(0..<16)
    try withExtendedLifetime(node) {
      let frames = (0..<16).map { _ in zone.allocateBlock(order: 0) }
      #expect(frames == (0..<16).map { PageFrame($0) })
      #expect(zone.allocateBlock(order: 0) == nil)
      for frame in [0, 2, 5, 7, 1] { try zone.freeBlock(PageFrame(frame), order: 0) }
      #expect(Set(free(zone)[0] ?? []) == [2, 5, 7] && free(zone)[1] == [0])
      try zone.freeBlock(PageFrame(3), order: 0)
      #expect(free(zone)[2] == [0])
      for frame in [4, 6] {
        try zone.freeBlock(PageFrame(frame), order: 0)
        try zone.checkInvariants()
      }
      #expect(free(zone) == [3: [0]])
    }
  }

  @Test("a block whose merge is likely goes to the tail of its list")
  func mergeLikely() throws {
    let (node, zone) = try zone(0..<8)
    try withExtendedLifetime(node) {
      for _ in 0..<8 { _ = zone.allocateBlock(order: 0) }
      try zone.freeBlock(PageFrame(5), order: 0)
      // Frames 2 and 3 are free as one, so frame 0 may soon become part of a block of four.
      try zone.freeBlock(PageFrame(2), order: 0)
      try zone.freeBlock(PageFrame(3), order: 0)
      try zone.freeBlock(PageFrame(0), order: 0)
      #expect(free(zone) == [0: [5, 0], 1: [2]])
    }
  }

  @Test("blocks of the largest order do not merge")
  func largestOrder() throws {
    let (node, zone) = try zone(0..<2048)
    try withExtendedLifetime(node) {
      #expect(free(zone) == [10: [0, 1024]])
      #expect(zone.allocateBlock(order: 10) == PageFrame(0))
      try zone.freeBlock(PageFrame(0), order: 10)
      #expect(free(zone) == [10: [0, 1024]])
      try zone.checkInvariants()
    }
  }

  @Test("orders that do not exist are answered nothing")
  func noSuchOrder() throws {
    let (node, zone) = try zone(0..<2048)
    withExtendedLifetime(node) {
      #expect(zone.allocateBlock(order: -1) == nil)
      #expect(zone.allocateBlock(order: 11) == nil)
      #expect(zone.freeBlocks(order: 11) == [] && zone.freeBlockCount(order: -1) == 0)
      #expect(zone.freePages == 2048)
    }
  }

  @Test("no block reaches over a hole or the zone's ends")
  func holes() throws {
    let (node, zone) = try zone(5..<12, 13..<16, 1030..<1031)
    try withExtendedLifetime(node) {
      #expect(free(zone) == [0: [5, 13, 1030], 1: [6, 14], 2: [8]])
      #expect(zone.present == 11 && zone.spanned == 1026 && zone.start == PageFrame(5))
      var frames: [PageFrame] = []
      while let frame = zone.allocateBlock(order: 0) { frames.append(frame) }
      #expect(frames.count == 11)
      for frame in frames.reversed() {
        try zone.freeBlock(frame, order: 0)
        try zone.checkInvariants()
      }
      #expect(zone.freeBlocks(order: 2) == [PageFrame(8)] && zone.freePages == 11)
    }
  }

  @Test("buddies in different zones stay apart")
  func zoneBorder() throws {
    let node = try Node(zones: [
      ZoneLayout(.dma, usable: [0..<3]), ZoneLayout(.normal, usable: [3..<8]),
    ])
    let (low, high) = (node.zones[0], node.zones[1])
    #expect(free(low) == [0: [2], 1: [0]])
    #expect(free(high) == [0: [3], 2: [4]])
    let frame = try #require(high.allocateBlock(order: 0))
    #expect(frame == PageFrame(3))
    #expect(throws: PageError.foreignPage(frame)) { try low.freeBlock(frame, order: 0) }
    try high.freeBlock(frame, order: 0)
    try node.checkInvariants()
    #expect(free(low) == [0: [2], 1: [0]] && free(high) == [0: [3], 2: [4]])
    #expect(node.zone(of: PageFrame(2))?.kind == .dma && node.zone(of: PageFrame(8)) == nil)
  }

  @Test("frame numbers may start anywhere, far from zero")
  func farAway() throws {
    let base = 0x1234_5678
    let (node, zone) = try zone(base..<base + 100)
    try withExtendedLifetime(node) {
      try zone.checkInvariants()
      let frame = try #require(zone.allocateBlock(order: 5))
      #expect(frame.number % 32 == 0 && frame.number >= base)
      try zone.freeBlock(frame, order: 5)
      #expect(zone.freePages == 100)
    }
  }

  @Test(
    "a layout that cannot be is refused",
    arguments: [
      ([[4..<8, 2..<3]], "zone DMA: frames 2..<3 are not in ascending order within 2..<8"),
      ([[0..<8], [7..<9]], "zone DMA 0..<8 overlaps zone Normal 7..<9"),
      ([[-4..<8]], "zone DMA starts at the negative frame -4"),
    ])
  func badLayout(usable: [[Range<Int>]], reason: String) {
    let layouts = zip([ZoneKind.dma, .normal], usable).map { ZoneLayout($0, usable: $1) }
    let error = #expect(throws: MachineError.self) { try Node(zones: layouts) }
    #expect(error?.description == "the zones cannot be laid out: \(reason)")
  }
}
