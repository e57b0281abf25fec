import AllocationTrace
import FtraceImport
import KernelMemory

/// What `kmem replay` found out, as data; `kmem replay --json` prints it, and `kmem help json` says what each key means.
struct ReplayReport: Codable, Equatable {
  /// Changes when an older reader would misread the keys.
  var version = 2
  var file: String
  var format: String
  var kernel: String
  /// How the kernel version was chosen.
  var kernelFrom: String
  var machine: MachineReport
  var lines: ImportReport
  var operations: OperationsReport
  var peakPages: Int
  var pagesAtEnd: Int
  var zones: [ZoneReport]
  /// Objects of kmalloc and caches, and areas; absent where the recording has none.
  var objects: ObjectsReport?
  var areas: AreasReport?
  var checks: ChecksReport
  var speed: SpeedReport
  /// The first thing found wrong with the reference, or nil.
  var violation: String?
}

struct MachineReport: Codable, Equatable {
  var kind: String
  var bytes: Int
  var frames: Int
  var cpus: Int
  /// `given`, or `fits` when it was chosen to fit the recording.
  var memoryFrom: String
}

/// Something counted, with what it is.
struct CountReport: Codable, Equatable {
  var key: String
  var reason: String
  var count: Int
}

struct NoteReport: Codable, Equatable {
  var line: Int
  var text: String
}

/// Where the lines of a recording went: `lines` = `performed` + the sum of `skipped`.
struct ImportReport: Codable, Equatable {
  var lines = 0
  var performed = 0
  var skipped: [CountReport] = []
  /// Events passed over, by name.
  var passedOver: [String: Int] = [:]
  /// Frees that no line tells.
  var implied = 0
  /// Frees inside a block.
  var freesInside = 0
  var splits = 0
  var malformed: [NoteReport] = []
  var inside: [NoteReport] = []

  /// Of an ftrace recording.
  init(_ account: ImportAccount) {
    lines = account.lines
    performed = account.linesPerformed
    skipped = SkipReason.allCases.compactMap {
      account.lines($0) == 0
        ? nil : CountReport(key: $0.key, reason: $0.description, count: account.lines($0))
    }
    passedOver = Dictionary(account.passedOver.map { ($0.name, $0.lines) }, uniquingKeysWith: +)
    implied = account.implied.reduce(0, +)
    freesInside = account.freesInside
    splits = account.operations - account.linesPerformed - implied
    malformed = account.malformed.map { NoteReport(line: $0.line, text: $0.text) }
    inside = account.inside.map { NoteReport(line: $0.line, text: $0.text) }
  }

  /// Of a recording in the kit's own form, where every line that is no operation is header or comment.
  init(lines: Int, operations: Int) {
    self.lines = lines
    performed = operations
    if lines > operations {
      let reason = SkipReason.comment
      skipped = [
        CountReport(key: reason.key, reason: reason.description, count: lines - operations)
      ]
    }
  }
}

/// Where the operations went: `total` = `performed` + the sum of `skipped`.
struct OperationsReport: Codable, Equatable {
  var total: Int
  var performed: Int
  /// Of pages.
  var allocations: Int
  var frees: Int
  var splits: Int
  /// Of objects, and of areas.
  var objects: Int
  var areas: Int
  var skipped: [CountReport]
  /// Requests that the reference could not serve, by order.
  var unservedByOrder: [Int]
  /// The first texts that are no masks of the kernel version, and the first calls that the reference refused.
  var remarks: [String]
}

struct ZoneReport: Codable, Equatable {
  var name: String
  /// In the buddy lists, on per-CPU lists, handed out: the sum is `managed`, always.
  var free: Int
  var perCPU: Int
  var allocated: Int
  var managed: Int
  var freeBlocks: [Int]
  /// The part of free memory that is in blocks too small for an order, by order.
  var unusable: [Double]
  /// Why a request of an order would fail: -1 would not, 0 for want of memory, 1 for fragmentation.
  var fragmentationIndex: [Double]
}

struct ChecksReport: Codable, Equatable {
  var mode: String
  /// Times that all invariants were checked.
  var count: Int
  var pagesStamped: Int
  var pagesVerified: Int
}

struct SpeedReport: Codable, Equatable {
  /// Reading the file, the wait for a decompressing tool included; no part of the other two.
  var readSeconds: Double
  var importSeconds: Double
  var linesPerSecond: Double
  var operationSeconds: Double
  var operationsPerSecond: Double
  var objectSeconds: Double
  var objectsPerSecond: Double
  /// The check of everything at the end; no part of the operations' time.
  var finalCheckSeconds: Double
  /// The operations' time names its check mode: checks are part of it.
  var checkMode: String
}

extension SkipReason {
  /// The key in JSON.
  var key: String { "\(self)" }
}

extension ZoneReport {
  init(_ zone: Zone, on machine: Machine, allocated: Int) {
    let pages = machine.pages(in: zone)
    let fragmentation = Fragmentation(zone)
    name = zone.kind.rawValue
    free = pages.free
    perCPU = pages.perCPU
    self.allocated = allocated
    managed = pages.managed
    freeBlocks = fragmentation.freeBlocks
    unusable = (0...maxOrder).map(fragmentation.unusable)
    fragmentationIndex = (0...maxOrder).map(fragmentation.index)
  }
}
