/// How many free pages a zone should keep, in pages.
///
/// Below ``low`` kswapd is woken, at ``min`` ordinary requests stop, above ``high`` kswapd sleeps again.
/// Source: `__setup_per_zone_wmarks` in `mm/page_alloc.c`.
@frozen
public struct Watermarks: Hashable, Sendable {
  public var min: Int
  public var low: Int
  public var high: Int
  public var promo: Int

  public init(min: Int, low: Int, high: Int, promo: Int) {
    self.min = min
    self.low = low
    self.high = high
    self.promo = promo
  }

  /// The watermarks of each zone of one machine.
  ///
  /// - Parameters:
  ///   - zones: kinds and managed pages of all zones.
  ///   - minFreeKilobytes: the free memory to keep over all low zones (`vm.min_free_kbytes`).
  ///   - scaleFactor: least distance between two watermarks in 1/10000 of the zone (`vm.watermark_scale_factor`).
  public static func forZones(
    _ zones: [(kind: ZoneKind, managed: Int)], minFreeKilobytes: Int, scaleFactor: Int = 10
  ) -> [Watermarks] {
    let pagesMin = minFreeKilobytes / 4
    let lowPages = zones.reduce(0) { $1.kind.isLowMemory ? $0 + $1.managed : $0 }
    return zones.map { zone in
      let share = lowPages == 0 ? 0 : pagesMin * zone.managed / lowPages
      // Kernel allocations do not need high memory: a token amount is enough there.
      let min =
        zone.kind.isLowMemory ? share : Swift.min(Swift.max(zone.managed / 1024, 32), 128)
      let distance = Swift.max(share / 4, zone.managed * scaleFactor / 10000)
      return Watermarks(
        min: min, low: min + distance, high: min + 2 * distance, promo: min + 3 * distance)
    }
  }

  /// The free memory to keep in KiB, as Linux chooses it at boot (`calculate_min_free_kbytes`, and
  /// `set_recommended_min_free_kbytes` in `mm/khugepaged.c` when `hugePages`).
  ///
  /// The square root of sixteen times the low memory, between 128 and 262144; a machine with huge pages and at least
  /// 512 MiB wants eleven free blocks of 2 MiB a zone, at most 5 % of its low memory.
  public static func minFreeKilobytes(
    _ zones: [(kind: ZoneKind, managed: Int)], hugePages: Bool
  ) -> Int {
    let low = zones.filter { $0.kind.isLowMemory && $0.kind != .device }
    let lowPages = low.reduce(0) { $0 + $1.managed }
    let root = Double(16 * lowPages * 4).squareRoot()
    let kilobytes = Swift.min(Swift.max(Int(root), 128), 262144)
    guard hugePages, zones.reduce(0, { $0 + $1.managed }) >= (512 << 20) / pageSize else {
      return kilobytes
    }
    let first = forZones(zones, minFreeKilobytes: kilobytes)
    let buffer = zip(zones, first).reduce(0) { sum, pair in
      let (zone, marks) = pair
      guard zone.kind.isLowMemory, zone.kind != .device else { return sum }
      return sum + Swift.max(zone.managed - marks.high, 0)
    }
    let populated = low.filter { $0.managed > 0 }.count
    return Swift.max(kilobytes, Swift.min(512 * populated * (2 + 3 * 3), buffer / 20) * 4)
  }

  /// `lowmem_reserve`: what each zone keeps back from a request that could use a higher zone, in pages.
  ///
  /// Element `[i][j]` is for a request whose highest zone is j (`setup_per_zone_lowmem_reserve`).
  public static func lowmemReserve(_ zones: [(kind: ZoneKind, managed: Int)]) -> [[Int]] {
    zones.indices.map { i in
      var above = 0
      return zones.indices.map { j in
        guard j > i else { return 0 }
        above += zones[j].managed
        let ratio = zones[i].kind.lowmemReserveRatio
        return ratio == 0 || zones[i].managed == 0 ? 0 : above / ratio
      }
    }
  }
}
