/// What a process may do with addresses (`PROT_*`).
public struct Protection: OptionSet, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let read = Protection(rawValue: 1)
  public static let write = Protection(rawValue: 2)
  public static let execute = Protection(rawValue: 4)
  public static let readWrite: Protection = [.read, .write]

  /// As `/proc/PID/maps` writes it: `rw-p`.
  public var description: String {
    (contains(.read) ? "r" : "-") + (contains(.write) ? "w" : "-")
      + (contains(.execute) ? "x" : "-") + "p"
  }
}

/// A stretch of a process's addresses with the same rights: private, anonymous memory (`struct vm_area_struct`).
public struct MemoryRegion: Hashable, Sendable, CustomStringConvertible {
  public internal(set) var start: VirtualAddress
  /// One behind the last byte.
  public internal(set) var end: VirtualAddress
  public let protection: Protection
  /// `[heap]`, `[stack]`, or what the caller called it.
  public let name: String

  /// In pages.
  public var pages: Int { end.distance(from: start) / pageSize }

  public func contains(_ address: VirtualAddress) -> Bool { start <= address && address < end }

  /// As `/proc/PID/maps` writes it: `555555559000-55555557a000 rw-p [heap]`.
  public var description: String {
    "\(hexadecimal(start.rawValue, digits: 8))-\(hexadecimal(end.rawValue, digits: 8)) \(protection)"
      + (name.isEmpty ? "" : " \(name)")
  }
}

/// The regions of an address space, ascending and without overlap (`mm_mt`, a maple tree in Linux, a sorted array here).
struct RegionMap {
  private(set) var regions: [MemoryRegion] = []
  /// Pages in all regions (`total_vm`).
  private(set) var pages = 0

  /// Index of the first region that ends above an address. O(log n).
  func firstEnding(above address: VirtualAddress) -> Int {
    var (low, high) = (0, regions.count)
    while low < high {
      let middle = (low + high) / 2
      if regions[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The region that holds an address (`vma_lookup`). O(log n).
  func containing(_ address: VirtualAddress) -> MemoryRegion? {
    let index = firstEnding(above: address)
    return index < regions.count && regions[index].contains(address) ? regions[index] : nil
  }

  func overlapping(_ range: Range<VirtualAddress>) -> MemoryRegion? {
    let index = firstEnding(above: range.lowerBound)
    return index < regions.count && regions[index].start < range.upperBound ? regions[index] : nil
  }

  /// The regions beside an address that is in none.
  func neighbours(of address: VirtualAddress) -> (below: MemoryRegion?, above: MemoryRegion?) {
    let index = firstEnding(above: address)
    return (index > 0 ? regions[index - 1] : nil, index < regions.count ? regions[index] : nil)
  }

  /// The highest gap of `bytes` within `limits`, as the kernel fills a process top down (`vm_unmapped_area`). O(n).
  func highestGap(_ bytes: Int, in limits: Range<VirtualAddress>) -> VirtualAddress? {
    var top = limits.upperBound
    for region in regions.reversed() where region.start < limits.upperBound {
      if region.end <= top, top.distance(from: max(region.end, limits.lowerBound)) >= bytes {
        return top - bytes
      }
      top = min(top, region.start)
      if top <= limits.lowerBound { return nil }
    }
    return top.distance(from: limits.lowerBound) >= bytes ? top - bytes : nil
  }

  /// Adds a region, and makes one of it and neighbours of the same kind. O(n).
  mutating func insert(_ region: MemoryRegion) {
    var region = region
    pages += region.pages
    var index = firstEnding(above: region.start)
    if index < regions.count, regions[index].joins(region), regions[index].start == region.end {
      region.end = regions[index].end
      regions.remove(at: index)
    }
    if index > 0, regions[index - 1].joins(region), regions[index - 1].end == region.start {
      index -= 1
      region.start = regions[index].start
      regions.remove(at: index)
    }
    regions.insert(region, at: index)
  }

  /// Takes a range out, cutting regions in up to three. O(n).
  mutating func remove(_ range: Range<VirtualAddress>) {
    var index = firstEnding(above: range.lowerBound)
    while index < regions.count, regions[index].start < range.upperBound {
      let old = regions.remove(at: index)
      let cut = old.start..<old.end
      let gone = cut.clamped(to: range)
      pages -= gone.upperBound.distance(from: gone.lowerBound) / pageSize
      if old.end > range.upperBound {
        var right = old
        right.start = range.upperBound
        regions.insert(right, at: index)
      }
      if old.start < range.lowerBound {
        var left = old
        left.end = range.lowerBound
        regions.insert(left, at: index)
        index += 1
      }
      if old.end >= range.upperBound { return }
    }
  }
}

extension MemoryRegion {
  fileprivate func joins(_ other: MemoryRegion) -> Bool {
    protection == other.protection && name == other.name
  }
}
