import AllocationTrace
import KernelMemory

/// What became of a recording's objects.
struct ObjectsReport: Codable, Equatable {
  /// Slab pages and the part of them that holds no object in use.
  struct Slabs: Codable, Equatable {
    var pages: Int
    var waste: Double
  }
  /// Slab pages of one cache: here, and on the recorded machine before and after.
  struct CacheRow: Codable, Equatable {
    var name: String
    var pages: Int
    var before: Int?
    var after: Int?
  }

  var allocator: String
  var allocations: Int
  var frees: Int
  var performed: Int
  var peakObjects: Int
  /// Live at the end here, in the recording, and those of the recording that were not served here.
  var objectsAtEnd: Int
  var recordedAtEnd: Int
  var notServedAtEnd: Int
  var bytesAtEnd: Int
  /// Events of kmalloc whose bytes handed out agree with the recorded kernel's, and those that do not.
  var roundingAgrees: Int
  var roundingDiffers: Int
  var roundingNotes: [String]
  /// Frees that name the cache that the object came from here, and those that name another.
  var cacheNamesAgree: Int
  var cacheNamesDiffer: Int
  /// Slab pages and those of large objects at once at most, and the part of them that nobody asked for.
  var peakPages: Int
  var peakWaste: Double
  var pagesAtEnd: Int
  var wasteAtEnd: Double
  /// By slabinfo, as the recorded kernel counts: here, and there before and after the recording.
  var slabs: Slabs
  var before: Slabs?
  var after: Slabs?
  /// Caches with slabs, the largest first.
  var caches: [CacheRow]

  init(_ replayer: borrowing ObjectReplayer, survey: Survey, snapshots: Snapshots) {
    let counts = replayer.counts
    allocator = replayer.allocator.name
    (allocations, frees, performed) = (counts.allocations, counts.frees, counts.performed)
    peakObjects = counts.peakObjects
    objectsAtEnd = counts.liveObjects
    recordedAtEnd = survey.objectsAtEnd
    var notServed = 0
    replayer.live.forEach { if $1.address == 0 { notServed += 1 } }
    notServedAtEnd = notServed
    bytesAtEnd = counts.liveBytes
    (roundingAgrees, roundingDiffers) = (counts.roundingAgrees, counts.roundingDiffers)
    roundingNotes = counts.roundingNotes
    (cacheNamesAgree, cacheNamesDiffer) = (counts.namesAgree, counts.namesDiffer)
    peakPages = counts.peakPages
    peakWaste = Self.waste(pages: peakPages, used: counts.liveBytesAtPeak)
    pagesAtEnd = replayer.pages
    wasteAtEnd = Self.waste(pages: pagesAtEnd, used: counts.liveBytes)
    let here = Snapshot.caches(replayer.allocator.slabinfo)
    slabs = Self.slabs(here)
    before = snapshots.before.map { Self.slabs($0.caches) }
    after = snapshots.after.map { Self.slabs($0.caches) }
    let beforePages = Self.pagesByName(snapshots.before)
    let afterPages = Self.pagesByName(snapshots.after)
    caches = here.filter { $0.pages > 0 }.sorted { ($1.pages, $0.name) < ($0.pages, $1.name) }.map {
      CacheRow(
        name: $0.name, pages: $0.pages, before: beforePages[$0.name], after: afterPages[$0.name])
    }
  }

  static func waste(pages: Int, used: Int) -> Double {
    pages == 0 ? 0 : 1 - Double(used) / Double(pages * pageSize)
  }

  private static func slabs(_ caches: [Snapshot.Cache]) -> Slabs {
    let pages = caches.reduce(0) { $0 + $1.pages }
    return Slabs(
      pages: pages,
      waste: waste(pages: pages, used: caches.reduce(0) { $0 + $1.activeObjects * $1.size }))
  }

  private static func pagesByName(_ snapshot: Snapshot?) -> [String: Int] {
    Dictionary(snapshot?.caches.map { ($0.name, $0.pages) } ?? [], uniquingKeysWith: +)
  }
}

