/// The largest order of a block: 2^10 frames, 4 MiB (`MAX_PAGE_ORDER` in Linux 6.12).
public let maxOrder = 10

/// A page allocator that hands out blocks of 2^order contiguous page frames: the contract of the BuddySystem lab.
///
/// Frames are named by their absolute numbers. A block of order n starts at a multiple of 2^n and lies
/// within the usable frames of one zone. The counterpart in Linux is `mm/page_alloc.c`.
public protocol PageAllocator {
  /// Takes charge of a machine's memory; afterwards every usable frame is free.
  ///
  /// Free memory is kept in the largest blocks that alignment, ``maxOrder``, holes and zone borders allow. The buddy of a
  /// block is the block of the same order whose first frame differs in bit `order` alone: two buddies of one zone are never
  /// both free as blocks of the same order below ``maxOrder``, neither after `init` nor after any later call.
  ///
  /// - Parameter zones: 1 to 8 zones, lowest first; a zone's index is its position. All frames of a zone lie below those of
  ///   the next, and every frame number is less than 2^22. Memory need not begin at frame 0, nor a zone at an aligned frame.
  /// - Complexity: O(frames).
  init(zones: [MemoryZone])

  /// Hands out a block of 2^order frames, or answers nil when no block is large enough.
  ///
  /// Zones are tried from `zone` downwards to zone 0; the first with a sufficient free block serves the request.
  /// In that zone the smallest sufficient free block is taken (any one of that order); if it is
  /// larger than asked it is split in halves until one half is just right (either half), and the other halves stay free.
  /// A nil answer changes nothing, and nil is the answer only when none of these zones has a sufficient free block.
  ///
  /// - Parameters:
  ///   - order: 0...``maxOrder``; any other order, also a negative one, answers nil.
  ///   - zone: index of the highest zone that may serve the request; one that does not exist answers nil.
  /// - Returns: the first frame of the block.
  /// - Complexity: O(number of zones × ``maxOrder``), independent of the amount of memory.
  mutating func allocate(order: Int, zone: Int) -> Int?

  /// Takes back a block that ``allocate(order:zone:)`` handed out.
  ///
  /// While the block's buddy is free, in the same zone and of the same order, the two become one block of the next order,
  /// up to ``maxOrder``: at once, before this call returns.
  ///
  /// - Parameters:
  ///   - frame: the first frame of the block.
  ///   - order: the order it was allocated with.
  /// - Throws: ``BadFree`` when `frame` is not the first frame of a block that is allocated now with this
  ///   very order: any two numbers may be passed, also negative ones. A bad free changes nothing. Stopping the program is
  ///   not a refusal.
  /// - Complexity: O(``maxOrder``), independent of the amount of memory; the same for a bad free.
  mutating func free(_ frame: Int, order: Int) throws(BadFree)

  /// A window for the checks: the first frames of the free blocks of one order in one zone, in any sequence.
  ///
  /// An order or a zone that does not exist has no blocks; the answer is empty then. May take time linear
  /// in the number of blocks that it answers.
  func freeBlocks(order: Int, zone: Int) -> [Int]
}

/// A part of memory whose frames are handed out from lists of its own; blocks never reach across its border.
public struct MemoryZone: Hashable, Sendable {
  /// Frame numbers that may be handed out: at least one range, ascending, none empty; between two ranges lies a hole.
  public let usable: [Range<Int>]

  public init(usable: [Range<Int>]) { self.usable = usable }
}

/// Why a free was refused. Which case is thrown is for people to read: every case counts as a refusal.
public enum BadFree: Error, Hashable, Sendable {
  /// The frame is not memory of this machine.
  case notManaged(frame: Int)
  /// No allocated block starts at the frame: it is free already, or lies inside a block.
  case notAllocated(frame: Int)
  /// A block starts there, but it was allocated with another order.
  case wrongOrder(frame: Int, allocated: Int)
}
