import Synchronization

/// One CPU's page lists of one zone, in raw memory (`struct per_cpu_pages`); the lists themselves follow it.
///
/// What the fast paths use comes first. Changes within ``CPUState/guarded`` only. Linux's `count`, `alloc_factor` and
/// the check against `high` cost the fast paths nothing here: they follow from the lists and from ``budget`` when
/// somebody needs them.
@usableFromInline
struct PerCPUState: ~Copyable {
  /// Pages that may be freed before the slow path must have a look; negative when the next free must.
  @usableFromInline var budget = -1
  /// Bits of ``CPUGuard/slowBits`` that send a free to the slow path.
  @usableFromInline let slowBits: UInt32
  /// Pages freed lately without allocations between; halved by each allocation. Not beside ``budget``, lest the
  /// compiler make one slow vector of the two.
  @usableFromInline var freeCount = 0
  /// A free of order 1 to 3 needs a look when ``freeCount`` was above this before; `Int.min` while ``allocFactor`` may
  /// be above 0.
  @usableFromInline var carefulAbove: Int
  /// ``budget`` after the last free of order 1 to 3.
  @usableFromInline var highOrderBudget = 0

  let zone: Zone
  /// Whether the CPU's owner works on the zone as the keeper of its lock (``ZoneLock``).
  let isInZone = Atomic<Bool>(false)
  /// Largest number of pages at this moment; moves between ``highMin`` and ``highMax``. 0 until the first use.
  var high = 0
  let highMin: Int
  let highMax: Int
  /// Pages moved at a time.
  let batch: Int
  /// Number of refills without frees between, as of ``factorTime``: each doubles the next, each free halves it.
  private var factor = 0
  private var factorTime = 0

  /// Pages freed to the lists since boot, plus the budget of that time.
  private var freedBase = -1
  /// Pages that may be freed beyond ``budget`` before the lists are full.
  private var reserve = 0
  /// Pages moved from the buddy lists since boot, less those moved back.
  var refilled = 0
  /// Pages handed out past the lists since boot; written by the CPU's owner alone.
  let directlyAllocated = Atomic<Int>(0)
  /// Pages taken back past the lists since boot.
  let directlyFreed = Atomic<Int>(0)

  /// Memory of the lists, ``listCapacity`` elements each.
  let storage: UnsafeMutablePointer<UInt32>
  let listCapacity: Int

  init(zone: Zone, sizes: PerCPUSizes, storage: UnsafeMutablePointer<UInt32>) {
    self.zone = zone
    slowBits = CPUGuard.seized | CPUGuard.reclaiming | CPUGuard.shortage(inZone: zone.index)
    self.storage = storage
    listCapacity = sizes.listCapacity
    batch = sizes.batch
    highMin = sizes.highMin
    highMax = sizes.highMax
    carefulAbove = batch + highMin / 2 - 1
  }

  /// From this ``freeCount`` on, a run of high-order frees would hoard blocks that could merge.
  var hoardAbove: Int { batch + highMin / 2 }

  /// Where ``freeCount`` stops growing.
  var freeCountMost: Int { batch << maxBatchScale }

  /// Pages freed to the lists since boot.
  var freed: Int { freedBase - budget }

  /// - Parameter reserve: pages that may be freed after those, if ``freeCount`` has not come to its end by then.
  mutating func setBudget(_ pages: Int, reserve: Int = 0) {
    freedBase += pages - budget
    highOrderBudget += pages - budget
    budget = pages
    self.reserve = reserve
  }

  /// Notes that pages came to the lists otherwise than by being freed.
  mutating func reduceRoom(by pages: Int) {
    let lacking = max(pages - reserve, 0)
    setBudget(max(budget - lacking, -1), reserve: max(reserve - pages, 0))
  }

  /// Goes on with a budget that is used up only because ``freeCount`` might have come to its end; false when the lists
  /// may be full.
  ///
  /// Every allocation halves ``freeCount``, so where frees alternate with allocations it never comes there.
  mutating func extendBudget() -> Bool {
    let left = reserve + budget + 1
    if left <= 0 { return false }
    let more = max(min(left, freeCountMost - freeCount), 0)
    setBudget(more - 1, reserve: left - more)
    return true
  }

