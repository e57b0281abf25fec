import AllocationTrace
import KernelMemory

/// What tells a cache's allocations from another's: kmem_cache_alloc events carry no cache name.
struct CacheSign: Hashable {
  /// Bytes asked for, and bytes handed out.
  var size: Int
  var given: Int
  /// The mask's number in a ``TextTable``, and whether a memory cgroup was charged.
  var mask: Int32
  var accounted: Bool

  init(_ operation: KernelOperation) {
    size = operation.size
    given = operation.given
    mask = operation.text
    accounted = operation.accounted
  }
}

/// Which cache allocations belong to, learned from the frees that name it.
///
/// In the recordings at hand size and mask tell the cache of all but one allocation in ten thousand; size alone would
/// confuse `filp` with `cred`, for example. Memory grows with the number of signs, which are few.
struct CacheBook {
  private var signs: [CacheSign: Int32] = [:]
  /// For each sign how often frees named each cache.
  private var frees: [[Int32: Int]] = []
  /// Names by size alone, for signs that no free explains.
  private var bySize: [SIMD2<Int>: [Int32: Int]] = [:]
  private var sizes: [SIMD2<Int>] = []

  /// The number of an allocation's sign.
  mutating func sign(_ operation: KernelOperation) -> Int32 {
    let sign = CacheSign(operation)
    if let number = signs[sign] { return number }
    let number = Int32(signs.count)
    signs[sign] = number
    frees.append([:])
    sizes.append([operation.size, operation.given])
    return number
  }

  /// Learns that an object with a sign was freed to the cache called `name`.
  mutating func learn(_ sign: Int32, _ name: Int32) {
    if name == 0 { return }
    frees[Int(sign)][name, default: 0] += 1
    bySize[sizes[Int(sign)], default: [:]][name, default: 0] += 1
  }

  /// The largest size that was asked of the cache that an allocation belongs to; all of those of merged caches fit in.
  func objectSize(_ operation: KernelOperation) -> Int {
    guard let name = name(operation) else { return operation.given }
    var largest = operation.size
    for (sign, number) in signs
    where sign.given <= operation.given && frees[Int(number)][name] != nil {
      largest = max(largest, sign.size)
    }
    return largest
  }

  /// The name of the cache that an allocation belongs to, or nil when no free of its like tells.
  func name(_ operation: KernelOperation) -> Int32? {
    let own = signs[CacheSign(operation)].flatMap { Self.most(frees[Int($0)]) }
    return own ?? Self.most(bySize[[operation.size, operation.given]] ?? [:])
  }

  private static func most(_ counts: [Int32: Int]) -> Int32? {
    counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }
}
