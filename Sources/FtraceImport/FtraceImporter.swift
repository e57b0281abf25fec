import AllocationTrace

/// Turns the text of Linux's ftrace kmem events into operations of ``KernelRecording``: bytes in, operations out.
///
/// Reads what `/sys/kernel/tracing/trace` prints (and `trace-cmd report`), of any kernel that has the events, under their
/// old names too (`mm_page_free_direct`, `mm_pagevec_free`, `kmalloc_node`); the events of `include/trace/events/kmem.h`, `include/trace/events/vmalloc.h`, and probes on vmalloc and vfree called `vmalloc_enter`,
/// `vmalloc_ret` and `vfree_enter`. Memory grows with what is live in the recording, never with its length.
/// Every line is accounted for, see ``ImportAccount``; nothing in a line can stop the importer.
public struct FtraceImporter: ~Copyable {
  /// Longest line that is an event; what is longer is malformed.
  public static let longestLine = 1 << 16

  /// The texts of the operations handed out.
  public internal(set) var texts = TextTable()
  var counts = ImportAccount()
  /// What is live: objects by address, pages by block, areas by address, calls of vmalloc by task.
  var objects = LiveTable(blank: LiveObject())
  var pages = LivePages()
  var vmallocs = LiveTable(blank: 0)
  var maps = LiveTable(blank: 0)
  var calls = LiveTable(blank: VmallocCall())
  /// What `kmalloc(0)` returns, as this kernel prints it: 16, or a hash that its requests for no bytes tell.
  var zeroSizePointer = 16
  /// The page that mm_pagevec_free has just reported, until the next free of pages.
  var freedOfList: Int?

  private var lines = LineCutter(longest: FtraceImporter.longestLine + 1)
  private var eventNames = TextTable()
  private var eventLines: [Int] = [0]

  public init() {}

  /// What became of every line so far.
  public var account: ImportAccount {
    var account = counts
    account.passedOver = eventLines.indices.dropFirst().map {
      (eventNames[Int32($0)], eventLines[$0])
    }
    account.livePages = pages.live
    account.peakPages = pages.peak
    account.liveBlocks = pages.count
    account.liveObjects = objects.count
    return account
  }

  /// Reads the next bytes of the recording and hands each operation to `body`, in order.
  ///
  /// - Complexity: O(number of bytes).
  public mutating func read(_ chunk: UnsafeBufferPointer<UInt8>, _ body: (KernelOperation) -> Void)
  {
    var cutter = lines
    cutter.feed(chunk) { line($0, body) }
    lines = cutter
  }

  /// Reads the next bytes of the recording and hands each operation to `body`, in order.
  public mutating func read(_ chunk: [UInt8], _ body: (KernelOperation) -> Void) {
    chunk.withUnsafeBufferPointer { read($0, body) }
  }

  /// Reads the recording's last line, should no line feed end it.
  public mutating func finish(_ body: (KernelOperation) -> Void) {
    var cutter = lines
    cutter.finish { line($0, body) }
    lines = cutter
  }

  /// Accounts for one line: performed, or skipped for a reason.
  private mutating func line(
    _ line: UnsafeBufferPointer<UInt8>, _ body: (KernelOperation) -> Void
  ) {
    counts.lines += 1
    let text = UnsafeBufferPointer(
      rebasing: line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...])
    guard let first = text.first, first != UInt8(ascii: "#") else { return skip(.comment) }
    guard text.count <= Self.longestLine, let event = EventLine(text) else {
      return skipOdd(text)
    }
    counts.processors = max(counts.processors, Int(event.cpu) + 1)
    if !perform(event, body) {
      counts.skipped[Int(SkipReason.malformed.rawValue)] += 1
      note(text)
    }
  }

  /// Performs or skips an event; false when it is malformed. The most frequent events are asked for first.
  private mutating func perform(_ event: EventLine, _ body: (KernelOperation) -> Void) -> Bool {
    if event.isCalled("kmem_cache_alloc") { return allocate(event, .cacheAlloc, body) }
    if event.isCalled("kmem_cache_free") { return free(event, .cacheFree, body) }
    if event.isCalled("mm_page_alloc") { return allocatePages(event, body) }
    if event.isCalled("mm_page_free") { return freePages(event, body) }
    if event.isCalled("kfree") { return free(event, .kfree, body) }
    if event.isCalled("kmalloc") { return allocate(event, .kmalloc, body) }
    if event.isCalled("kmalloc_node") { return allocate(event, .kmalloc, body) }
    if event.isCalled("kmem_cache_alloc_node") { return allocate(event, .cacheAlloc, body) }
    if event.isCalled("mm_page_free_direct") { return freePages(event, body) }
    if event.isCalled("mm_pagevec_free") { return freePages(event, isOfList: true, body) }
    if event.isCalled("vmalloc_enter") { return callVmalloc(event) }
    if event.isCalled("vmalloc_ret") { return returnFromVmalloc(event, body) }
    if event.isCalled("vfree_enter") { return freeVmalloc(event, body) }
    if event.isCalled("alloc_vmap_area") { return mapArea(event, body) }
    if event.isCalled("free_vmap_area_noflush") { return unmapArea(event, body) }
    if event.isCalled("purge_vmap_area_lazy") { return purgeAreas(event, body) }
    let name = Int(eventNames.number(event.name))
    while eventLines.count <= name { eventLines.append(0) }
    eventLines[name] += 1
    skip(.noAllocation)
    return true
  }

  mutating func skip(_ reason: SkipReason) { counts.skipped[Int(reason.rawValue)] += 1 }

  /// Skips a free of something that the recording does not hold.
  mutating func skipUnmatched(_ verb: KernelVerb) {
    counts.unmatched[Int(verb.rawValue)] += 1
    skip(.unmatchedFree)
  }

  /// Skips a free of NULL.
  mutating func skipNull(_ verb: KernelVerb) {
    counts.null[Int(verb.rawValue)] += 1
    skip(.nullFree)
  }

  /// Hands out the operation of a line and answers its index.
  @discardableResult
  mutating func perform(_ operation: KernelOperation, _ body: (KernelOperation) -> Void) -> Int {
    counts.performed[Int(operation.verb.rawValue)] += 1
    return add(operation, body)
  }

  /// Hands out an operation that no line tells and answers its index.
  @discardableResult
  mutating func add(_ operation: KernelOperation, _ body: (KernelOperation) -> Void) -> Int {
    body(operation)
    counts.operations += 1
    return counts.operations - 1
  }

  /// Skips a line that is no event: the kernel's note of lost events, or garbage.
  private mutating func skipOdd(_ text: UnsafeBufferPointer<UInt8>) {
    let isLoss =
      text.starts(with: "CPU:".utf8)
      && String(decoding: text.prefix(64), as: UTF8.self).contains("[LOST ")
    let isBlank = text.allSatisfy { $0 == 32 || $0 == 9 }
    skip(isLoss ? .eventsLost : isBlank ? .comment : .malformed)
    if !isLoss && !isBlank { note(text) }
  }

  /// Keeps the first malformed lines for the report.
  private mutating func note(_ text: UnsafeBufferPointer<UInt8>) {
    guard counts.malformed.count < ImportAccount.keptNotes else { return }
    let printable = text.prefix(120).map { $0 < 32 || $0 == 127 ? UInt8(ascii: "?") : $0 }
    counts.malformed.append(
      LineNote(line: counts.lines, text: String(decoding: printable, as: UTF8.self)))
  }
}