  /// Whether there is more to do after a free of order 0 to 3 than to count it. If not, notes its order.
  @inlinable
  @inline(__always)
  mutating func needsLook(afterFreeOf order: Int) -> Bool {
    // Selections, not branches: nobody can foresee which order comes next.
    let careful = order == 0 ? .max : carefulAbove
    if budget < 0 || freeCount &- 1 &<< order > careful { return true }
    highOrderBudget = order == 0 ? highOrderBudget : budget
    return false
  }

  /// Whether the free before the last one, which was of `pages` pages, was of order 1 to 3, too; then notes this one.
  mutating func followsHighOrder(_ pages: Int) -> Bool {
    let follows = highOrderBudget == budget + pages
    highOrderBudget = budget
    return follows
  }

  /// `alloc_factor`: at most ``maxBatchScale``.
  var allocFactor: Int {
    // All frees since were of one page, or the factor would be of a later time.
    get { factor >> (freed - factorTime) }
    set {
      (factor, factorTime) = (newValue, freed)
      carefulAbove = newValue == 0 ? hoardAbove - 1 : .min
    }
  }

  /// Halves ``allocFactor`` once for a free of `pages` pages, which has been counted.
  @inline(__always)
  mutating func halveAllocFactor(freed pages: Int) {
    if factor != 0 { allocFactor = (factor >> (freed - pages - factorTime)) >> 1 }
  }

  /// Notes pages handed out or taken back past the lists; for the CPU's owner.
  @inline(__always)
  func countDirect(allocated: Int) {
    directlyAllocated.store(
      directlyAllocated.load(ordering: .relaxed) &+ allocated, ordering: .relaxed)
  }

  @inline(__always)
  func countDirect(freed: Int) {
    directlyFreed.store(directlyFreed.load(ordering: .relaxed) &+ freed, ordering: .relaxed)
  }

  /// What came and went through the CPU so far, when the lists hold `count` pages.
  func events(count: Int) -> PageEvents {
    PageEvents(
      allocated: refilled + freed - count + directlyAllocated.load(ordering: .relaxed),
      freed: freed + directlyFreed.load(ordering: .relaxed))
  }

  /// What is wrong with the counters of lists that hold `count` pages, or nil.
  func problem(count: Int) -> String? {
    if budget > max(high - count, 0) {
      return "may free \(budget) pages to lists that hold \(count) of at most \(high)"
    }
    if refilled + freed < count {
      return "got \(refilled + freed) pages, but its lists hold \(count)"
    }
    return nil
  }
}

/// Pages that came and went (`pgalloc`, `pgfree` in `/proc/vmstat`), in pages.
public struct PageEvents: Hashable, Sendable {
  public var allocated = 0
  public var freed = 0
}

/// `CONFIG_PCP_BATCH_SCALE_MAX`: at most 2^5 batches are moved at a time.
let maxBatchScale = 5

/// How many pages the per-CPU lists of a zone hold and move at a time.
public struct PerCPUSizes: Hashable, Sendable {
  /// Pages moved at a time (`zone_batchsize`).
  public let batch: Int
  /// Least value of the limit on pages held (`zone_highsize`).
  public let highMin: Int
  /// Greatest value of that limit.
  public let highMax: Int

  /// The sizes Linux chooses for a zone of `managed` pages on a machine with `cpus` processors.
  public init(managed: Int, low: Int, cpus: Int) {
    let quarter = max(min(managed / 1024, 256) / 4, 1)
    let scaled = quarter + quarter / 2
    let powerOfTwo = 1 << (Int.bitWidth - 1 - scaled.leadingZeroBitCount)
    batch = max(powerOfTwo - 1, 1)
    highMin = max(low / cpus, 4 * batch)
    highMax = max(managed / 8 / cpus, 4 * batch)
  }

  /// Elements that a list needs: twice what it can hold, because it wanders upwards between drains.
  ///
  /// A list grows by frees up to the limit, and by a refill while it is empty.
  var listCapacity: Int { 2 * mostBlocks }
  var mostBlocks: Int { max(highMin, highMax) + (batch << maxBatchScale) + 2 }
}
