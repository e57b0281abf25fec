import AllocationTrace
import KernelMemory

/// Performs a recording's operations on objects with an object allocator, and verifies, all the way, that it is sound.
///
/// Objects live on a machine of their own: the pages below them are operations of the recording too, and are performed by
/// ``Replayer``. Every object bears a stamp in its first and last word until it is given back.
struct ObjectReplayer: ~Copyable {
  /// What became of an object that the recording asked for.
  struct Object: BitwiseCopyable {
    /// 0 where it was not served.
    var address: UInt = 0
    var size = 0
    var cache: Int32 = -1

    /// Whether there are bytes behind the address: not where nothing was served, nor behind the zero-size pointer.
    var isThere: Bool { address > KmallocClass.zeroSizeAddress }
  }

  let machine: Machine
  let allocator: SlabAllocator
  var caches: ReplayCaches
  var counts = ObjectCounts()
  /// The first thing found wrong with the reference; operations after it are not performed.
  var violation: String?
  var live = LiveTable(blank: Object())
  /// Pages handed out before the first operation.
  private let pagesBefore: Int
  /// Whether what kmalloc hands out is held against the recording.
  private let comparesSizes: Bool
  /// Whether kfree cannot take a cache's object, as in SLOB, which writes no size before those.
  let freesByCache: Bool
  private var untilSample = 1
  private static let sampleInterval = 128

  init(_ allocator: SlabAllocator, comparesSizes: Bool = true) {
    self.comparesSizes = comparesSizes
    freesByCache = allocator is SLOB
    self.allocator = allocator
    machine = allocator.machine
    caches = ReplayCaches(allocator)
    pagesBefore = Self.pages(machine)
  }

  /// Pages that the allocator holds.
  var pages: Int { Self.pages(machine) - pagesBefore }

  private static func pages(_ machine: Machine) -> Int {
    machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
  }

  mutating func perform(_ requests: borrowing [ObjectRequest]) {
    for index in requests.indices {
      if violation != nil { return }
      let request = requests[index]
      if request.verb.allocates { allocate(request) } else { free(request) }
      untilSample &-= 1
      if untilSample == 0 { sample() }
    }
    sample()
  }

  /// Notes how much is held and live.
  private mutating func sample() {
    untilSample = Self.sampleInterval
    let pages = pages
    if pages > counts.peakPages {
      counts.peakPages = pages
      counts.liveBytesAtPeak = counts.liveBytes
    }
  }

  private mutating func allocate(_ request: ObjectRequest) {
    guard request.hasMask else { return refuse(request, .unknownMask) }
    let gfp = GFPFlags(rawValue: request.mask)
    let cpu = machine.cpus[Int(request.cpu)]
    do throws(SlabError) {
      let pointer: UnsafeMutableRawPointer?
      if request.verb == .kmalloc {
        pointer = try allocator.kmalloc(request.size, gfp: gfp, cpu: cpu, site: Self.site)
      } else {
        guard request.cache >= 0 else { return refuse(request, .refused) }
        pointer = try caches.caches[Int(request.cache)].allocate(
          gfp: gfp, cpu: cpu, site: Self.site)
      }
      guard let pointer else { return refuse(request, .unserved) }
      if comparesSizes && request.verb == .kmalloc {
        compare(request, try allocator.ksize(pointer))
      }
      counts.allocations &+= 1
      let object = Object(
        address: UInt(bitPattern: pointer), size: request.size, cache: request.cache)
      live.set(request.operation, object)
      guard object.isThere else { return }
      counts.liveObjects &+= 1
      counts.liveBytes &+= request.size
      if counts.liveObjects > counts.peakObjects { counts.peakObjects = counts.liveObjects }
      accept(pointer, gfp, request)
    } catch {
      counts.note("operation #\(request.operation): \(error)")
      refuse(request, .refused)
    }
  }

  private mutating func refuse(_ request: ObjectRequest, _ reason: ReplaySkip) {
    counts.skipped[reason.rawValue] += 1
    live.set(request.operation, Object())
  }

  /// Holds what kmalloc handed out against what the recorded kernel did.
  private mutating func compare(_ request: ObjectRequest, _ usable: Int) {
    if usable == request.given {
      counts.roundingAgrees &+= 1
      return
    }
    counts.roundingDiffers &+= 1
    if counts.roundingNotes.count < 8 {
      counts.roundingNotes.append(
        "operation #\(request.operation): kmalloc of \(request.size) bytes handed out \(usable), "
          + "the recorded kernel \(request.given)")
    }
  }

