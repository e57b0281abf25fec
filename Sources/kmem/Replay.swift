import AllocationTrace
import Foundation
import KernelMemory

/// A replay from a recording to its report.
struct Replay {
  /// Page operations that are collected before they are performed: enough that what the import leaves in the
  /// processor's caches does not count against the reference, few enough that memory does not grow with the file.
  private static let batch = 1 << 15

  let options: ReplayOptions
  /// Called now and then with the lines done and all lines, for a line of progress.
  var progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }

  /// A finished replay, with the machine as the recording left it.
  struct Result {
    let report: ReplayReport
    let machine: Machine
  }

  /// Reads the recording twice: to choose a machine for it, and to perform it.
  ///
  /// - Complexity: O(size of the recording), with memory for what is live in it and for the machine.
  func run(on input: InputFile) throws(Failure) -> Result {
    let survey = try Survey(of: input, as: options.format) { progress(0, $0) }
    let (kernel, kernelFrom) = try kernelVersion(survey)
    guard let names = GFPFlagTable.version(kernel) else {
      throw .input(
        "\(options.path) names Linux \(kernel), of which there is no table of GFP flags; choose one of "
          + "\(KernelVersion.all) with --kernel")
    }
    let machine = try machine(for: survey)
    // A quarter of the host's memory, lest it be short itself.
    machine.warmUp(
      peakPages: min(survey.peakPages, Int(ProcessInfo.processInfo.physicalMemory) / 4 / pageSize),
      masks: options.machine == .x86_32 ? [.highuserMovable, .kernel] : [.highuserMovable])
    var replayer = Replayer(on: machine, check: options.check)
    var masks = MaskTable(names)
    var requests: [PageRequest] = []
    // Requests whose masks are numbers already.
    var resolved = 0
    var operations = 0
    var others = 0
    var lines: ImportReport?
    let firstReading = input.readingTime
    var importTime = Duration.zero
    var operationTime = Duration.zero
    let clock = ContinuousClock()
    let cpus = machine.cpus.count
    var mark = clock.now
    var readMark = input.readingTime
    try input.readRecording(as: survey.format) { index, operation in
      operations += 1
      guard operation.verb.isOfPages else {
        others += 1
        return
      }
      requests.append(PageRequest(operation, index: index, cpus: cpus))
    } afterChunk: { reader in
      let texts = reader.texts
      for index in resolved..<requests.count where requests[index].verb == .pages {
        requests[index].resolveMask(&masks, texts)
      }
      resolved = requests.count
      let imported = clock.now
      importTime += imported - mark - (input.readingTime - readMark)
      if requests.count >= Self.batch {
        replayer.perform(requests)
        requests.removeAll(keepingCapacity: true)
        resolved = 0
        operationTime += clock.now - imported
      }
      progress(reader.lines, survey.lines)
      lines =
        reader.account.map(ImportReport.init)
        ?? ImportReport(lines: reader.lines, operations: operations)
      readMark = input.readingTime
      mark = clock.now
    }
    let last = clock.now
    replayer.perform(requests)
    operationTime += clock.now - last
    let start = clock.now
    replayer.finish()
    let finalTime = clock.now - start
    replayer.counts.skipped[ReplaySkip.notYet.rawValue] = others
    let report = report(
      replayer, survey: survey, kernel: (kernel, kernelFrom),
      lines: lines ?? ImportReport(lines: 0, operations: 0),
      operations: operations, remarks: masks.errors,
      times: (input.readingTime - firstReading, importTime, operationTime, finalTime))
    return Result(report: report, machine: machine)
  }

  /// The kernel version whose names the masks are read by, and how it was chosen.
  private func kernelVersion(_ survey: Survey) throws(Failure) -> (String, String) {
    if let kernel = options.kernel { return (kernel, "given") }
    if let kernel = survey.headerKernel { return (kernel, "the recording's header") }
    let name = options.path.split(separator: "/").last.map(String.init) ?? ""
    if let kernel = KernelVersion.named(in: name) { return (kernel, "the file's name") }
    return (KernelVersion.knowing(Array(survey.masks)), "the masks in the recording")
  }

  private func machine(for survey: Survey) throws(Failure) -> Machine {
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
    _ replayer: borrowing Replayer, survey: Survey, kernel: (version: String, from: String),
    lines: ImportReport, operations: Int, remarks: [String],
    times: (reading: Duration, importing: Duration, performing: Duration, finishing: Duration)
  ) -> ReplayReport {
    let machine = replayer.machine
    let counts = replayer.counts
    let skipped = ReplaySkip.allCases.compactMap { reason in
      let count = counts.skipped[reason.rawValue]
      return count == 0
        ? nil : CountReport(key: reason.key, reason: reason.description, count: count)
    }
    let pageOperations = operations - counts.skipped[ReplaySkip.notYet.rawValue]
    let allocated = replayer.allocated
    return ReplayReport(
      file: options.path, format: survey.format.rawValue, kernel: kernel.version,
      kernelFrom: kernel.from,
      machine: MachineReport(
        kind: machine.kind.rawValue, bytes: machine.memory.byteCount,
        frames: machine.memory.byteCount / pageSize, cpus: machine.cpus.count,
        memoryFrom: options.memory == nil ? "fits" : "given"),
      lines: lines,
      operations: OperationsReport(
        total: operations, performed: counts.performed, allocations: counts.allocations,
        frees: counts.frees, splits: counts.splits, skipped: skipped,
        unservedByOrder: counts.unservedByOrder, remarks: remarks + counts.refusals),
      peakPages: counts.peakPages, pagesAtEnd: counts.livePages,
      zones: machine.node.zones.filter { $0.managed > 0 }.map {
        ZoneReport($0, on: machine, allocated: allocated[$0.index])
      },
      checks: ChecksReport(
        mode: options.check.description, count: counts.checks, pagesStamped: counts.pagesStamped,
        pagesVerified: counts.pagesVerified),
      speed: SpeedReport(
        readSeconds: times.reading / .seconds(1), importSeconds: times.importing / .seconds(1),
        linesPerSecond: rate(lines.lines, times.importing),
        operationSeconds: times.performing / .seconds(1),
        operationsPerSecond: rate(pageOperations, times.performing),
        finalCheckSeconds: times.finishing / .seconds(1),
        checkMode: options.check.description),
      violation: replayer.violation)
  }

  private func rate(_ count: Int, _ time: Duration) -> Double {
    time > .zero ? Double(count) / (time / .seconds(1)) : 0
  }
}
