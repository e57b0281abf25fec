import AllocationTrace
import FtraceImport
import KernelMemory

/// What a first reading of a recording finds out, so that a machine can be chosen for it.
struct Survey {
  var format = RecordingFormat.ftrace
  var lines = 0
  /// The version that the header of the kit's own form names.
  var headerKernel: String?
  /// The masks of page requests, each once.
  var masks: Set<String> = []
  /// Pages live at once at most.
  var peakPages = 0
  /// One past the highest page frame named.
  var frames = 0
  /// One past the highest processor.
  var processors = 1
  /// Which caches objects belong to.
  var book = CacheBook()
  /// Texts by their numbers, as far as the reading came.
  var texts = TextTable()
  /// Bytes of objects and vmalloc areas live at once at most, as the recorded kernel handed them out.
  var peakBytes = 0
  /// Objects and areas live at the end.
  var objectsAtEnd = 0
  var areasAtEnd = 0
  var hasObjects = false
  var hasAreas = false
  /// First pages of the areas that were mapped; those beyond a million are forgotten.
  var mapped: Set<Int> = []

  /// Reads `input` once from start to end. Memory grows with what is live, not with the recording.
  init(
    of input: InputFile, as format: RecordingFormat?, progress: (_ lines: Int) -> Void = { _ in }
  ) throws(Failure) {
    var live = LiveTable(blank: 0)
    var objects = LiveTable(blank: (size: 0, sign: Int32(-1)))
    var areas = LiveTable(blank: 0)
    var pages = 0
    var bytes = 0
    var maskNumbers: Set<Int32> = []
    var survey = Survey()
    try input.readRecording(as: format) { index, operation in
      survey.processors = max(survey.processors, Int(operation.cpu) + 1)
      let count = 1 << Int(operation.order)
      switch operation.verb {
      case .pages:
        live.set(index, count)
        pages += count
        survey.peakPages = max(survey.peakPages, pages)
        survey.frames = max(survey.frames, operation.frame + count)
        maskNumbers.insert(operation.text)
      case .freePages:
        guard let left = live.remove(operation.block) else { return }
        pages -= min(left, count)
        if left > count { live.set(operation.block, left - count) }
      case .kmalloc, .cacheAlloc:
        survey.hasObjects = true
        maskNumbers.insert(operation.text)
        // The zero-size pointer is no object.
        if operation.verb == .kmalloc && operation.size == 0 { return }
        let sign = operation.verb == .cacheAlloc ? survey.book.sign(operation) : -1
        objects.set(index, (operation.given, sign))
        bytes += operation.given
        survey.peakBytes = max(survey.peakBytes, bytes)
      case .kfree, .cacheFree:
        guard let object = objects.remove(operation.block) else { return }
        bytes -= object.size
        if operation.verb == .cacheFree && object.sign >= 0 {
          survey.book.learn(object.sign, operation.text)
        }
      case .vmalloc, .mapArea:
        areas.set(index, operation.size)
        bytes += operation.size
        survey.peakBytes = max(survey.peakBytes, bytes)
        if survey.mapped.count < 1 << 20 { survey.mapped.insert(operation.frame) }
        survey.hasAreas = true
      case .vfree, .unmapArea:
        if let size = areas.remove(operation.block) { bytes -= size }
      case .purgeAreas, .splitPages: break
      }
    } afterChunk: { reader in
      survey.format = reader.format
      survey.lines = reader.lines
      survey.headerKernel = reader.header["kernel"]
      if let account = reader.account {
        survey.frames = max(survey.frames, account.frames)
        survey.processors = max(survey.processors, account.processors)
      }
      for number in maskNumbers { survey.masks.insert(reader.texts[number]) }
      maskNumbers = []
      survey.texts = reader.texts
      progress(reader.lines)
    }
    survey.objectsAtEnd = objects.count
    survey.areasAtEnd = areas.count
    self = survey
  }

  /// The name of the cache that an allocation belongs to, as far as frees tell; else one made of its size.
  func cacheName(_ operation: KernelOperation) -> String {
    book.name(operation).map { texts[$0] } ?? "size-\(operation.given)"
  }

  /// Memory that fits the recording, in bytes: what the recorded machine had, as far as its page frames tell.
  ///
  /// The highest frame, rounded up to 32 MiB; where that is beyond 64 GiB, or the machine cannot have so much, four
  /// times the most pages that were live at once. At least 64 MiB, and never less than twice the pages live at once.
  func fittingMemory(on machine: MachineKind) -> Int {
    let unit = 32 << 20
    let recorded = frames * pageSize
    // Objects take twice their size at most, but for the odd slab of each cache.
    let needed = max(peakPages * pageSize, peakBytes + 16 << 20)
    let wish = recorded <= 64 << 30 && recorded <= machine.maximumMemory ? recorded : 4 * needed
    let bytes = max(wish, 2 * needed, 64 << 20)
    return min((bytes + unit - 1) / unit * unit, machine.maximumMemory)
  }

  private init() {}
}
