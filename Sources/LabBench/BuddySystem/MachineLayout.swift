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
    var usable: [Range<Int>] = []
    var end = 0
    // Byte by byte: every trace boots a machine, and there are tens of thousands.
    var bytes = Array(text.utf8)[...]
    while true {
      guard let first = number(&bytes), bytes.popFirst() == UInt8(ascii: "-"),
        let last = number(&bytes), first >= end, usable.last?.upperBound != first, last >= first
      else { return nil }
      end = last + 1
      usable.append(first..<end)
      let separator = bytes.popFirst()
      if separator == UInt8(ascii: ",") { continue }
      zones.append(MemoryZone(usable: usable))
      usable = []
      if separator == nil { return zones.count <= 8 ? zones : nil }
      guard separator == UInt8(ascii: "|") else { return nil }
    }
  }

  /// Reads a frame number; nil when there is none, or one that is too large.
  private static func number(_ bytes: inout ArraySlice<UInt8>) -> Int? {
    var value: Int?
    while let digit = bytes.first.map({ Int($0) - 48 }), (0...9).contains(digit) {
      value = (value ?? 0) * 10 + digit
      guard value! < frameLimit else { return nil }
      bytes.removeFirst()
    }
    return value
  }
}
