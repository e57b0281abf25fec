import AllocationTrace

/// A recording's calls as a workload: its handles resolved to slots, and what is live at its end freed.
struct BenchRecording {
  var operations: [BenchOperation] = []
  /// Sizes of the object caches that calls for the reference name: call size `cacheBit | index`.
  var caches: [Int] = []

  /// Marks a size that is the index of a cache.
  static let cacheBit = 1 << 30

  private var vacant: [Int] = []
  private var slotCount = 0
  private var cacheOfSize: [Int: Int] = [:]

  init() {}

  /// - Parameter asReference: whether a cache's objects come from a cache; else they are asked for by their size alone.
  init(of workload: Workload, asReference: Bool) throws(Failure) {
    guard let path = workload.recording else { return }
    let input = try InputFile(path: path)
    var live = LiveTable(blank: Live())
    var recording = BenchRecording()
    try input.readRecording(as: nil) { index, operation in
      switch (operation.verb, workload.service) {
      case (.pages, .pages), (.pages, .buddy):
        live.set(index, recording.allocate(Int(operation.order)))
      case (.freePages, .pages), (.freePages, .buddy):
        // A part of a split block is left alone; the block goes as a whole when its first page does.
        guard operation.offset == 0, let block = live.remove(operation.block) else { return }
        recording.free(block)
      case (.kmalloc, .objects):
        live.set(index, recording.allocate(operation.size))
      case (.cacheAlloc, .objects):
        let size = asReference ? recording.cache(operation.given) : operation.size
        live.set(index, recording.allocate(size))
      case (.kfree, .objects), (.cacheFree, .objects):
        if let object = live.remove(operation.block) { recording.free(object) }
      default: break
      }
    } afterChunk: { _ in
    }
    var left: [Live] = []
    live.forEach { left.append($1) }
    for object in left.sorted(by: { $0.slot < $1.slot }) { recording.free(object) }
    self = recording
  }

  private struct Live: BitwiseCopyable {
    var slot = 0
    var size = 0
  }

  private mutating func allocate(_ size: Int) -> Live {
    let slot = vacant.popLast() ?? slotCount
    if slot == slotCount { slotCount += 1 }
    operations.append(.allocate(slot, size))
    return Live(slot: slot, size: size)
  }

  private mutating func free(_ object: Live) {
    operations.append(.free(object.slot, object.size))
    vacant.append(object.slot)
  }

  private mutating func cache(_ size: Int) -> Int {
    if let index = cacheOfSize[size] { return Self.cacheBit | index }
    cacheOfSize[size] = caches.count
    caches.append(size)
    return Self.cacheBit | (caches.count - 1)
  }

  /// The bytes that a call asks for.
  func bytes(_ operation: BenchOperation) -> Int {
    let size = Int(operation.size)
    return size & Self.cacheBit == 0 ? size : caches[size & ~Self.cacheBit]
  }
}
