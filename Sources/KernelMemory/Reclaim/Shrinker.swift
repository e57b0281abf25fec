import Synchronization

/// What a shrinker is asked for, and under which conditions.
public struct ShrinkControl: Sendable {
  /// The mask of the request that ran out of memory: without `__GFP_FS` or `__GFP_IO` a shrinker must keep off
  /// file systems or devices.
  public let gfp: GFPFlags
  /// The processor to give memory back by; the callbacks run on its thread.
  public let cpu: CPU
  /// Whether kswapd asks, in the background.
  public let isKswapd: Bool
  /// How many objects to look at (`nr_to_scan`); 0 when only counting.
  public internal(set) var target = 0
  /// How many objects were looked at, if not ``target``; the shrinker may set it (`nr_scanned`).
  public var scanned = 0

  init(gfp: GFPFlags, cpu: CPU, isKswapd: Bool) {
    self.gfp = gfp
    self.cpu = cpu
    self.isKswapd = isKswapd
  }
}

/// A cache that gives objects back when memory is short.
///
/// Its callbacks run while the caller holds no lock of the allocators, and may free and allocate through
/// ``ShrinkControl/cpu``: such allocations have all reserves open and do not reclaim again. What counts as progress is
/// pages given back to the page allocator, not objects. The machine keeps registered shrinkers: callbacks that hold
/// the machine strongly keep it alive until they are unregistered. Source: `struct shrinker` in `include/linux/shrinker.h`.
public final class Shrinker: Sendable {
  public let name: String
  /// What it costs to build an object again; the higher, the fewer are freed. 0: none, half of all at once.
  public let seeks: Int
  /// Objects asked for in one call.
  public let batch: Int
  /// Bytes an object holds, to estimate how many pages could be had.
  public let objectSize: Int

  /// How many objects could be freed (`count_objects`); 0 for none.
  let count: @Sendable (ShrinkControl) -> Int
  /// Frees up to ``ShrinkControl/target`` objects and gives their number; nil when it cannot now (`SHRINK_STOP`).
  let scan: @Sendable (inout ShrinkControl) -> Int?

  /// Work put off by earlier calls, in objects (`nr_deferred`).
  let deferred = Atomic<Int>(0)
  /// Threads that run a callback, and whether no more may start.
  private let runners = Locked((threads: [UInt](), isClosed: true))

  /// - Parameters:
  ///   - name: what messages call it.
  ///   - seeks: cost of an object, in disk seeks (`DEFAULT_SEEKS` is 2).
  ///   - batch: objects asked for in one call (`SHRINK_BATCH` is 128); at least 1.
  ///   - objectSize: bytes an object holds.
  ///   - count: how many objects could be freed; must be fast.
  ///   - scan: frees objects and gives their number; nil when it cannot at this time, for example because
  ///     the mask forbids it.
  public init(
    name: String, seeks: Int = 2, batch: Int = 128, objectSize: Int = pageSize,
    count: @escaping @Sendable (ShrinkControl) -> Int,
    scan: @escaping @Sendable (inout ShrinkControl) -> Int?
  ) {
    self.name = name
    self.seeks = max(seeks, 0)
    self.batch = max(batch, 1)
    self.objectSize = max(objectSize, 1)
    self.count = count
    self.scan = scan
  }

  /// Allows callbacks to start; false when they were allowed already.
  func open() -> Bool {
    runners.withLock { runners in
      defer { runners.isClosed = false }
      return runners.isClosed
    }
  }

  /// Lets no callback start any more, and waits for those of other threads to end.
  func close() {
    runners.withLock { $0.isClosed = true }
    let me = currentThread()
    while runners.withLock({ $0.threads.contains { $0 != me } }) { yieldProcessor() }
  }

  /// Runs `body` unless the shrinker is closed.
  func use<Result>(_ body: () -> Result) -> Result? {
    let me = currentThread()
    let isOpen = runners.withLock { runners in
      if !runners.isClosed { runners.threads.append(me) }
      return !runners.isClosed
    }
    guard isOpen else { return nil }
    defer {
      runners.withLock { runners in
        if let index = runners.threads.lastIndex(of: me) { runners.threads.remove(at: index) }
      }
    }
    return body()
  }
}
