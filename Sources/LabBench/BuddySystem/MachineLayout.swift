import LabKit

/// The text that a `boot` operation carries: `0-6,8-15|16-31` is a machine of two zones, the first with a hole at 7.
public enum MachineLayout {
  /// Frame numbers are smaller than this, by the contract of the lab.
  public static let frameLimit = 1 << 22

  /// Writes zones as text.
  public static func text(of zones: [MemoryZone]) -> String {
    zones.map { zone in
      zone.usable.map { "\($0.lowerBound)-\($0.upperBound - 1)" }.joined(separator: ",")
    }.joined(separator: "|")
  }

  /// Reads zones from text, or answers nil when it is not a machine that the contract allows:
  /// ascending ranges, none empty, holes between those of a zone, 1 to 8 zones, frame numbers below 2^22.
  public static func zones(of text: String) -> [MemoryZone]? {
    var zones: [MemoryZone] = []
    var end = 0
    for part in text.split(separator: "|", omittingEmptySubsequences: false) {
      var usable: [Range<Int>] = []
      for piece in part.split(separator: ",", omittingEmptySubsequences: false) {
        let ends = piece.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]), let last = Int(ends[1]),
          first >= end, usable.last?.upperBound != first, last >= first, last < frameLimit
        else { return nil }
        usable.append(first..<last + 1)
        end = last + 1
      }
      zones.append(MemoryZone(usable: usable))
    }
    return zones.count <= 8 ? zones : nil
  }
}
