import AllocationTrace
import KernelMemory

/// Performs a recording's page operations on a machine and verifies, all the way, that the machine is sound.
///
/// Every page that it gets bears a stamp in its first and last word until it is given back. Memory grows with the
/// blocks that are live, not with the recording.
struct Replayer: ~Copyable {
  /// What became of a block that the recording asked for.
  struct Block: BitwiseCopyable {
    /// First frame; -1 where the reference did not serve the request.
    var frame = -1
    var order: UInt8 = 0
    /// Whether it is one page of a block that was split.
    var isPiece = false
  }

  let machine: Machine
  var counts = ReplayCounts()
  /// The first thing found wrong with the reference; operations after it are not performed.
  var violation: String?

  /// Blocks that are live in the recording, by the operation that asked for them and the offset into what it got.
  var live = LiveTable(blank: Block())
  /// Pages handed out in each zone, as counted here: held against the machine's own counts.
  var allocated: [Int]
  let zoneEnds: [Int]
  /// One past the highest frame that each of the 32 combinations of a mask's zone bits may get.
  let limits: [Int]
  private let interval: Int
  var sinceCheck = 0

  init(on machine: Machine, check: CheckMode) {
    self.machine = machine
    allocated = machine.node.zones.map { _ in 0 }
    zoneEnds = machine.node.zones.map { $0.start.number + $0.spanned }
    interval = check.interval(frames: machine.memory.byteCount / pageSize)
    let kinds = machine.kind.zoneKinds
    let frames = machine.memory.byteCount / pageSize
    let ends = machine.kind.zoneRanges(frames: frames).map(\.upperBound)
    limits = (0..<32 as Range<UInt32>).map { bits in
      guard let highest = try? GFPFlags(rawValue: bits).highestZone(on: machine.kind),
        let index = kinds.firstIndex(of: highest)
      else { return 0 }
      return ends[index]
    }
  }

  /// Performs `requests` in order, up to the first violation.
  mutating func perform(_ requests: borrowing [PageRequest]) {
    for index in requests.indices {
      let request = requests[index]
      if violation != nil { return }
      switch request.verb {
      case .pages: allocate(request)
      case .freePages: free(request)
      default: split(request)
      }
      sinceCheck &+= 1
      if sinceCheck >= interval { check(after: request.operation) }
    }
  }

  private mutating func allocate(_ request: PageRequest) {
    guard request.hasMask else {
      counts.skip(.unknownMask)
      live.set(Self.key(request.operation, 0), Block(order: request.order))
      return
    }
    let order = Int(request.order)
    let gfp = GFPFlags(rawValue: request.mask)
    do throws(PageError) {
      guard
        let frame = try machine.allocatePages(
          order: order, gfp: gfp, cpu: machine.cpus[Int(request.cpu)])
      else {
        counts.unserved(order: order)
        live.set(Self.key(request.operation, 0), Block(order: request.order))
        return
      }
      counts.allocations &+= 1
      let pages = 1 &<< order
      accept(frame.number, pages, gfp, request.operation)
      live.set(
        Self.key(request.operation, 0), Block(frame: frame.number, order: request.order))
      counts.livePages &+= pages
      if counts.livePages > counts.peakPages { counts.peakPages = counts.livePages }
    } catch {
      counts.skip(.refused)
      counts.note("operation #\(request.operation): \(error)")
      live.set(Self.key(request.operation, 0), Block(order: request.order))
    }
  }

  /// Verifies where the block lies, that it is cleared where that was asked for, and stamps its pages.
  private mutating func accept(_ frame: Int, _ pages: Int, _ gfp: GFPFlags, _ operation: Int) {
    if frame & (pages &- 1) != 0 || frame < 0
      || frame &+ pages > limits[Int(gfp.rawValue & 0x1f)]
    {
      violation =
        "operation #\(operation) got \(pages) pages at frame \(frame), which is not aligned or "
        + "not in a zone that the mask allows"
      return
    }
    allocated[zone(of: frame)] &+= pages
    let isCleared = gfp.contains(.zero)
    for page in frame..<frame &+ pages {
      let (first, last) = words(of: page)
      if isCleared && (first.pointee != 0 || last.pointee != 0) {
        violation =
          "operation #\(operation) asked for zeros, but frame \(page) holds something else"
      }
      first.pointee = Self.stamp(operation, page)
      last.pointee = ~Self.stamp(operation, page)
    }
    counts.pagesStamped &+= pages
  }

