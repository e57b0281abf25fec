import Testing

@testable import KernelMemory

@Suite("What a GFP mask means") struct GFPMeaningTests {
  @Test("the zone bits choose the highest zone, and eight combinations are refused")
  func highestZone() throws {
    let expected64: [UInt32: ZoneKind] = [
      0x0: .normal, 0x1: .dma, 0x2: .normal, 0x4: .dma32, 0x8: .normal, 0x9: .dma, 0xa: .movable,
      0xc: .dma32,
    ]
    let expected32: [UInt32: ZoneKind] = [
      0x0: .normal, 0x1: .dma, 0x2: .highMem, 0x4: .normal, 0x8: .normal, 0x9: .dma, 0xa: .movable,
      0xc: .normal,
    ]
    for (machine, expected) in [(MachineKind.x86_64, expected64), (.x86_32, expected32)] {
      for bits in UInt32(0)..<16 {
        let flags = GFPFlags.kernel.union(GFPFlags(rawValue: bits))
        if let zone = expected[bits] {
          #expect(try flags.highestZone(on: machine) == zone)
        } else {
          #expect(throws: GFPMaskError.contradictoryZones(flags)) {
            try flags.highestZone(on: machine)
          }
        }
      }
    }
  }

  @Test("refusals name the mask and the way out")
  func messages() {
    #expect(
      GFPMaskError.contradictoryZones([.dma, .highmem]).description
        == "the zone modifiers of GFP mask 0x3 (GFP_DMA|__GFP_HIGHMEM) contradict each other; "
        + "use one of GFP_DMA, GFP_DMA32 and __GFP_HIGHMEM")
    #expect(
      GFPMaskError.contradictoryMobility([.movable, .reclaimable]).description
        == "GFP mask 0x18 (__GFP_RECLAIMABLE|__GFP_MOVABLE) is both movable and reclaimable; "
        + "use one of __GFP_MOVABLE and __GFP_RECLAIMABLE")
  }

  @Test("mobility comes from two bits")
  func migrateType() throws {
    #expect(try GFPFlags.kernel.migrateType() == .unmovable)
    #expect(try GFPFlags.highuserMovable.migrateType() == .movable)
    #expect(try GFPFlags.kernel.union(.reclaimable).migrateType() == .reclaimable)
    let both: GFPFlags = [.highuserMovable, .reclaimable]
    #expect(throws: GFPMaskError.contradictoryMobility(both)) { try both.migrateType() }
  }

  @Test("what reclaim may do for the caller")
  func reclaim() {
    let table: [(GFPFlags, block: Bool, io: Bool, fs: Bool)] = [
      (.kernel, true, true, true), (.user, true, true, true), (.nofs, true, true, false),
      (.noio, true, false, false), (.nowait, false, false, false), (.atomic, false, false, false),
      (.transhugeLight, false, false, false), (.transhuge, true, true, true),
      ([], false, false, false),
    ]
    for (flags, block, io, fs) in table {
      #expect(flags.mayBlock == block, "\(flags)")
      #expect(flags.mayStartIO == io, "\(flags)")
      #expect(flags.mayEnterFileSystem == fs, "\(flags)")
    }
  }

  @Test("rights in the slow path, and the share of the reserve")
  func reserves() {
    let table: [(GFPFlags, order: Int, AllocationFlags, ReserveShare)] = [
      (.kernel, 0, [.cpuset, .kswapd], .none),
      (.nowait, 0, [.cpuset, .kswapd, .nonBlock], .none),
      ([.kernel, .high], 0, [.cpuset, .kswapd, .minReserve], .half),
      (.atomic, 0, [.kswapd, .minReserve, .nonBlock], .fiveEighths),
      (.atomic, 2, [.kswapd, .minReserve, .nonBlock, .highAtomic], .fiveEighths),
      ([.atomic, .nomemalloc], 0, [.kswapd, .minReserve], .half),
      ([.kernel, .memalloc], 0, [.noWatermarks, .kswapd], .all),
      ([.kernel, .memalloc, .nomemalloc], 0, [.cpuset, .kswapd], .none),
      ([], 0, [.cpuset, .nonBlock], .none),
    ]
    for (flags, order, rights, share) in table {
      #expect(flags.slowPathFlags(order: order) == rights, "\(flags)")
      #expect(flags.reserveShare == share, "\(flags)")
    }
  }
}
