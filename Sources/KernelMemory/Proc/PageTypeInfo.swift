extension Machine {
  /// The text of `/proc/pagetypeinfo`: free blocks by order and migrate type, and how many pageblocks have each type.
  ///
  /// Source: `pagetypeinfo_show` in `mm/vmstat.c`.
  public var pagetypeinfo: String {
    let zones = node.zones.filter { $0.present > 0 }
    var text = "Page block order: \(pageblockOrder)\nPages per block:  \(1 << pageblockOrder)\n\n"
    text += left("Free pages count per migrate type at order", width: 43) + " "
    for order in 0...maxOrder { text += right(order, width: 6) + " " }
    text += "\n"
    for zone in zones {
      for type in MigrateType.allCases {
        text += "Node \(right(0, width: 4)), zone \(zone.kind.name(width: 8)), "
        text += "type \(right(type.name, width: 12)) "
        for order in 0...maxOrder {
          text += counted(zone.freeBlockCount(order: order, type: type)) + " "
        }
        text += "\n"
      }
    }
    text += "\n" + left("Number of blocks type ", width: 23)
    for type in MigrateType.allCases { text += right(type.name, width: 12) + " " }
    text += "\n"
    for zone in zones {
      text += "Node 0, zone \(zone.kind.name(width: 8)) "
      for type in MigrateType.allCases {
        text += right(zone.pageblockCount(of: type), width: 12) + " "
      }
      text += "\n"
    }
    return text
  }

  /// A length as Linux prints it, which stops counting at 100000.
  private func counted(_ length: Int) -> String {
    length >= 100_000 ? ">" + right(100_000, width: 6) : right(length, width: 6)
  }
}

/// A word with spaces before it (`%12s`).
private func right(_ word: String, width: Int) -> String {
  String(repeating: " ", count: max(0, width - word.utf8.count)) + word
}