  private mutating func free(_ request: PageRequest) {
    guard let block = block(request) else {
      counts.skip(.noBlock)
      return
    }
    var failure: ReplaySkip?
    if block.isPiece && request.order > 0 {
      // Pages of a split block that are freed together.
      for page in 0..<1 << Int(request.order) {
        var one = request
        one.offset += page
        let problem = self.block(one).map { free($0, 0, one) } ?? .noBlock
        failure = failure ?? problem
      }
    } else {
      failure = free(block, Int(request.order), request)
    }
    if let failure { counts.skip(failure) } else { counts.frees &+= 1 }
  }

  /// Verifies and frees one block; answers why it could not, or nil.
  private mutating func free(_ block: Block, _ order: Int, _ request: PageRequest) -> ReplaySkip? {
    let key = Self.key(request.block, request.offset)
    guard block.frame >= 0 else {
      _ = live.remove(key)
      return .notServed
    }
    let pages = 1 &<< Int(block.order)
    verify(block.frame, pages, request.block)
    do throws(PageError) {
      try machine.freePages(
        PageFrame(block.frame), order: order, cpu: machine.cpus[Int(request.cpu)])
    } catch {
      counts.note("operation #\(request.operation): \(error)")
      return .refused
    }
    _ = live.remove(key)
    counts.livePages &-= pages
    allocated[zone(of: block.frame)] &-= pages
    return nil
  }

  private mutating func split(_ request: PageRequest) {
    guard let block = block(request), !block.isPiece else {
      counts.skip(.noBlock)
      return
    }
    if block.frame >= 0 {
      do throws(PageError) {
        try machine.splitPages(PageFrame(block.frame), order: Int(block.order))
      } catch {
        counts.skip(.refused)
        counts.note("operation #\(request.operation): \(error)")
        return
      }
      counts.splits &+= 1
    } else {
      counts.skip(.notServed)
    }
    for page in 0..<1 << Int(block.order) {
      live.set(
        Self.key(request.block, page),
        Block(frame: block.frame < 0 ? -1 : block.frame + page, order: 0, isPiece: true))
    }
  }

  /// The live block that a request names, or nil.
  @inline(__always)
  private func block(_ request: PageRequest) -> Block? {
    guard UInt(bitPattern: request.offset) < 1024 else { return nil }
    return live.value(Self.key(request.block, request.offset))
  }

  /// The key of what an operation got: blocks have at most 1024 pages.
  @inline(__always)
  static func key(_ operation: Int, _ offset: Int) -> Int { operation &<< 10 | offset }

  /// Verifies the stamps of pages that the machine must have left alone.
  mutating func verify(_ frame: Int, _ pages: Int, _ operation: Int) {
    for page in frame..<frame &+ pages {
      let (first, last) = words(of: page)
      let stamp = Self.stamp(operation, page)
      if first.pointee != stamp || last.pointee != ~stamp {
        counts.damaged &+= 1
        violation =
          violation
          ?? "frame \(page), handed out by operation #\(operation), was written by somebody else: "
          + "two blocks overlap, or the allocator writes into pages that it gave away"
      }
    }
    counts.pagesVerified &+= pages
  }
}

extension Replayer {
  @inline(__always)
  private func words(of page: Int) -> (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>) {
    let first = machine.pointer(to: PageFrame(page)).assumingMemoryBound(to: UInt64.self)
    return (first, first + (pageSize / 8 - 1))
  }

  @inline(__always)
  private static func stamp(_ operation: Int, _ page: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: operation) &* 0x9e37_79b9_7f4a_7c15
      ^ UInt64(truncatingIfNeeded: page) &* 0xd6e8_feb8_6659_fd93 | 1
  }

  @inline(__always)
  private func zone(of frame: Int) -> Int {
    var index = 0
    while frame >= zoneEnds[index] { index &+= 1 }
    return index
  }
}
