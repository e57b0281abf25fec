import AllocationTrace
import Foundation
import KernelMemory

/// A replay from a recording to its report.
struct Replay {
  /// Operations that are collected before they are performed: enough that what the import leaves in the
  /// processor's caches does not count against the reference, few enough that memory does not grow with the file.
  private static let batch = 1 << 15

  let options: ReplayOptions
  /// Called now and then with the lines done and all lines, for a line of progress.
  var progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }

  /// A finished replay, with the machine as the recording left it.
  struct Result {
    let report: ReplayReport
    let machine: Machine
    /// Texts of `/proc` of the machines of objects and areas.
    let slabinfo: String
    let vmallocinfo: String
  }

  /// Reads the recording twice: to choose a machine for it, and to perform it.
  ///
  /// - Complexity: O(size of the recording), with memory for what is live in it and for the machine.
  func run(on input: InputFile) throws(Failure) -> Result {
    let survey = try Survey(of: input, as: options.format) { progress(0, $0) }
    let (kernel, kernelFrom, names) = try kernelVersion(survey)
    let snapshots = try Snapshots(of: options.path, folder: options.snapshot)
    var crew = try crew(for: survey, names: names, snapshots)
    var operations = 0
    var lines: ImportReport?
    let firstReading = input.readingTime
    var importTime = Duration.zero
    let clock = ContinuousClock()
    var mark = clock.now
    var readMark = input.readingTime
    var texts = survey.texts
    try input.readRecording(as: survey.format) { index, operation in
      operations += 1
      crew.add(operation, at: index)
    } afterChunk: { reader in
      texts = reader.texts
      crew.resolve(texts)
      importTime += clock.now - mark - (input.readingTime - readMark)
      if crew.waiting >= Self.batch { crew.perform(texts) }
      progress(reader.lines, survey.lines)
      lines =
        reader.account.map(ImportReport.init)
        ?? ImportReport(lines: reader.lines, operations: operations)
      readMark = input.readingTime
      mark = clock.now
    }
    crew.perform(texts)
    let objects =
      survey.hasObjects ? crew.objects.report(survey: survey, snapshots: snapshots) : nil
    let slabinfo = crew.objects.allocator.slabinfo
    let vmallocinfo = crew.areas.memory.vmallocinfo
    let start = clock.now
    crew.finish()
    let report = self.report(
      crew, survey: survey, kernel: (kernel, kernelFrom),
      lines: lines ?? ImportReport(lines: 0, operations: 0), operations: operations,
      objects: objects, times: (input.readingTime - firstReading, importTime, clock.now - start))
    return Result(
      report: report, machine: crew.pages.machine, slabinfo: slabinfo, vmallocinfo: vmallocinfo)
  }

  /// Those who perform the recording, each on a machine that fits it.
  private func crew(
    for survey: Survey, names: GFPFlagTable, _ snapshots: Snapshots
  ) throws(Failure) -> ReplayCrew {
    let machine = try machine(for: survey)
    // A quarter of the host's memory, lest it be short itself.
    let most = Int(ProcessInfo.processInfo.physicalMemory) / 4 / pageSize
    machine.warmUp(
      peakPages: min(survey.peakPages, most),
      masks: options.machine == .x86_32 ? [.highuserMovable, .kernel] : [.highuserMovable])
    let pages = Replayer(on: machine, check: options.check)
    let second = try self.machine(for: survey)
    second.warmUp(peakPages: min(2 * survey.peakBytes / pageSize, most), masks: [.kernel])
    let allocator: SLUB
    // As the recorded kernels have it; arrays of ready objects would hold slabs that those did not.
    do throws(SlabError) { allocator = try SLUB(second, options: .linux6_12) } catch {
      throw .input("\(error)")
    }
    return ReplayCrew(
      pages: pages, objects: ObjectReplayer(allocator), areas: try areas(for: survey, snapshots),
      names: names, survey: survey)
  }

  private func areas(
    for survey: Survey, _ snapshots: Snapshots
  ) throws(Failure) -> AreaReplayer {
    var areas = try AreaReplayer(on: machine(for: survey))
    if let after = snapshots.after {
      // What was there afterwards, and was never made meanwhile, was there before. (The snapshot from before holds
      // areas of the very processes that took it.)
      areas.occupy(
        after.areas.filter {
          !survey.mapped.contains(Int($0.range.lowerBound.rawValue >> 12)) && !$0.isFreed
        })
    } else if let before = snapshots.before {
      areas.occupy(before.areas)
    }
    return areas
  }

  /// The kernel version whose names the masks are read by, how it was chosen, and the names.
  func kernelVersion(_ survey: Survey) throws(Failure) -> (String, String, GFPFlagTable) {
    let (kernel, from) = chosenVersion(survey)
    guard let names = GFPFlagTable.version(kernel) else {
      throw .input(
        "\(options.path) names Linux \(kernel), of which there is no table of GFP flags; choose one of "
          + "\(KernelVersion.all) with --kernel")
    }
    return (kernel, from, names)
  }

  private func chosenVersion(_ survey: Survey) -> (String, String) {
    if let kernel = options.kernel { return (kernel, "given") }
    if let kernel = survey.headerKernel { return (kernel, "the recording's header") }
    let name = options.path.split(separator: "/").last.map(String.init) ?? ""
    if let kernel = KernelVersion.named(in: name) { return (kernel, "the file's name") }
    return (KernelVersion.knowing(Array(survey.masks)), "the masks in the recording")
  }

  func machine(for survey: Survey) throws(Failure) -> Machine {
    let bytes = options.memory ?? survey.fittingMemory(on: options.machine)
    do throws(MachineError) {
      return try Machine(
        kind: options.machine, memory: bytes,
        cpus: min(max(1, survey.processors), Machine.maximumCPUs))
    } catch {
      throw options.memory == nil ? .input("\(error)") : .usage("--memory: \(error)")
    }
  }

  private func report(
    _ crew: borrowing ReplayCrew, survey: Survey, kernel: (version: String, from: String),
    lines: ImportReport, operations: Int, objects: ObjectsReport?,
    times: (reading: Duration, importing: Duration, finishing: Duration)
  ) -> ReplayReport {
    let machine = crew.pages.machine
    let counts = crew.pages.counts
    let allocated = crew.pages.allocated
    let pageOperations = counts.performed + counts.skipped.reduce(0, +)
    return ReplayReport(
      file: options.path, format: survey.format.rawValue, kernel: kernel.version,
      kernelFrom: kernel.from,
      machine: MachineReport(
        kind: machine.kind.rawValue, bytes: machine.memory.byteCount,
        frames: machine.memory.byteCount / pageSize, cpus: machine.cpus.count,
        memoryFrom: options.memory == nil ? "fits" : "given"),
      lines: lines,
      operations: OperationsReport(crew, total: operations),
      peakPages: counts.peakPages, pagesAtEnd: counts.livePages,
      zones: machine.node.zones.filter { $0.managed > 0 }.map {
        ZoneReport($0, on: machine, allocated: allocated[$0.index])
      },
      objects: objects,
      areas: survey.hasAreas ? AreasReport(crew.areas.counts) : nil,
      checks: ChecksReport(
        mode: options.check.description, count: counts.checks, pagesStamped: counts.pagesStamped,
        pagesVerified: counts.pagesVerified),
      speed: SpeedReport(
        readSeconds: times.reading / .seconds(1), importSeconds: times.importing / .seconds(1),
        linesPerSecond: rate(lines.lines, times.importing),
        operationSeconds: crew.pageTime / .seconds(1),
        operationsPerSecond: rate(pageOperations, crew.pageTime),
        objectSeconds: crew.objectTime / .seconds(1),
        objectsPerSecond: rate(objects?.performed ?? 0, crew.objectTime),
        finalCheckSeconds: times.finishing / .seconds(1),
        checkMode: options.check.description),
      violation: crew.violation)
  }

  private func rate(_ count: Int, _ time: Duration) -> Double {
    time > .zero ? Double(count) / (time / .seconds(1)) : 0
  }
}
