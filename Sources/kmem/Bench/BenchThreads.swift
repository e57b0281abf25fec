import Foundation
import Synchronization

/// What one thread's stretch of calls took.
struct BenchTime: Codable, Equatable {
  /// Processor time of the thread, and time on the wall from the common start to the last thread's end.
  var processor: Double
  var wall: Double

  /// Nanoseconds of this thread's processor time.
  static func processorNow() -> UInt64 { now(CLOCK_THREAD_CPUTIME_ID) }
  /// Nanoseconds on a clock that never goes back.
  static func wallNow() -> UInt64 { now(CLOCK_MONOTONIC) }

  private static func now(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// Runs a body on so many threads at once, and times it.
enum BenchThreads {
  /// - Returns: nanoseconds: the most processor time of a thread, and the wall's from the first start to the last end.
  static func run(_ count: Int, _ body: @escaping @Sendable (_ thread: Int) -> Void) -> BenchTime {
    guard count > 1 else {
      let (processor, wall) = (BenchTime.processorNow(), BenchTime.wallNow())
      body(0)
      return BenchTime(
        processor: Double(BenchTime.processorNow() - processor),
        wall: Double(BenchTime.wallNow() - wall))
    }
    let gate = Gate(count: count)
    let done = DispatchGroup()
    for thread in 0..<count {
      done.enter()
      let worker = Thread {
        gate.pass()
        let (processor, wall) = (BenchTime.processorNow(), BenchTime.wallNow())
        body(thread)
        gate.note(
          start: wall, end: BenchTime.wallNow(), processor: BenchTime.processorNow() - processor)
        done.leave()
      }
      worker.stackSize = 1 << 20
      worker.start()
    }
    done.wait()
    return gate.time
  }

  /// Lets all threads go at once, and keeps what each took.
  private final class Gate: Sendable {
    private struct Stretch {
      var start: UInt64 = 0
      var end: UInt64 = 0
      var processor: UInt64 = 0
    }

    private let count: Int
    private let arrived = Atomic<Int>(0)
    private let stretches: Mutex<[Stretch]> = Mutex([])

    init(count: Int) { self.count = count }

    func pass() {
      arrived.add(1, ordering: .acquiringAndReleasing)
      while arrived.load(ordering: .acquiring) < count { sched_yield() }
    }

    func note(start: UInt64, end: UInt64, processor: UInt64) {
      stretches.withLock { $0.append(Stretch(start: start, end: end, processor: processor)) }
    }

    var time: BenchTime {
      stretches.withLock { stretches in
        let start = stretches.map(\.start).min() ?? 0
        let end = stretches.map(\.end).max() ?? 0
        return BenchTime(
          processor: Double(stretches.map(\.processor).max() ?? 0), wall: Double(end - start))
      }
    }
  }
}

/// A ring that one thread fills and one other empties.
final class BenchRing: Sendable {
  struct Item: BitwiseCopyable {
    var handle: Int
    var size: UInt32
    var slot: UInt32
  }

  static let capacity = 1 << 12
  nonisolated(unsafe) private let items: UnsafeMutablePointer<Item>
  private let written = Atomic<Int>(0)
  // Apart from `written` by a cache line, since two threads write them.
  private let apart: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
    (0, 0, 0, 0, 0, 0, 0, 0)
  private let read = Atomic<Int>(0)

  init() {
    items = .allocate(capacity: Self.capacity)
    items.initialize(repeating: Item(handle: 0, size: 0, slot: 0), count: Self.capacity)
  }

  deinit { items.deallocate() }

  /// Items that the other thread has put in and this one has not taken out.
  @inline(__always) var filled: Int {
    written.load(ordering: .acquiring) &- read.load(ordering: .relaxed)
  }

  /// Room that this thread may fill.
  @inline(__always) var room: Int {
    Self.capacity &- (written.load(ordering: .relaxed) &- read.load(ordering: .acquiring))
  }

  @inline(__always) func put(_ count: Int, _ item: (Int) -> Item) {
    let place = written.load(ordering: .relaxed)
    for index in 0..<count { items[(place &+ index) & (Self.capacity - 1)] = item(index) }
    written.store(place &+ count, ordering: .releasing)
  }

  @inline(__always) func take(_ count: Int, _ body: (Item) -> Void) {
    let place = read.load(ordering: .relaxed)
    for index in 0..<count { body(items[(place &+ index) & (Self.capacity - 1)]) }
    read.store(place &+ count, ordering: .releasing)
  }
}
