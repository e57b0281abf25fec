/// Size of a page in bytes.
@inlinable public var pageSize: Int { 4096 }

/// The largest order of a block: 2^10 pages, 4 MiB (`MAX_PAGE_ORDER`).
@inlinable public var maxOrder: Int { 10 }

/// The order of a pageblock, the unit in which memory is given to a ``MigrateType``: 2^9 pages, a huge page.
@inlinable public var pageblockOrder: Int { 9 }

/// The number of a page frame: its physical address divided by ``pageSize`` (`pfn`).
@frozen
public struct PageFrame: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let number: Int

  @inlinable public init(_ number: Int) { self.number = number }

  @inlinable public static func < (a: PageFrame, b: PageFrame) -> Bool { a.number < b.number }

  /// The number as the kernel's traces write it, for example `0x1f00`.
  public var description: String { "0x" + String(number, radix: 16) }
}

/// What a page frame is at this moment.
public enum PageUse: Hashable, Sendable {
  /// Not memory of this machine.
  case foreign
  /// Memory that was never given to the page allocator, or a hole.
  case reserved
  /// In the buddy lists, as part of the free block that starts at `head`.
  case free(head: PageFrame, order: Int)
  /// On a per-CPU list, as part of the free block that starts at `head`.
  case perCPU(head: PageFrame, order: Int)
  /// Handed out, as part of the block that starts at `head`.
  case allocated(head: PageFrame, order: Int)
}
