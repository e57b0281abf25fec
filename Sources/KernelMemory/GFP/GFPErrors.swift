/// Why a text is not a GFP mask.
public struct GFPTextError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong with the word.
  public enum Reason: Hashable, Sendable {
    /// Nothing between two `|`, or an empty text.
    case missingName
    /// Starts with `0x` and is not a hexadecimal number of at most 32 bits.
    case badNumber(String)
    /// `none` beside other names.
    case noneNotAlone
    /// Not a name of this version; `knownIn` is a version that has it.
    case unknownName(String, knownIn: String?)
  }
  public let reason: Reason
  /// Where the word starts, in bytes from 1.
  public let column: Int
  /// The version whose table was asked.
  public let version: String

  init(_ reason: Reason, column: Int, version: String) {
    self.reason = reason
    self.column = column
    self.version = version
  }

  public var description: String {
    let what =
      switch reason {
      case .missingName:
        "a flag name is missing; write names separated by one '|', or 'none' for the empty mask"
      case .badNumber(let word):
        "'\(word)' is not a hexadecimal number of at most 32 bits"
      case .noneNotAlone:
        "'none' is the empty mask and stands alone"
      case .unknownName(let word, knownIn: let other?):
        "Linux \(version) has no flag '\(word)', but Linux \(other) has; choose that kernel's table"
      case .unknownName(let word, knownIn: nil):
        "Linux \(version) prints no flag '\(word)'"
      }
    return "GFP flags, column \(column): \(what)"
  }
}

/// Why a mask cannot be obeyed.
public enum GFPMaskError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The zone modifiers contradict each other.
  case contradictoryZones(GFPFlags)
  /// The mask is both movable and reclaimable.
  case contradictoryMobility(GFPFlags)

  public var description: String {
    switch self {
    case .contradictoryZones(let flags):
      "the zone modifiers of GFP mask 0x\(String(flags.rawValue, radix: 16)) (\(flags)) contradict "
        + "each other; use one of GFP_DMA, GFP_DMA32 and __GFP_HIGHMEM"
    case .contradictoryMobility(let flags):
      "GFP mask 0x\(String(flags.rawValue, radix: 16)) (\(flags)) is both movable and reclaimable; "
        + "use one of __GFP_MOVABLE and __GFP_RECLAIMABLE"
    }
  }
}
