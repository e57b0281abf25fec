/// A call that the page allocator refuses; nothing has changed.
public enum PageError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No block has this order.
  case orderOutOfRange(Int)
  /// The frame number is not memory of this machine.
  case foreignPage(PageFrame)
  /// The frame was never given to the allocator.
  case reservedPage(PageFrame)
  /// The frame is in the buddy lists already, in the free block at `head`.
  case alreadyFree(PageFrame, head: PageFrame, order: Int)
  /// The frame was freed and waits on a per-CPU list, in the block at `head`.
  case alreadyFreePerCPU(PageFrame, head: PageFrame, order: Int)
  /// The block at the frame was allocated with another order.
  case wrongOrder(PageFrame, given: Int, allocated: Int)
  /// The frame is inside an allocated block, not its first.
  case insideBlock(PageFrame, head: PageFrame, order: Int)
  /// The mask contradicts itself.
  case badMask(GFPMaskError)
  /// The mask may not be used where the CPU is.
  case badContext(ContextError)
  /// A request that may not fail, and nobody who could ever serve it.
  case stuck(order: Int, GFPFlags)
  /// Memory ran out and the machine stops (`panic`).
  case panic(String)

  public var description: String {
    switch self {
    case .orderOutOfRange(let order):
      "order \(order) is out of range: blocks have orders 0 to \(maxOrder), 1 to \(1 << maxOrder) pages"
    case .foreignPage(let frame):
      "page frame \(frame) is not memory of this machine"
    case .reservedPage(let frame):
      "page frame \(frame) is reserved: the page allocator never handed it out"
    case .alreadyFree(let frame, let head, let order):
      "page frame \(frame) is free already: it \(Self.place(frame, head, "free block", order))"
    case .alreadyFreePerCPU(let frame, let head, let order):
      "page frame \(frame) is free already: it "
        + "\(Self.place(frame, head, "block", order)) on a per-CPU list"
    case .wrongOrder(let frame, let given, let allocated):
      "the block at page frame \(frame) was allocated with order \(allocated), not \(given)"
    case .insideBlock(let frame, let head, let order):
      "page frame \(frame) is inside the block of order \(order) that was allocated at \(head): "
        + "free that block, or split it first"
    case .badMask(let error):
      error.description
    case .badContext(let error):
      error.description
    case .stuck(let order, let gfp):
      "the request for order \(order) with \(gfp) may not fail, but nothing was got back in many tries, "
        + "and the reserves do not have it: Linux would try for ever; give the machine something to "
        + "reclaim (a shrinker, a process to kill), free pages from another thread, or raise "
        + "reclaimSettings.patience"
    case .panic(let reason):
      "Kernel panic - not syncing: \(reason); reclaim earlier, let more processes be killed, or allocate "
        + "with __GFP_NORETRY or __GFP_RETRY_MAYFAIL, which fail instead"
    }
  }

  private static func place(
    _ frame: PageFrame, _ head: PageFrame, _ what: String, _ order: Int
  ) -> String {
    frame == head
      ? "starts a \(what) of order \(order)" : "is inside the \(what) of order \(order) at \(head)"
  }

  /// Why a block of `order` at `frame` cannot be freed or split. O(``maxOrder``).
  @usableFromInline
  static func badFree(_ frame: PageFrame, order: Int, map: MemoryMap) -> PageError {
    guard order >= 0, order <= maxOrder else { return .orderOutOfRange(order) }
    switch map.use(of: frame) {
    case .foreign: return .foreignPage(frame)
    case .reserved: return .reservedPage(frame)
    case .free(let head, let found): return .alreadyFree(frame, head: head, order: found)
    case .perCPU(let head, let found): return .alreadyFreePerCPU(frame, head: head, order: found)
    case .allocated(let head, let found):
      if head != frame { return .insideBlock(frame, head: head, order: found) }
      // A block of the right order that another zone owns is foreign to this one.
      return found == order
        ? .foreignPage(frame) : .wrongOrder(frame, given: order, allocated: found)
    }
  }
}
