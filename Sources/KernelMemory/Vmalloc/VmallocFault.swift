/// What a processor wants to do with an address.
public enum MemoryAccess: String, Hashable, Sendable {
  case read
  case write
}

/// An access to a kernel address that no page table allows: what Linux calls an oops.
public struct VmallocFault: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Reason: Hashable, Sendable {
    /// In the unmapped page behind an area.
    case guardPage(VmallocArea)
    /// In an area that was freed.
    case freed(VmallocArea)
    /// A write to an area that may be read alone.
    case readOnly(VmallocArea)
    /// In an area whose addresses were never mapped.
    case notMapped(VmallocArea)
    /// In a mapping of a device that does not exist here.
    case device(VmallocArea)
    /// In no area; the nearest below, if any.
    case noArea(below: VmallocArea?)
    /// Directly mapped memory that the machine does not have.
    case notMemory
  }
  /// The first byte that faulted.
  public let address: VirtualAddress
  public let access: MemoryAccess
  public let reason: Reason

  public var description: String {
    let what =
      switch reason {
      case .guardPage(let area):
        "in the guard page of \(area), \(past(area)) its last byte"
      case .freed(let area):
        "in \(area), which \(area.freedBy.isEmpty ? "somebody" : area.freedBy) freed"
      case .readOnly(let area): "\(area) is mapped read-only"
      case .notMapped(let area): "nothing is mapped in \(area)"
      case .device(let area):
        "\(area) shows device memory at 0x"
          + String(area.physicalAddress, radix: 16) + ", which this machine has not"
      case .noArea(let area?): "in no area; \(past(area)) the last byte of \(area)"
      case .noArea(nil): "in no area, and none lies below"
      case .notMemory: "in the direct map, but beyond the machine's memory"
      }
    return "\(access) fault at \(address): \(what)"
  }

  private func past(_ area: VmallocArea) -> String {
    let bytes = address.distance(from: area.usableEnd) + 1
    return "\(bytes) byte\(bytes == 1 ? "" : "s") past"
  }
}
