import LabBench
import LabKit

/// The memory that a trace's `boot` describes.
struct Machine: Sendable {
  let layout: String
  let zones: [MemoryZone]
  /// One past the last frame.
  let end: Int
  /// For each frame number the index of its zone, or -1 for a hole.
  let zoneOfFrame: [Int8]
  /// How many frames can be handed out.
  let frameCount: Int

  /// Answers nil when `layout` is not a machine.
  init?(_ layout: String) {
    guard let zones = MachineLayout.zones(of: layout) else { return nil }
    self.layout = layout
    self.zones = zones
    end = zones.last?.usable.last?.upperBound ?? 0
    var zoneOfFrame = [Int8](repeating: -1, count: end)
    for (index, zone) in zones.enumerated() {
      for range in zone.usable {
        for frame in range { zoneOfFrame[frame] = Int8(index) }
      }
    }
    self.zoneOfFrame = zoneOfFrame
    frameCount = zones.reduce(0) { $0 + $1.usable.reduce(0) { $0 + $1.count } }
  }

  /// The zone of `frame`, or nil when it is no memory of this machine.
  func zone(of frame: Int) -> Int? {
    guard zoneOfFrame.indices.contains(frame), zoneOfFrame[frame] >= 0 else { return nil }
    return Int(zoneOfFrame[frame])
  }

  /// The usable range that holds `frame`; nil when the frame is no memory of this machine.
  func range(holding frame: Int) -> Range<Int>? {
    zone(of: frame).flatMap { zones[$0].usable.first { $0.contains(frame) } }
  }

  /// The first of `frames` that is no memory of this machine; nil when all of them are. O(ranges).
  func firstOutside(_ frames: Range<Int>) -> Int? {
    var frame = frames.lowerBound
    while frame < frames.upperBound {
      guard let range = range(holding: frame) else { return frame }
      frame = range.upperBound
    }
    return nil
  }

  /// The zones that have some of `frames`. O(ranges).
  func zones(of frames: Range<Int>) -> [Int] {
    zones.indices.filter { zones[$0].usable.contains { $0.overlaps(frames) } }
  }

  /// The usable frames from first to last.
  var frames: [Int] { zones.flatMap { $0.usable.flatMap { Array($0) } } }

  /// The first few frames that lie between usable ones and are none: in holes, and in gaps between zones.
  var firstHoles: [Int] {
    guard let first = zones.first?.usable.first?.lowerBound else { return [] }
    return Array((first..<end).lazy.filter { zoneOfFrame[$0] < 0 }.prefix(4))
  }

  /// The largest order of a block that fits anywhere in this machine.
  var largestOrder: Int { FrameModel(self).blocks.map(\.order).max() ?? 0 }

  /// The machine in words: `frames 0–6 and 8–15; zone 1: frames 16–31`.
  var words: String {
    zones.enumerated().map { index, zone in
      let ranges = zone.usable.map { Words.frames($0) }.joined(separator: " and ")
      return (zones.count > 1 ? "zone \(index): " : "") + "frames " + ranges
    }.joined(separator: "; ")
  }
}

/// Knows which blocks must be free, and so which answers are legal.
///
/// Because buddies merge at once, the free blocks follow from the free frames alone: they are the largest aligned
/// blocks that lie wholly in free memory of one zone. Any block within a smallest sufficient one may be handed out.
struct FrameModel: Sendable {
  let machine: Machine
  /// At the first frame of each free block its order; -1 elsewhere.
  private var orderAt: [Int8]
  /// For each zone and order the number of free blocks.
  private var counts: [[Int]]

  /// All frames of the machine are free. O(frames).
  init(_ machine: Machine) {
    self.machine = machine
    orderAt = Array(repeating: -1, count: machine.end)
    counts = Array(
      repeating: Array(repeating: 0, count: maxOrder + 1), count: machine.zones.count)
    for (zone, frames) in machine.zones.enumerated() {
      for range in frames.usable {
        var frame = range.lowerBound
        while frame < range.upperBound {
          var order = min(maxOrder, frame.trailingZeroBitCount)
          while frame + (1 << order) > range.upperBound { order -= 1 }
          orderAt[frame] = Int8(order)
          counts[zone][order] += 1
          frame += 1 << order
        }
      }
    }
  }

