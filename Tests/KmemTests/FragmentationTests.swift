import Testing

@testable import kmem

@Suite struct FragmentationTests {
  @Test func whatIsInSmallBlocksIsUnusable() {
    let free = Fragmentation(freeBlocks: [4, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    #expect(free.freePages == 16)
    #expect((0...4).map(free.unusable) == [0, 0.25, 0.5, 0.5, 1])
    // Orders up to 3 would not fail; order 4: 1 - (1 + 16/16)/7 blocks, in thousandths as the kernel computes it.
    #expect((0...4).map(free.index) == [-1, -1, -1, -1, 0.715])
  }

  @Test func withoutFreeMemoryNothingIsUsable() {
    let none = Fragmentation(freeBlocks: [Int](repeating: 0, count: 11))
    #expect(none.unusable(order: 0) == 1)
    #expect(none.index(order: 0) == 0)
  }
}
