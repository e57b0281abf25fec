extension Machine {
  /// The text of `/proc/buddyinfo`: free blocks by order in the buddy lists, a line for each populated zone.
  ///
  /// Blocks on per-CPU lists are not counted, as in Linux. Source: `frag_show_print` in `mm/vmstat.c`.
  public var buddyinfo: String {
    var text = ""
    for zone in node.zones where zone.present > 0 {
      text += "Node 0, zone \(zone.kind.name(width: 8)) "
      for order in 0...maxOrder {
        text += right(zone.freeBlockCount(order: order), width: 6) + " "
      }
      text += "\n"
    }
    return text
  }
}

extension ZoneKind {
  /// The name with spaces before it (`%8s`).
  func name(width: Int) -> String {
    String(repeating: " ", count: max(0, width - rawValue.utf8.count)) + rawValue
  }
}

/// A number with spaces before it (`%6lu`).
func right(_ number: Int, width: Int) -> String {
  let digits = String(number)
  return String(repeating: " ", count: max(0, width - digits.utf8.count)) + digits
}

/// A word with spaces after it (`%-12s`).
func left(_ word: String, width: Int) -> String {
  word + String(repeating: " ", count: max(0, width - word.utf8.count))
}
