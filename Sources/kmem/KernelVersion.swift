import KernelMemory

/// Which kernel's GFP names a recording is written in.
enum KernelVersion {
  /// The version that the words of a recording's file name say, such as `k6.12` or `6.1.0-56`; nil when they say none.
  static func named(in name: String) -> String? {
    let words = name.split { !($0.isNumber || $0 == ".") }
    for word in words {
      let parts = word.split(separator: ".")
      guard parts.count >= 2 else { continue }
      let version = parts[..<2].joined(separator: ".")
      if GFPFlagTable.version(version) != nil { return version }
    }
    return nil
  }

  /// The newest version whose table knows the most of `masks`.
  static func knowing(_ masks: [String]) -> String {
    var best = GFPFlagTable.linux6_12
    var known = -1
    for table in GFPFlagTable.all {
      let count = masks.count { (try? table.parse($0)) != nil }
      if count > known { (best, known) = (table, count) }
    }
    return best.version
  }

  /// The versions that there are tables of, for messages: `6.12, 6.1`.
  static var all: String { GFPFlagTable.all.map(\.version).joined(separator: ", ") }
}
