extension Machine {
  /// The text of `/proc/zoneinfo`: watermarks, sizes and per-CPU lists of every zone.
  ///
  /// In Linux's own format with one difference: of the many event counters (`nr_inactive_anon`, `numa_hit`, …) only
  /// `nr_free_pages` is printed, since nothing here counts the others and a zero would be a statement. For the
  /// same reason there is no `per-node stats` section. Source: `zoneinfo_show_print` in `mm/vmstat.c`.
  public var zoneinfo: String {
    node.zones.map(describe).joined()
  }

  private func describe(_ zone: Zone) -> String {
    let marks = zone.watermarks
    let protection = node.zones.map { String(zone.protection(against: $0.index)) }
    var text = "Node 0, zone \(zone.kind.name(width: 8))\n"
    text += "  pages free     \(zone.freePages)\n"
    let lines = [
      ("boost", zone.boost), ("min", marks.min), ("low", marks.low), ("high", marks.high),
      ("promo", marks.promo), ("spanned", zone.spanned), ("present", zone.present),
      ("managed", zone.managed), ("cma", 0),
    ]
    for (name, value) in lines { text += "        \(left(name, width: 8)) \(value)\n" }
    text += "        protection: (\(protection.joined(separator: ", ")))\n"
    // A zone without memory has no more to tell.
    if zone.present == 0 { return text }
    text += "      \(left("nr_free_pages", width: 12)) \(zone.freePages)\n"
    text += "  pagesets\n"
    for cpu in cpus {
      let pages = cpu.pages(of: zone)
      text += "    cpu: \(cpu.number)\n"
      text += "              count: \(pages.count)\n"
      text += "              high:  \(pages.high)\n"
      text += "              batch: \(pages.batch)\n"
      text += "  vm stats threshold: \(statisticsThreshold(zone))\n"
    }
    text += "  node_unreclaimable:  0\n"
    text += "  start_pfn:           \(zone.start.number)\n"
    return text
  }

  /// How far a per-CPU counter may drift before it is added to the zone's (`calculate_normal_threshold`).
  private func statisticsThreshold(_ zone: Zone) -> Int {
    let memory = zone.managed >> (27 - 12)
    return min(125, 2 * bits(cpus.count) * (1 + bits(memory)))
  }

  /// Position of the highest set bit, from 1; 0 for 0 (`fls`).
  private func bits(_ number: Int) -> Int { Int.bitWidth - number.leadingZeroBitCount }
}
