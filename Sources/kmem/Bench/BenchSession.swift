import KernelMemory

/// What one contestant did in one round.
struct BenchRound: Codable, Equatable {
  /// Nanoseconds for each call: of the thread's processor time, and on the wall.
  var processor: Double
  var wall: Double
}

/// What is known when a contestant has done all its rounds of a workload.
struct BenchEnding: Codable, Equatable {
  /// Bytes that the allocator held, and bytes that were asked for and live, at the same moment.
  var held: Int?
  var live: Int
  var unserved: Int
  /// Whether a stamp was overwritten: two blocks overlapped.
  var isDamaged: Bool
}

/// One contestant at one workload, in a process of its own, round after round; floors run beside the reference.
final class BenchSession {
  private let workload: Workload
  private let calls: Int
  private var threads: [BenchThreadState] = []
  private var rings: [BenchRing] = []
  private var reference: BenchReference?
  private var residentBefore: Int?
  private var tally = BenchTally()

  /// Names of those who run in this session: the contestant, then floors.
  private(set) var subjectNames: [String] = []

  /// - Parameters:
  ///   - peer: the name of the peer whose malloc this process was started with; nil is the reference.
  ///   - calls: calls of a round and thread, about.
  init(_ workload: Workload, peer: String?, calls: Int) throws(Failure) {
    self.workload = workload
    let recorded =
      workload.recording == nil
      ? BenchRecording() : try BenchRecording(of: workload, asReference: peer == nil)
    if let path = workload.recording, recorded.operations.isEmpty {
      throw .input("\(path) holds no calls of \(workload.service)")
    }
    for thread in 0..<workload.threads {
      threads.append(
        BenchThreadState(
          TraceGenerator(workload, seed: UInt64(1991 + thread), recording: recorded),
          calls: calls))
    }
    self.calls = threads[0].operations.elements.count
    if workload.isCrossed { rings = [BenchRing(), BenchRing()] }
    if let peer {
      for thread in threads.indices {
        threads[thread].subjects = [try BenchPeer.loaded(name: peer)]
      }
    } else {
      let reference = try BenchReference(workload, cacheSizes: recorded.caches)
      self.reference = reference
      for thread in threads.indices {
        threads[thread].subjects = [reference.subject(workload, thread: thread)]
      }
      try addFloors(reference)
    }
    subjectNames = threads[0].subjects.map(\.name)
    let prefills = threads.indices.map { threads[$0].generator.prefill() }
    if peer != nil {
      // The second look is not disturbed by what the first one needs.
      for _ in 0..<2 { residentBefore = BenchPeer.residentBytes() }
    }
    for (thread, prefill) in zip(threads, prefills) {
      tally.add(thread.prefill(prefill, workload.isTouched))
    }
    // Two rounds that nobody times: caches fill, and what is handed out is spread over memory.
    for _ in 0..<2 { _ = round() }
  }

  /// Floors beside the reference: of pages all three, of objects the replay.
  private func addFloors(_ reference: BenchReference) throws(Failure) {
    guard workload.threads == 1, workload.service != .objects else { return }
    let shadow: Arena
    do throws(MachineError) {
      shadow = try Arena(byteCount: reference.machine.memory.byteCount)
    } catch { throw .input("\(error)") }
    if workload.isTouched { shadow.populate() }
    threads[0].shadow = shadow
    switch workload.shape {
    case .pairs, .lifo:
      let stack = BenchStack(count: 1024)
      threads[0].stack = stack
      threads[0].subjects += [
        BenchFloor.stack(stack, memory: shadow.base), BenchFloor.call(memory: shadow.base),
      ]
    default:
      threads[0].subjects.append(
        BenchFloor.replay(
          threads[0].cursor, base: shadow.base, shift: threads[0].subjects[0].shift))
    }
  }

  /// Writes the next piece of the trace and has each subject perform it; answers nanoseconds per call.
  func round() -> [BenchRound] {
    for thread in threads.indices { threads[thread].writeNextPiece() }
    var rounds: [BenchRound] = []
    for subject in threads[0].subjects.indices {
      let states = threads
      let (isTouched, isCrossed, rings) = (workload.isTouched, workload.isCrossed, rings)
      let time = BenchThreads.run(threads.count) { thread in
        states[thread].perform(
          subject: subject, isTouched: isTouched,
          rings: isCrossed ? (rings[thread], rings[1 - thread]) : nil)
      }
      for thread in threads.indices where subject == 0 {
        tally.add(threads[thread].lastTally.pointee)
      }
      let count = Double(isCrossed ? 2 * calls : calls)
      rounds.append(BenchRound(processor: time.processor / count, wall: time.wall / count))
    }
    return rounds
  }

