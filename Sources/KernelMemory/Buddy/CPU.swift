/// A processor of a machine: the owner of page lists in each zone.
///
/// A trivially copyable handle, valid while its ``Machine`` lives; to be used by one thread at a time.
@frozen
public struct CPU: @unchecked Sendable {
  /// From 0.
  public let number: Int
  /// One element for each zone of the node, the empty ones included.
  @usableFromInline let lists: UnsafeMutablePointer<PerCPUState>

  @inlinable init(number: Int, lists: UnsafeMutablePointer<PerCPUState>) {
    self.number = number
    self.lists = lists
  }

  /// The CPU's page lists of a zone.
  @inlinable
  public func pages(of zone: Zone) -> PerCPUPages { pages(zoneIndex: zone.index) }

  @inlinable
  func pages(zoneIndex: Int) -> PerCPUPages { PerCPUPages(lists + zoneIndex) }
}
