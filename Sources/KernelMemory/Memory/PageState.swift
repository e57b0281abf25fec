import Synchronization

/// The state of one page frame in one byte: what block starts there, if any.
///
/// This is the part of Linux's `struct page` that decides merges: `PageBuddy` with the order in `private`. A byte a
/// page keeps the buddies of a free block in few cache lines.
@frozen
public struct PageState: Hashable, Sendable, RawRepresentable {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// No block starts here: the page lies inside the block of a page before it. Zero, so that a fresh memory
  /// map costs nothing until it is used.
  @inlinable static var interior: PageState { PageState(rawValue: 0) }
  /// Never given to the allocator.
  @inlinable static var reserved: PageState { PageState(rawValue: 1) }

  /// - Parameter tag: 0x10 or 0x90, different for zones beside each other, whose blocks must not merge.
  @inlinable static func free(_ order: Int, tag: UInt8 = 0x10) -> PageState {
    .init(rawValue: tag | UInt8(truncatingIfNeeded: order))
  }
  /// - Parameter gfp: the request's mask; whether it was for movable memory is kept, because the fate of a
  ///   pageblock depends on it.
  @inlinable static func allocated(_ order: Int, _ gfp: GFPFlags = []) -> PageState {
    let movable = UInt8(truncatingIfNeeded: (gfp.rawValue & GFPFlags.movable.rawValue) &<< 4)
    return .init(rawValue: 0x20 | UInt8(truncatingIfNeeded: order) | movable)
  }
  @inlinable static func perCPU(_ order: Int) -> PageState {
    .init(rawValue: 0x40 | UInt8(truncatingIfNeeded: order))
  }

  @inlinable var isBlockHead: Bool { rawValue >= 0x10 }
  @inlinable var order: Int { Int(rawValue & 0xf) }
  @inlinable var isFree: Bool { rawValue & 0x70 == 0x10 }
  @inlinable var isAllocated: Bool { rawValue & 0x70 == 0x20 }
  @inlinable var isPerCPU: Bool { rawValue & 0xf0 == 0x40 }
  /// Whether the block was allocated as movable.
  @inlinable var isMovable: Bool { rawValue & 0xf0 == 0xa0 }

  /// Whether a block of this order is allocated here.
  @inlinable
  func isAllocated(_ order: Int) -> Bool {
    (rawValue ^ 0x20) & 0x7f == UInt8(truncatingIfNeeded: order)
  }
}

/// The head of a free list, with its length.
///
/// Lies among the memory map's links, which it takes two places of, so that a page's links can lead to it.
@usableFromInline
struct FreeList {
  @usableFromInline var links: PageLinks
  @usableFromInline var count: Int
}

/// A page's place in a doubly linked list, as indices into the same array.
@frozen
@usableFromInline
struct PageLinks {
  @usableFromInline var next: UInt32
  @usableFromInline var previous: UInt32

  @inlinable init(next: UInt32, previous: UInt32) {
    self.next = next
    self.previous = previous
  }

  /// The place of a list's only element, or of the head of an empty list.
  @inlinable init(both: UInt32) { self.init(next: both, previous: both) }
}

/// The memory map: a descriptor for every page frame (Linux's `mem_map`, an array of `struct page`).
///
/// A trivially copyable handle over raw memory. Two arrays rather than one of structures: deciding a merge reads
/// state bytes alone. Behind the links of the pages lie those of the list heads, so that a list needs no nil.
@frozen
public struct MemoryMap: @unchecked Sendable {
  /// Indexed by frame number. Read without a lock when a buddy is looked at, so accesses are atomic.
  @usableFromInline let states: UnsafeMutablePointer<Atomic<UInt8>>
  /// Indexed by frame number, then by list head.
  @usableFromInline let links: UnsafeMutablePointer<PageLinks>
  /// The ``MigrateType`` of each pageblock, indexed by frame number >> ``pageblockOrder``. Under the zone's lock.
  @usableFromInline let blockTypes: UnsafeMutablePointer<UInt8>
  /// First frame described; a multiple of the largest block's size.
  @usableFromInline let start: Int
  /// End of the last zone. The arrays go on to a multiple of the largest block's size, so that a buddy's number is
  /// always an index.
  @usableFromInline let end: Int

  @inlinable
  subscript(frame: UInt32) -> PageState {
    get { PageState(rawValue: states[Int(frame)].load(ordering: .relaxed)) }
    nonmutating set { states[Int(frame)].store(newValue.rawValue, ordering: .relaxed) }
  }

  @inlinable
  func contains(_ frame: PageFrame) -> Bool { frame.number >= start && frame.number < end }

  // MARK: Lists

  @inlinable
  func makeEmptyList(_ head: UInt32) {
    links[Int(head)] = PageLinks(next: head, previous: head)
  }

  /// The first frame of a range whose state is not ``PageState/interior``, or nil.
  ///
  /// Looks at eight frames at a time; nobody may change states meanwhile. O(frames / 8).
  func firstHead(in range: Range<Int>) -> Int? {
    let bytes = UnsafeRawPointer(states)
    var frame = range.lowerBound
    while frame < range.upperBound {
      if frame + 8 <= range.upperBound,
        bytes.loadUnaligned(fromByteOffset: frame, as: UInt64.self) == 0
      {
        frame += 8
      } else if self[UInt32(frame)] == .interior {
        frame += 1
      } else {
        return frame
      }
    }
    return nil
  }

  /// Gives a range of frames that no block holds to nobody.
  func reserve(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    UnsafeMutableRawPointer(states + range.lowerBound).initializeMemory(
      as: UInt8.self, repeating: PageState.reserved.rawValue, count: range.count)
  }

  // MARK: Questions

  /// What the page is part of. O(``maxOrder``): a block's head is found by clearing low bits of the number.
  public func use(of frame: PageFrame) -> PageUse {
    guard contains(frame) else { return .foreign }
    for order in 0...maxOrder {
      let head = frame.number & ~((1 << order) - 1)
      let state = self[UInt32(head)]
      if state == .reserved { return .reserved }
      guard state.isBlockHead, head + (1 << state.order) > frame.number else { continue }
      if state.isFree { return .free(head: PageFrame(head), order: state.order) }
      if state.isAllocated { return .allocated(head: PageFrame(head), order: state.order) }
      return .perCPU(head: PageFrame(head), order: state.order)
    }
    return .reserved
  }
}