  /// Has the most live that the workload has, touches all of it, and tells what it costs.
  func end() -> BenchEnding {
    let isObjects = workload.service == .objects
    var live = threads.reduce(0) { $0 + $1.generator.liveSize }
    for thread in threads.indices where live == 0 { live = threads[thread].performUntilPeak() }
    var held: Int?
    if live > 0 {
      if isObjects { for thread in threads { thread.touchAll() } }
      if let reference {
        held = reference.pagesHeld * pageSize
      } else if let before = residentBefore, let now = BenchPeer.residentBytes() {
        held = now - before
      }
    }
    return BenchEnding(
      held: held, live: isObjects ? live : live * pageSize, unserved: tally.unserved,
      isDamaged: tally.damage != 0)
  }
}

extension BenchTally {
  mutating func add(_ other: BenchTally) {
    unserved += other.unserved
    damage |= other.damage
  }
}

/// What one thread of a session has: its trace, its slots and the subjects that take turns.
///
/// The buffers are shared with the thread that performs, one at a time.
struct BenchThreadState: @unchecked Sendable {
  var generator: TraceGenerator
  var subjects: [BenchSubject] = []
  var shadow: Arena?
  var stack: BenchStack?
  let operations: BenchBuffer<BenchOperation>
  /// The handles that the first subject was given in this round; and those of a floor, which nobody reads.
  private let handles: BenchBuffer<Int>
  private let ignored: BenchBuffer<Int>
  /// Live handles, for each of up to three subjects.
  private let slots: [BenchBuffer<Int>]
  private let cursorBuffer: BenchBuffer<UnsafePointer<Int>>
  private let tallyBuffer: BenchBuffer<BenchTally>

  init(_ generator: TraceGenerator, calls: Int) {
    self.generator = generator
    let count = generator.wholeCount(calls)
    operations = BenchBuffer(count: count, blank: .allocate(0, 0))
    let most = max(count, generator.slotCount)
    handles = BenchBuffer(count: most, blank: 0)
    ignored = BenchBuffer(count: most, blank: 0)
    slots = (0..<3).map { _ in BenchBuffer(count: generator.slotCount, blank: 0) }
    cursorBuffer = BenchBuffer(count: 1, blank: UnsafePointer(handles.elements.baseAddress!))
    tallyBuffer = BenchBuffer(count: 1, blank: BenchTally())
  }

  /// Where the replay floor reads the next handle.
  var cursor: UnsafeMutablePointer<UnsafePointer<Int>> { cursorBuffer.elements.baseAddress! }
  var lastTally: UnsafeMutablePointer<BenchTally> { tallyBuffer.elements.baseAddress! }

  mutating func writeNextPiece() { generator.fill(operations.elements) }

  /// Allocates what is live before the first round.
  func prefill(_ prefill: [BenchOperation], _ isTouched: Bool) -> BenchTally {
    var tally = BenchTally()
    prefill.withUnsafeBufferPointer { operations in
      for subject in subjects.indices {
        let own = perform(operations, subject, isTouched)
        if subject == 0 { tally = own }
      }
    }
    return tally
  }

  func perform(subject: Int, isTouched: Bool, rings: (out: BenchRing, into: BenchRing)?) {
    let operations = UnsafeBufferPointer(operations.elements)
    if let rings {
      lastTally.pointee = subjects[subject].performCrossed(
        operations, out: rings.out, into: rings.into)
    } else {
      lastTally.pointee = perform(operations, subject, isTouched)
    }
  }

  private func perform(
    _ operations: UnsafeBufferPointer<BenchOperation>, _ subject: Int, _ isTouched: Bool
  ) -> BenchTally {
    cursor.pointee = UnsafePointer(handles.elements.baseAddress!)
    return subjects[subject].perform(
      operations, slots: slots[subject].elements.baseAddress!,
      noting: (subject == 0 ? handles : ignored).elements.baseAddress!, isTouched: isTouched)
  }

  /// Performs the calls up to the moment when the most is live; answers bytes, or pages.
  func performUntilPeak() -> Int {
    let calls = generator.untilPeak()
    _ = calls.withUnsafeBufferPointer { perform($0, 0, false) }
    var sizes: [Int: Int] = [:]
    for call in calls { sizes[call.slot] = call.isFree ? nil : generator.units(call) }
    if generator.isOfObjects { for (slot, size) in sizes { touch(slot, size) } }
    return sizes.values.reduce(0, +)
  }

  /// Writes into every page of every live object.
  func touchAll() {
    for slot in slots[0].elements.indices {
      if let size = generator.liveSize(of: slot) { touch(slot, size) }
    }
  }

  private func touch(_ slot: Int, _ bytes: Int) {
    let handle = slots[0].elements[slot]
    guard handle != 0, bytes > 0 else { return }
    let start = UnsafeMutableRawPointer(subjects[0].word(handle))
    for offset in stride(from: 0, to: bytes, by: pageSize) {
      start.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
    }
    start.storeBytes(of: 1, toByteOffset: bytes - 1, as: UInt8.self)
  }
}