  /// The free block that holds `frame`; nil when the frame is not free. O(``maxOrder``).
  func block(holding frame: Int) -> FreeBlock? {
    guard let zone = machine.zone(of: frame) else { return nil }
    for order in 0...maxOrder {
      let first = (frame >> order) << order
      if orderAt[first] == order { return FreeBlock(zone: zone, order: order, frame: first) }
    }
    return nil
  }

  /// Where a request must be served: the first zone from `zone` down that has a sufficient block, and the smallest such
  /// order there. Nil when the answer must be nil. O(zones × ``maxOrder``).
  func source(order: Int, zone: Int) -> (zone: Int, order: Int)? {
    guard (0...maxOrder).contains(order), counts.indices.contains(zone) else { return nil }
    for zone in stride(from: zone, through: 0, by: -1) {
      if let order = (order...maxOrder).first(where: { counts[zone][$0] > 0 }) {
        return (zone, order)
      }
    }
    return nil
  }

  /// Takes an aligned block out of the free block that holds it. O(``maxOrder``).
  mutating func take(_ frame: Int, order: Int) {
    guard var holder = block(holding: frame), holder.order >= order else { return }
    orderAt[holder.frame] = -1
    counts[holder.zone][holder.order] -= 1
    while holder.order > order {
      holder.order -= 1
      let upper = holder.frame + (1 << holder.order)
      let stays = frame < upper ? upper : holder.frame
      orderAt[stays] = Int8(holder.order)
      counts[holder.zone][holder.order] += 1
      if frame >= upper { holder.frame = upper }
    }
  }

  /// Takes a block back and merges it as far as it goes. O(``maxOrder``).
  mutating func give(_ frame: Int, order: Int) {
    guard let zone = machine.zone(of: frame) else { return }
    var frame = frame
    var order = order
    while order < maxOrder {
      let buddy = frame ^ (1 << order)
      guard machine.zone(of: buddy) == zone, orderAt[buddy] == order else { break }
      orderAt[buddy] = -1
      counts[zone][order] -= 1
      frame = min(frame, buddy)
      order += 1
    }
    orderAt[frame] = Int8(order)
    counts[zone][order] += 1
  }

  /// Whether `window` shows exactly the blocks that must be free. O(window).
  func agrees(with window: [FreeBlock]) -> Bool {
    guard window.count == blockCount else { return false }
    var previous: FreeBlock?
    for block in window {
      guard previous.map({ $0 < block }) ?? true, machine.zone(of: block.frame) == block.zone,
        orderAt[block.frame] == block.order
      else { return false }
      previous = block
    }
    return true
  }

  /// Whether every block of `window` is free in truth, listed in its own zone, and no frame is listed twice.
  ///
  /// Such a window may lack blocks, or show two where there must be one; but what it says is so, and can be quoted to a
  /// student. O(window), and sorting it unless it agrees.
  func bears(out window: [FreeBlock]) -> Bool {
    if agrees(with: window) { return true }
    for block in window {
      guard block.isAligned, let holder = self.block(holding: block.frame),
        holder.order >= block.order, holder.zone == block.zone
      else { return false }
    }
    let byFrame = window.sorted { $0.frame < $1.frame }
    return zip(byFrame, byFrame.dropFirst()).allSatisfy { $0.frames.upperBound <= $1.frame }
  }

  /// How many free blocks there must be. O(zones × ``maxOrder``).
  var blockCount: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// The blocks that must be free, sorted. O(frames).
  var blocks: [FreeBlock] {
    orderAt.indices.filter { orderAt[$0] >= 0 }.map {
      FreeBlock(zone: machine.zone(of: $0)!, order: Int(orderAt[$0]), frame: $0)
    }.sorted()
  }
}
