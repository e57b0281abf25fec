/// A slab as seen from outside at one moment.
public struct SlabWindow: Hashable, Sendable {
  /// How many of its objects are free.
  public enum State: String, Hashable, Sendable { case empty, partial, full }

  /// Where it is kept.
  public enum Place: Hashable, Sendable {
    /// On no list, as SLUB keeps full slabs.
    case nowhere
    /// The slab that a CPU allocates from.
    case cpu
    /// In a CPU's chain of partial slabs.
    case cpuPartial
    /// On the cache's lists.
    case partialList, fullList, freeList
  }

  /// The first of its pages.
  public let frame: PageFrame
  public let order: Int
  /// Slots.
  public let objects: Int
  /// Objects that are not free on the slab; those that wait in arrays count as in use.
  public let inUse: Int
  public let place: Place
  /// Where the first slot starts, in units of the alignment that SLAB varies; else 0.
  public let colour: Int

  public var state: State { inUse == 0 ? .empty : inUse == objects ? .full : .partial }
}

extension ObjectCache {
  /// The cache's slabs, newest first; empty for ``SLOB``, which has none.
  ///
  /// Nobody may use the cache meanwhile. O(slabs + free objects of CPU slabs).
  public var slabs: [SlabWindow] { allocator.slabs(of: self) }
}

extension SlabAllocator {
  final func slabs(of cache: ObjectCache) -> [SlabWindow] {
    var windows: [SlabWindow] = []
    var frame = cache.state.pointee.firstOfAll
    while frame != 0 {
      let slab = slabs[Int(frame)]
      let place: SlabWindow.Place =
        switch slab.place {
        case .none: .nowhere
        case .cpu: .cpu
        case .cpuPartial: .cpuPartial
        case .partial: .partialList
        case .full: .fullList
        case .free: .freeList
        }
      let inUse = Int(slab.inUse) - (slab.place == .cpu ? privateObjects(cache, frame) : 0)
      windows.append(
        SlabWindow(
          frame: PageFrame(Int(frame)), order: Int(slab.order), objects: Int(slab.objects),
          inUse: inUse, place: place, colour: Int(slab.colour)))
      frame = slab.nextOfAll
    }
    return windows
  }
}

extension SLUB {
  /// Length of a CPU's private list, if the slab is its own.
  func privateLength(_ cpu: CPU, _ cache: ObjectCache, _ frame: UInt32) -> Int {
    let line = cpu.objects(cache.state.pointee.id).pointee
    guard line.slab == frame else { return 0 }
    var length = 0
    var object = line.freeList
    while object != 0, length < Int(slabs[Int(frame)].objects) {
      length += 1
      let place = object + UInt(cache.layout.freePointerOffset)
      object = coded(load(place), at: place, cache.state.pointee.secret)
    }
    return length
  }
}