extension ObjectsReport {
  func append(to page: inout ReportPage) {
    page.line(
      "Objects",
      "\(grouped(allocations)) allocations, \(grouped(frees)) frees on a \(allocator) of their own; at most "
        + "\(grouped(peakObjects)) at once")
    page.line(
      "",
      "kmalloc's sizes: \(grouped(roundingAgrees)) as Linux rounded them, \(grouped(roundingDiffers)) not"
    )
    for note in roundingNotes { page.continued(note) }
    if cacheNamesAgree + cacheNamesDiffer > 0 {
      page.line(
        "",
        "caches: \(grouped(cacheNamesAgree)) frees name the one that was used, "
          + "\(grouped(cacheNamesDiffer)) another")
    }
    let missing = recordedAtEnd - notServedAtEnd
    page.line(
      "",
      "live at the end: \(grouped(objectsAtEnd)), in the recording \(grouped(recordedAtEnd))"
        + (notServedAtEnd > 0 ? ", of which \(grouped(notServedAtEnd)) not served here" : "")
        + (missing == objectsAtEnd ? "" : ": UNEXPLAINED"))
    page.line(
      "",
      "pages: \(grouped(peakPages)) at most, \(percent(peakWaste)) of them not asked for; "
        + "\(grouped(pagesAtEnd)) at the end, \(percent(wasteAtEnd))")
    page.line(
      "Slabs",
      "\(grouped(slabs.pages)) pages, \(percent(slabs.waste)) of them not in use, by slabinfo")
    guard let after else {
      page.line("", "nothing tells what Linux had: no snapshot beside the recording (--snapshot)")
      return
    }
    if let before {
      page.line(
        "",
        "Linux: \(grouped(after.pages)) pages, \(percent(after.waste)) not in use; before the recording "
          + "\(grouped(before.pages)), so \(signed(after.pages - before.pages))")
    } else {
      page.line(
        "",
        "Linux: \(grouped(after.pages)) pages, \(percent(after.waste)) not in use, "
          + "with what is older than the recording or not traced")
    }
    let rows = caches.prefix(8)
    page.continued(
      rows.map { row in
        let change = (row.after ?? 0) - (row.before ?? 0)
        return
          "\(row.name) \(grouped(row.pages)) (Linux \(row.before == nil ? grouped(change) : signed(change)))"
      }.joined(separator: ", "))
  }
}

/// What became of a recording's areas.
struct AreasReport: Codable, Equatable {
  var maps: Int
  var unmaps: Int
  var purges: Int
  var allocations: Int
  var frees: Int
  /// Areas that a snapshot says were there before.
  var areasBefore: Int
  /// Areas that lie where the recorded kernel put them, and those that do not.
  var addressesAgree: Int
  var addressesDiffer: Int
  var addressNotes: [String]
  /// Pages of vmalloc at once at most and at the end, and of page tables.
  var peakPages: Int
  var pagesAtEnd: Int
  var tablePages: Int
  /// What the recording never gives back.
  var mapsAtEnd: Int
  var allocationsAtEnd: Int

  init(_ counts: AreaCounts) {
    (maps, unmaps, purges) = (counts.maps, counts.unmaps, counts.purges)
    (allocations, frees) = (counts.allocations, counts.frees)
    areasBefore = counts.areasBefore
    (addressesAgree, addressesDiffer) = (counts.addressesAgree, counts.addressesDiffer)
    addressNotes = counts.addressNotes
    (peakPages, pagesAtEnd, tablePages) = (counts.peakPages, counts.pagesAtEnd, counts.tablePages)
    (mapsAtEnd, allocationsAtEnd) = (counts.mapsLeft, counts.allocationsLeft)
  }

  func append(to page: inout ReportPage) {
    var label = "Areas"
    if maps > 0 {
      page.line(
        label,
        "\(grouped(maps)) mapped, \(grouped(unmaps)) unmapped, \(grouped(purges)) purges; "
          + "\(grouped(addressesAgree)) lie where Linux put them, \(grouped(addressesDiffer)) elsewhere"
      )
      for note in addressNotes { page.continued(note) }
      page.line(
        "",
        "\(grouped(mapsAtEnd)) left at the end; \(grouped(areasBefore)) were there before, by the snapshot"
      )
      label = ""
    }
    if allocations > 0 {
      page.line(
        label,
        "\(grouped(allocations)) of vmalloc, \(grouped(frees)) freed; \(grouped(peakPages)) pages at most, "
          + "\(grouped(pagesAtEnd)) at the end in \(grouped(allocationsAtEnd)); "
          + "\(grouped(tablePages)) pages of page tables")
    }
    if maps + allocations == 0 { page.line(label, "none served") }
  }
}

/// A share as a percentage with one digit: `12.3 %`.
func percent(_ share: Double) -> String { tenths(share * 100) + " %" }

/// A number with its sign.
func signed(_ number: Int) -> String { (number < 0 ? "" : "+") + grouped(number) }

extension OperationsReport {
  init(_ crew: borrowing ReplayCrew, total: Int) {
    let pages = crew.pages.counts
    var skipped = pages.skipped
    var remarks = crew.maskErrors + pages.refusals
    let objectCounts = crew.objects.counts
    let areaCounts = crew.areas.counts
    for index in skipped.indices {
      skipped[index] += objectCounts.skipped[index] + areaCounts.skipped[index]
    }
    remarks += objectCounts.refusals + areaCounts.refusals
    self.init(
      total: total, performed: pages.performed + objectCounts.performed + areaCounts.performed,
      allocations: pages.allocations,
      frees: pages.frees, splits: pages.splits, objects: objectCounts.performed,
      areas: areaCounts.performed,
      skipped: ReplaySkip.allCases.compactMap { reason in
        let count = skipped[reason.rawValue]
        return count == 0
          ? nil : CountReport(key: reason.key, reason: reason.description, count: count)
      }, unservedByOrder: pages.unservedByOrder, remarks: remarks)
  }
}
