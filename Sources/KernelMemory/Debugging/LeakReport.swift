/// What was allocated and not freed, by cache and by who allocated it.
public struct LeakReport: Hashable, Sendable, CustomStringConvertible {
  /// Objects of one cache that one place allocated.
  public struct Entry: Hashable, Sendable, CustomStringConvertible {
    /// The cache's name; `kmalloc, whole pages` for what the page allocator served.
    public let cache: String
    public let objects: Int
    /// Bytes of their slots or pages.
    public let bytes: Int
    /// nil where the cache keeps no track.
    public let site: CallSite?

    public var description: String {
      "\(cache): \(objects) object\(objects == 1 ? "" : "s"), \(bytes) bytes"
        + (site.map { ", allocated in \($0)" } ?? "")
    }
  }

  /// Most bytes first.
  public let entries: [Entry]

  public var isEmpty: Bool { entries.isEmpty }
  public var objects: Int { entries.reduce(0) { $0 + $1.objects } }
  public var bytes: Int { entries.reduce(0) { $0 + $1.bytes } }

  /// A line in all, then a line for each entry.
  public var description: String {
    if isEmpty { return "no leaks" }
    var lines = [
      "\(objects) object\(objects == 1 ? "" : "s"), \(bytes) bytes were not freed:"
    ]
    for entry in entries { lines.append("  \(entry)") }
    return lines.joined(separator: "\n")
  }
}

extension SlabAllocator {
  /// What is allocated at this moment, to be called when nothing should be.
  ///
  /// Free objects in arrays are no leaks. Nobody may use the allocator meanwhile. O(objects).
  public final func leakReport() -> LeakReport {
    var entries: [LeakReport.Entry] = []
    for cache in caches where !cache.flags.contains(.noLeakTrace) {
      let live = cache.statistics.objects
      guard live > 0 else { continue }
      var bySite: [CallSite: Int] = [:]
      for case let track? in liveTracks(cache) { bySite[track.site, default: 0] += 1 }
      for (site, count) in bySite {
        entries.append(
          LeakReport.Entry(
            cache: cache.name, objects: count, bytes: count * cache.size, site: site))
      }
      let known = bySite.values.reduce(0, +)
      if live > known {
        entries.append(
          LeakReport.Entry(
            cache: cache.name, objects: live - known, bytes: (live - known) * cache.size, site: nil)
        )
      }
    }
    entries += largeLeaks()
    let sum = statistics
    if sum.otherObjects > 0 {
      entries.append(
        LeakReport.Entry(
          cache: "kmalloc", objects: sum.otherObjects, bytes: sum.mixedBytes, site: nil))
    }
    entries.sort {
      ($1.bytes, $0.cache, $0.site?.description ?? "")
        < ($0.bytes, $1.cache, $1.site?.description ?? "")
    }
    return LeakReport(entries: entries)
  }

  /// Blocks of whole pages, found by their pages.
  private func largeLeaks() -> [LeakReport.Entry] {
    guard largeBlocks.load(ordering: .relaxed) > 0 else { return [] }
    let tracks = registry.withLock { $0.largeTracks }
    var sums: [CallSite?: (blocks: Int, pages: Int)] = [:]
    var frame = 0
    while frame < Int(frameCount) {
      guard owners[frame] == Self.largeBlock,
        case .allocated(_, let order) = machine.use(of: PageFrame(frame))
      else {
        frame += 1
        continue
      }
      let sum = sums[tracks[UInt32(frame)]?.site] ?? (0, 0)
      sums[tracks[UInt32(frame)]?.site] = (sum.blocks + 1, sum.pages + 1 << order)
      frame += 1 << order
    }
    return sums.map { site, sum in
      LeakReport.Entry(
        cache: "kmalloc, whole pages", objects: sum.blocks, bytes: sum.pages * pageSize, site: site)
    }
  }
}

extension SLUB {
  /// Who allocated each object in use.
  func trackLive(_ cache: ObjectCache) -> [Track?] {
    var tracks: [Track?] = []
    var frame = cache.state.pointee.firstOfAll
    while frame != 0 {
      let slab = slabs[Int(frame)]
      for number in 0..<Int(slab.objects) {
        let object = slab.start + UInt(number * cache.size + cache.layout.leftRedZone)
        if !isOnFreeList(object, frame, cache) {
          tracks.append(track(object, cache, isFree: false))
        }
      }
      frame = slab.nextOfAll
    }
    return tracks
  }
}
