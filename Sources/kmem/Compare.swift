import AllocationTrace
import Foundation
import KernelMemory

/// `kmem compare`: the same objects on every design of an object allocator, each on a machine of its own.
struct Compare {
  let options: ReplayOptions
  var progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }

  /// One design, and what it has done so far.
  private final class Entry {
    let name: String
    var replayer: ObjectReplayer
    var requests: [ObjectRequest] = []
    var nanoseconds: UInt64 = 0

    init(_ name: String, _ allocator: SlabAllocator) {
      self.name = name
      replayer = ObjectReplayer(allocator, comparesSizes: false)
    }
  }

  /// Reads the recording twice: to choose machines for it, and to perform it on all of them in turn.
  func run(on input: InputFile) throws(Failure) -> CompareReport {
    let replay = Replay(options: options)
    let survey = try Survey(of: input, as: options.format) { progress(0, $0) }
    guard survey.hasObjects else {
      throw .input("\(options.path) holds no operations on objects; there is nothing to compare")
    }
    let (kernel, _, names) = try replay.kernelVersion(survey)
    let entries = try entries(replay, survey)
    var masks = MaskTable(names)
    var waiting: [(index: Int, operation: KernelOperation)] = []
    var total = 0
    try input.readRecording(as: survey.format) { index, operation in
      if operation.verb.isOfObjects { waiting.append((index, operation)) }
    } afterChunk: { reader in
      let texts = reader.texts
      total += waiting.count
      for entry in entries {
        entry.requests = waiting.map { index, operation in
          request(operation, index, entry, &masks, texts, survey)
        }
        let start = BenchTime.processorNow()
        entry.replayer.perform(entry.requests)
        entry.nanoseconds += BenchTime.processorNow() - start
      }
      waiting.removeAll(keepingCapacity: true)
      progress(reader.lines, survey.lines)
    }
    return CompareReport(
      file: options.path, kernel: kernel, operations: total,
      recordedAtEnd: survey.objectsAtEnd,
      designs: entries.map { entry in
        let row = CompareReport.Design(entry.name, entry.replayer, nanoseconds: entry.nanoseconds)
        entry.replayer.account()
        return row.judged(entry.replayer.violation)
      })
  }

  private func request(
    _ operation: KernelOperation, _ index: Int, _ entry: Entry, _ masks: inout MaskTable,
    _ texts: TextTable, _ survey: Survey
  ) -> ObjectRequest {
    var request = ObjectRequest(
      operation, index: index, cpus: entry.replayer.machine.cpus.count)
    if operation.verb.allocates { request.resolveMask(&masks, texts) }
    if operation.verb == .cacheAlloc {
      let name = survey.cacheName(operation)
      let known = entry.replayer.caches.index(name, given: nil)
      request.cache =
        known >= 0
        ? known
        : entry.replayer.caches.index(name, given: survey.book.objectSize(operation))
    }
    return request
  }

  /// The designs, each on a machine that fits the recording.
  private func entries(_ replay: Replay, _ survey: Survey) throws(Failure) -> [Entry] {
    var entries: [Entry] = []
    func add(_ name: String, _ make: (Machine) throws(SlabError) -> SlabAllocator) throws(Failure) {
      let machine = try replay.machine(for: survey)
      machine.warmUp(
        peakPages: min(
          2 * survey.peakBytes / pageSize,
          Int(ProcessInfo.processInfo.physicalMemory) / 8 / pageSize), masks: [.kernel])
      do throws(SlabError) { entries.append(Entry(name, try make(machine))) } catch {
        throw .input("\(error)")
      }
    }
    try add("SLUB") { machine throws(SlabError) in try SLUB(machine, options: .linux6_12) }
    try add("SLAB") { machine throws(SlabError) in try SLAB(machine) }
    for fit in SLOB.Fit.allCases {
      try add(fit == .first ? "SLOB" : "SLOB \(fit) fit") { machine throws(SlabError) in
        try SLOB(machine, fit: fit)
      }
    }
    return entries
  }
}

/// What `kmem compare` found out, as data.
struct CompareReport: Codable, Equatable {
  struct Design: Codable, Equatable {
    var name: String
    var performed: Int
    /// Requests that were not served.
    var unserved: Int
    /// Pages held at once at most, and the part of them that nobody had asked for.
    var peakPages: Int
    var peakWaste: Double
    var pagesAtEnd: Int
    var wasteAtEnd: Double
    var objectsAtEnd: Int
    var operationsPerSecond: Double
    /// The first thing found wrong with the design.
    var violation: String?

    init(_ name: String, _ replayer: borrowing ObjectReplayer, nanoseconds: UInt64) {
      let counts = replayer.counts
      self.name = name
      performed = counts.performed
      unserved = counts.skipped[ReplaySkip.unserved.rawValue]
      peakPages = counts.peakPages
      peakWaste = ObjectsReport.waste(pages: peakPages, used: counts.liveBytesAtPeak)
      pagesAtEnd = replayer.pages
      wasteAtEnd = ObjectsReport.waste(pages: pagesAtEnd, used: counts.liveBytes)
      objectsAtEnd = counts.liveObjects
      operationsPerSecond =
        nanoseconds == 0 ? 0 : Double(counts.performed) * 1e9 / Double(nanoseconds)
    }

    func judged(_ violation: String?) -> Design {
      var design = self
      design.violation = violation
      return design
    }
  }

  var version = 1
  var file: String
  var kernel: String
  var operations: Int
  /// Objects that the recording never gives back.
  var recordedAtEnd: Int
  var designs: [Design]

  /// The report that a person reads.
  var text: String {
    var page = ReportPage()
    page.line("Recording", "\(file), Linux \(kernel)")
    page.line(
      "Objects",
      "\(grouped(operations)) operations; \(grouped(recordedAtEnd)) are never given back")
    page.gap()
    func row(_ title: String, _ cells: (Design) -> String) {
      var line = title + String(repeating: " ", count: max(0, 28 - title.count))
      for design in designs {
        let cell = cells(design)
        line += String(repeating: " ", count: max(1, 15 - cell.count)) + cell
      }
      page.plain(line)
    }
    row("") { $0.name }
    row("pages at most") { grouped($0.peakPages) }
    row("  of them not asked for") { percent($0.peakWaste) }
    row("pages at the end") { grouped($0.pagesAtEnd) }
    row("  of them not asked for") { percent($0.wasteAtEnd) }
    row("million operations a second") { tenths($0.operationsPerSecond / 1e6) }
    row("requests not served") { grouped($0.unserved) }
    page.gap()
    page.plain("\"Not asked for\" is what is held beyond the bytes that live requests named.")
    for design in designs {
      if let violation = design.violation { page.plain("\(design.name) is BROKEN: \(violation)") }
    }
    return page.text
  }
}

extension Kmem {
  /// `kmem compare FILE`: SLUB, SLAB and SLOB side by side on a recording's objects.
  func compare(_ arguments: ArgumentList) throws(Failure) -> Int32 {
    let options = try replayOptions(arguments)
    let input = try InputFile(path: options.path)
    defer { console.endProgress() }
    let report = try Compare(options: options, progress: console.progressLine()).run(on: input)
    console.out(options.json ? try json(report) : report.text)
    return report.designs.allSatisfy { $0.violation == nil } ? 0 : 1
  }
}
