import LabKit
import PropertyTesting
import Testing

@testable import Labs

@Suite struct BuddyLabModelTests {
  private func model(_ layout: String) throws -> FrameModel {
    FrameModel(try #require(Machine(layout)))
  }

  private func block(_ order: Int, _ frame: Int, zone: Int = 0) -> FreeBlock {
    FreeBlock(zone: zone, order: order, frame: frame)
  }

  @Test func freeMemoryIsInTheLargestAlignedBlocks() throws {
    #expect(try model("0-15").blocks == [block(4, 0)])
    #expect(try model("3-9").blocks == [block(0, 3), block(1, 8), block(2, 4)])
    #expect(try model("0-2,4-7").blocks == [block(0, 2), block(1, 0), block(2, 4)])
    #expect(
      try model("0-3|4-15").blocks
        == [block(2, 0), block(2, 4, zone: 1), block(3, 8, zone: 1)])
    #expect(try model("0-4095").blocks.map(\.order) == [10, 10, 10, 10])
  }

  @Test func aTakenBlockLeavesTheOtherHalves() throws {
    var model = try model("0-15")
    model.take(6, order: 1)
    #expect(model.blocks == [block(1, 4), block(2, 0), block(3, 8)])
    #expect(model.source(order: 0, zone: 0)?.order == 1)
    #expect(model.source(order: 3, zone: 0)?.order == 3)
    #expect(model.source(order: 4, zone: 0) == nil)
    model.give(6, order: 1)
    #expect(model.blocks == [block(4, 0)])
  }

  @Test func blocksOfOrderTenStayApart() throws {
    var model = try model("0-2047")
    model.take(0, order: 10)
    model.give(0, order: 10)
    #expect(model.blocks == [block(10, 0), block(10, 1024)])
  }

  @Test func zonesServeDownwardsAndNeverMerge() throws {
    var model = try model("0-3|4-7")
    model.take(4, order: 2)
    #expect(model.source(order: 1, zone: 1)?.zone == 0)
    model.give(4, order: 2)
    #expect(model.blocks == [block(2, 0), block(2, 4, zone: 1)])
    #expect(model.source(order: 1, zone: 2) == nil)
    #expect(model.source(order: -1, zone: 0) == nil)
  }

  @Test func aWindowAgreesOnlyWhenItIsExact() throws {
    let model = try model("0-11")
    let right = [block(2, 8), block(3, 0)]
    #expect(model.agrees(with: right))
    #expect(!model.agrees(with: [block(2, 8)]))
    #expect(!model.agrees(with: [block(2, 8), block(2, 8)]))
    #expect(!model.agrees(with: [block(2, 8), block(3, 1)]))
    #expect(!model.agrees(with: [block(2, 8), block(3, 0, zone: 1)]))
    #expect(!model.agrees(with: right + [block(3, -5)]))
  }

  /// The model against what it stands for: the largest aligned blocks within the free frames, found by brute force.
  @Test func theBlocksFollowFromTheFreeFrames() throws {
    let machine = try #require(Machine("1-6,8-20|21-31"))
    var model = FrameModel(machine)
    var free = Set(machine.frames)
    var random = SplitMix64(seed: 7)
    var held: [FreeBlock] = []
    for _ in 0..<400 {
      if held.isEmpty || random.next() % 2 == 0 {
        let order = Int(random.next() % 4)
        let starts = machine.frames.filter { frame in
          frame.isMultiple(of: 1 << order)
            && FreeBlock.frames(frame, order: order).allSatisfy {
              free.contains($0) && machine.zone(of: $0) == machine.zone(of: frame)
            }
        }
        guard let frame = starts.last else { continue }
        model.take(frame, order: order)
        free.subtract(FreeBlock.frames(frame, order: order))
        held.append(block(order, frame, zone: machine.zone(of: frame)!))
      } else {
        let block = held.remove(at: Int(random.next() % UInt64(held.count)))
        model.give(block.frame, order: block.order)
        free.formUnion(block.frames)
      }
      #expect(model.blocks == largestBlocks(free, machine))
    }
  }

  private func largestBlocks(_ free: Set<Int>, _ machine: Machine) -> [FreeBlock] {
    func isWhole(_ frame: Int, _ order: Int) -> Bool {
      FreeBlock.frames(frame, order: order).allSatisfy {
        free.contains($0) && machine.zone(of: $0) == machine.zone(of: frame)
      }
    }
    return (0...maxOrder).flatMap { order in
      stride(from: 0, to: 32, by: 1 << order).filter { frame in
        let parent = frame & ~((2 << order) - 1)
        return isWhole(frame, order) && (order == maxOrder || !isWhole(parent, order + 1))
      }.map { block(order, $0, zone: machine.zone(of: $0)!) }
    }.sorted()
  }
}
