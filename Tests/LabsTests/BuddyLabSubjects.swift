import LabBench
import LabKit

/// A slip that a student might make.
enum Slip: Sendable {
  case none
  case keepsLargeBlock, smallestIsIgnored, lowerHalfStays, upperHalfLost
  case neverMerges, mergesOnce, startsAtFreed, buddyIsNext, ignoresOrderOfBuddy, mergesToOrder11
  case ignoresBorder, noFallback, goesUp, skipsLastZoneOrder
  case trustsCaller, trustsOrder, foreignTraps, refusesMerged
  case bootInSingles, losesTail, holeIsMemory, relativeAlignment
  case nilLosesBlock, endlessWhenFull, noOrderTen, negativeTraps
}

protocol Planted { static var slip: Slip { get } }

/// A small, slow and clear buddy system on sets of first frames, with at most one slip in it.
struct SetBuddy<P: Planted>: PageAllocator {
  private let zones: [MemoryZone]
  private var free: [[Set<Int>]]
  private var inUse: [Int: Int] = [:]

  private var slip: Slip { P.slip }

  init(zones: [MemoryZone]) {
    self.zones = zones
    free = zones.map { _ in Array(repeating: [], count: maxOrder + 2) }
    for (index, zone) in zones.enumerated() {
      var ranges = zone.usable
      if slip == .holeIsMemory {
        ranges = [ranges[0].lowerBound..<ranges[ranges.count - 1].upperBound]
      }
      for range in ranges {
        var frame = range.lowerBound
        let base = slip == .relativeAlignment ? frame : 0
        while frame < range.upperBound {
          var order = 0
          let top = slip == .noOrderTen ? maxOrder - 1 : maxOrder
          while order < top, (frame - base).isMultiple(of: 2 << order),
            frame + (2 << order) <= range.upperBound
          { order += 1 }
          if slip == .bootInSingles { order = 0 }
          if slip == .losesTail, order < free[index].lastIndex(where: { !$0.isEmpty }) ?? 0 {
            break
          }
          free[index][order].insert(frame)
          frame += 1 << order
        }
      }
    }
  }

  mutating func allocate(order: Int, zone: Int) -> Int? {
    if slip == .negativeTraps { precondition(order >= 0) }
    let top = slip == .noOrderTen ? maxOrder - 1 : maxOrder
    guard (0...top).contains(order), zones.indices.contains(zone) else { return nil }
    var candidates = Array(stride(from: zone, through: 0, by: -1))
    if slip == .noFallback { candidates = [zone] }
    if slip == .goesUp { candidates = Array(zone..<zones.count) }
    for zone in candidates {
      let orders =
        slip == .smallestIsIgnored ? Array((order...maxOrder).reversed()) : Array(order...maxOrder)
      for found in orders {
        guard let block = free[zone][found].min() else { continue }
        free[zone][found].remove(block)
        if slip == .keepsLargeBlock {
          inUse[block] = order
          return block
        }
        var size = found
        while size > order {
          size -= 1
          if slip == .upperHalfLost, size == 1 { continue }
          free[zone][size].insert(slip == .lowerHalfStays ? block : block + 1 << size)
        }
        inUse[block] = order
        return block
      }
    }
    if slip == .nilLosesBlock, let lost = free[0][0].min() { free[0][0].remove(lost) }
    while slip == .endlessWhenFull, free[0].allSatisfy(\.isEmpty) {}
    return nil
  }

  mutating func free(_ frame: Int, order: Int) throws(BadFree) {
    if slip == .foreignTraps { precondition(zone(of: frame) != nil, "frame \(frame) of nowhere") }
    guard zone(of: frame) != nil else { throw .notManaged(frame: frame) }
    if slip != .trustsCaller {
      guard let actual = inUse[frame] else { throw .notAllocated(frame: frame) }
      if slip != .trustsOrder {
        guard actual == order else { throw .wrongOrder(frame: frame, allocated: actual) }
      }
    }
    inUse[frame] = nil
    var block = frame
    var size = min(max(order, 0), maxOrder)
    let top = slip == .mergesToOrder11 ? maxOrder + 1 : maxOrder
    while size < top, slip != .neverMerges {
      let buddy = slip == .buddyIsNext ? block + 1 << size : block ^ 1 << size
      let home = zone(of: block)!
      guard let other = zone(of: buddy), other == home || slip == .ignoresBorder else { break }
      if free[other][size].remove(buddy) == nil {
        guard slip == .ignoresOrderOfBuddy, size > 0, free[other][size - 1].remove(buddy) != nil
        else { break }
      }
      if slip != .startsAtFreed { block = min(block, buddy) }
      size += 1
      if slip == .mergesOnce { break }
    }
    free[zone(of: block)!][size].insert(block)
  }

  func freeBlocks(order: Int, zone: Int) -> [Int] {
    guard (0...maxOrder).contains(order), free.indices.contains(zone) else { return [] }
    return Array(free[zone][order])
  }

  private func zone(of frame: Int) -> Int? {
    zones.firstIndex { zone in
      if slip == .holeIsMemory {
        return frame >= zone.usable[0].lowerBound && frame < zone.usable.last!.upperBound
      }
      return zone.usable.contains { $0.contains(frame) }
    }
  }
}
