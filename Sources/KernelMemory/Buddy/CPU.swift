/// What one processor owns, in raw memory (Linux's per-CPU areas).
@usableFromInline
struct CPUState: ~Copyable {
  /// Keeps the owner apart from those who drain the CPU's lists.
  @usableFromInline let guarded = CPUGuard()
  @usableFromInline let number: Int
  /// One element for each zone of the node, the empty ones included.
  @usableFromInline let lists: UnsafeMutablePointer<PerCPUState>
  /// The CPU's part of every object cache (`kmem_cache_cpu`), once there are object caches.
  @usableFromInline var objects: UnsafeMutableRawPointer?
  /// What the CPU is doing, as far as allocations care.
  var context = CPUContext()

  init(number: Int, lists: UnsafeMutablePointer<PerCPUState>) {
    self.number = number
    self.lists = lists
  }
}

/// A processor of a machine: the owner of page lists in each zone.
///
/// A trivially copyable handle, valid while its ``Machine`` lives; to be used by one thread at a time.
@frozen
public struct CPU: @unchecked Sendable {
  @usableFromInline let state: UnsafeMutablePointer<CPUState>

  @inlinable init(_ state: UnsafeMutablePointer<CPUState>) { self.state = state }

  /// From 0.
  @inlinable public var number: Int { state.pointee.number }

  /// The CPU's page lists of a zone.
  @inlinable
  public func pages(of zone: Zone) -> PerCPUPages { pages(zoneIndex: zone.index) }

  @inlinable
  func pages(zoneIndex: Int) -> PerCPUPages { PerCPUPages(state.pointee.lists + zoneIndex) }
}