  /// Verifies that the object is cleared where that was asked for, and stamps it.
  private mutating func accept(
    _ pointer: UnsafeMutableRawPointer, _ gfp: GFPFlags, _ request: ObjectRequest
  ) {
    guard request.size >= 8 else { return }
    let (first, last) = Self.words(pointer, request.size)
    if gfp.contains(.zero)
      && (first.load(as: UInt64.self) != 0 || last.loadUnaligned(as: UInt64.self) != 0)
    {
      violation =
        "operation #\(request.operation) asked for zeros, but its object at \(pointer) holds something else"
    }
    let stamp = Self.stamp(request.operation)
    last.storeBytes(of: stamp, as: UInt64.self)
    first.storeBytes(of: stamp, as: UInt64.self)
  }

  private mutating func free(_ request: ObjectRequest) {
    guard let object = live.value(request.block) else {
      counts.skipped[ReplaySkip.noBlock.rawValue] += 1
      return
    }
    guard let pointer = UnsafeMutableRawPointer(bitPattern: object.address) else {
      _ = live.remove(request.block)
      counts.skipped[ReplaySkip.notServed.rawValue] += 1
      return
    }
    verify(pointer, object.size, request.block)
    do throws(SlabError) {
      let cpu = machine.cpus[Int(request.cpu)]
      if object.cache >= 0 && (request.verb == .cacheFree || freesByCache) {
        if request.verb == .cacheFree && request.cache >= 0 {
          if request.cache == object.cache {
            counts.namesAgree &+= 1
          } else {
            counts.namesDiffer &+= 1
          }
        }
        try caches.caches[Int(object.cache)].free(pointer, cpu: cpu, site: Self.site)
      } else {
        try allocator.kfree(pointer, cpu: cpu, site: Self.site)
      }
    } catch {
      counts.note("operation #\(request.operation): \(error)")
      counts.skipped[ReplaySkip.refused.rawValue] += 1
      return
    }
    _ = live.remove(request.block)
    counts.frees &+= 1
    guard object.isThere else { return }
    counts.liveObjects &-= 1
    counts.liveBytes &-= object.size
  }

  /// Verifies the stamp of an object that the allocator must have left alone.
  mutating func verify(_ pointer: UnsafeMutableRawPointer, _ size: Int, _ operation: Int) {
    guard size >= 8 else { return }
    let (first, last) = Self.words(pointer, size)
    let stamp = Self.stamp(operation)
    if first.load(as: UInt64.self) != stamp
      || last.loadUnaligned(as: UInt64.self) != stamp && size >= 16
    {
      violation =
        violation
        ?? "the object at \(pointer), handed out by operation #\(operation), was written by somebody "
        + "else: two objects overlap, or the allocator writes into objects that it gave away"
    }
  }

  private static let site = CallSite("a recording's operation")

  /// The first and the last eight bytes, of at least eight.
  @inline(__always)
  private static func words(
    _ pointer: UnsafeMutableRawPointer, _ size: Int
  ) -> (UnsafeMutableRawPointer, UnsafeMutableRawPointer) {
    (pointer, pointer + (size - 8))
  }

  @inline(__always)
  private static func stamp(_ operation: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: operation) &* 0x9e37_79b9_7f4a_7c15 | 1
  }
}

/// What a replay of objects did.
struct ObjectCounts {
  var allocations = 0
  var frees = 0
  var skipped = [Int](repeating: 0, count: ReplaySkip.allCases.count)
  var refusals: [String] = []
  var liveObjects = 0
  var peakObjects = 0
  /// Bytes asked for by what is live; and when the most pages were held.
  var liveBytes = 0
  var liveBytesAtPeak = 0
  var peakPages = 0
  /// Objects that the recording never gives back.
  var leftLive = 0
  /// kmalloc events whose bytes handed out are the recorded kernel's, and the others.
  var roundingAgrees = 0
  var roundingDiffers = 0
  var roundingNotes: [String] = []
  /// Frees that name the cache that the object was taken from, and those that name another.
  var namesAgree = 0
  var namesDiffer = 0

  var performed: Int { allocations + frees }

  /// Keeps the reference's words about a call that it refused.
  mutating func note(_ message: String) {
    if refusals.count < 8 { refusals.append(message) }
  }
}
