import Synchronization

/// Makes chosen requests for memory fail, so that the code that copes with failure is run.
///
/// Asked at the point where memory is handed out; deterministic when one thread asks, and safe to ask from many. A
/// request with `__GFP_NOFAIL` never fails. ``Machine/injectFaults(_:at:)`` puts one in place.
/// Source: `lib/fault-inject.c`.
public final class FaultInjection: Sendable {
  /// The name in the message, such as `fail_page_alloc` or `failslab`.
  public let name: String
  public let pattern: FaultPattern
  /// Where each failure is announced; silent for requests with `__GFP_NOWARN`.
  public let log: KernelLog?

  private let requestCount = Atomic<Int>(0)
  private let candidateCount = Atomic<Int>(0)
  private let failureCount = Atomic<Int>(0)
  private let timesLeft: Atomic<Int>
  private let spaceLeft: Atomic<Int>

  /// - Parameters:
  ///   - pattern: which requests fail.
  ///   - name: what messages call it.
  ///   - log: where to announce failures; nil announces nothing.
  /// - Throws: ``FaultPatternError`` for a pattern with a member out of range.
  public init(
    _ pattern: FaultPattern, name: String = "fault", log: KernelLog? = nil
  ) throws(FaultPatternError) {
    try pattern.check()
    self.pattern = pattern
    self.name = name
    self.log = log
    timesLeft = Atomic(pattern.times ?? .max)
    spaceLeft = Atomic(pattern.space)
  }

  /// Requests that the filters let through so far.
  public var requests: Int { requestCount.load(ordering: .relaxed) }
  /// Failures injected so far.
  public var failures: Int { failureCount.load(ordering: .relaxed) }

  /// Whether a request for a block of pages shall fail (`should_fail_alloc_page`).
  public func shouldFail(order: Int, gfp: GFPFlags) -> Bool {
    if order < pattern.minimumOrder || isSpared(gfp) { return false }
    return decide(size: 1 << order, gfp: gfp)
  }

  /// Whether a request for an object shall fail (`should_failslab`); a minimum order spares no object.
  public func shouldFail(bytes: Int, gfp: GFPFlags) -> Bool {
    if isSpared(gfp) { return false }
    return decide(size: bytes, gfp: gfp)
  }

  private func isSpared(_ gfp: GFPFlags) -> Bool {
    gfp.contains(.nofail) || pattern.sparesBlocking && gfp.mayBlock
      || pattern.sparesHighMemory && gfp.contains(.highmem)
  }

  /// The rules in Linux's order (`should_fail_ex`).
  private func decide(size: Int, gfp: GFPFlags) -> Bool {
    requestCount.add(1, ordering: .relaxed)
    if timesLeft.load(ordering: .relaxed) == 0 || isWithinSpace(size) { return false }
    let number = candidateCount.add(1, ordering: .relaxed).newValue
    guard number.isMultiple(of: pattern.interval), isHit(number / pattern.interval), takeTurn()
    else { return false }
    failureCount.add(1, ordering: .relaxed)
    if !gfp.contains(.nowarn) { log?.append(message) }
    return true
  }

  private func isWithinSpace(_ size: Int) -> Bool {
    var left = spaceLeft.load(ordering: .relaxed)
    while left > size {
      let (done, now) = spaceLeft.weakCompareExchange(
        expected: left, desired: left - size, ordering: .relaxed)
      if done { return true }
      left = now
    }
    return false
  }

  /// The chance of the n-th candidate comes from the seed and n alone, so that threads cannot disturb it.
  private func isHit(_ number: Int) -> Bool {
    if pattern.probability >= 1 { return true }
    var bits = pattern.seed &+ UInt64(number) &* 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    bits ^= bits >> 31
    return Double(bits >> 11) * 0x1p-53 < pattern.probability
  }

  /// Takes one of the failures that are left; two threads never take the same one.
  private func takeTurn() -> Bool {
    var left = timesLeft.load(ordering: .relaxed)
    while left > 0 {
      if left == .max { return true }
      let (done, now) = timesLeft.weakCompareExchange(
        expected: left, desired: left - 1, ordering: .relaxed)
      if done { return true }
      left = now
    }
    return false
  }

  private var message: String {
    let left = timesLeft.load(ordering: .relaxed)
    return "FAULT_INJECTION: forcing a failure.\n"
      + "name \(name), interval \(pattern.interval), "
      + "probability \(Int((pattern.probability * 100).rounded())), space \(pattern.space), "
      + "times \(left == .max ? -1 : left)"
  }
}
