import AllocationTrace

/// Why a line of a recording became no operation.
public enum SkipReason: UInt8, CaseIterable, Sendable {
  /// A line of the header, or an empty one.
  case comment
  /// An event that asks for nothing and gives nothing back, for example a drained per-CPU list.
  case noAllocation
  /// Something freed that was allocated before the recording, or by a bulk path, which is not traced.
  case unmatchedFree
  /// `kfree(NULL)`, or of the zero-size pointer; the same of `vfree`.
  case nullFree
  /// The second report of one large kmalloc, which Linux 6.12 makes on the way through kvmalloc.
  case duplicateKmalloc
  /// The second report of one free of a page, which kernels from 2.6.34 to 3.2 make (`mm_pagevec_free`).
  case duplicateFree
  /// A request that the recorded kernel could not serve, or for no bytes.
  case nothingAllocated
  /// The call of vmalloc, which is told with its return.
  case toldByReturn
  /// The return of a vmalloc whose call is not in the recording.
  case callNotRecorded
  /// The kernel's note that its buffer was full and events are missing.
  case eventsLost
  /// No event of any kind: cut off, or garbled.
  case malformed

  /// What a report says.
  public var description: String {
    switch self {
    case .comment: "header comment or empty line"
    case .noAllocation: "event that is no allocation"
    case .unmatchedFree: "free without an allocation in the recording"
    case .nullFree: "free of NULL or of the zero-size pointer"
    case .duplicateKmalloc: "second report of one large kmalloc"
    case .duplicateFree: "second report of one free of a page"
    case .nothingAllocated: "request that the recorded kernel did not serve"
    case .toldByReturn: "vmalloc's call, told with its return"
    case .callNotRecorded: "vmalloc's return without its call"
    case .eventsLost: "the kernel's note of lost events"
    case .malformed: "malformed line"
    }
  }
}

/// A line that a person may want to look at.
public struct LineNote: Hashable, Sendable {
  /// Number of the line, counted from 1.
  public let line: Int
  /// What it is about.
  public let text: String
}

/// What became of every line of a recording: `lines` is the sum of `performed` and `skipped`, always.
public struct ImportAccount: Sendable {
  /// Notes of one kind that are kept with their line; further ones are only counted.
  public static let keptNotes = 8

  /// Lines read.
  public internal(set) var lines = 0
  /// Lines that became an operation, by ``KernelVerb``'s raw value; splits come from no line of their own.
  public internal(set) var performed = [Int](repeating: 0, count: KernelVerb.allCases.count)
  /// Lines that became none, by ``SkipReason``'s raw value.
  public internal(set) var skipped = [Int](repeating: 0, count: SkipReason.allCases.count)
  /// Operations handed out: the lines performed, implied frees, and splits.
  public internal(set) var operations = 0

  /// Unmatched frees by the verb that they would have been, as ``performed``.
  public internal(set) var unmatched = [Int](repeating: 0, count: KernelVerb.allCases.count)
  /// Frees of NULL by verb.
  public internal(set) var null = [Int](repeating: 0, count: KernelVerb.allCases.count)
  /// Frees that no line tells, because the address was handed out again: by the verb of the new allocation.
  public internal(set) var implied = [Int](repeating: 0, count: KernelVerb.allCases.count)
  /// kfree of a cache's object, or a cache's free of a kmalloc object.
  public internal(set) var crossKind = 0
  /// Page frees inside a block, which split it.
  public internal(set) var freesInside = 0
  /// Page frees of a block's first page with another order than it was allocated with.
  public internal(set) var orderDiffers = 0
  /// Events passed over, by name, in the order of their first line.
  public internal(set) var passedOver: [(name: String, lines: Int)] = []

  /// Pages live at once at most, counting those whose allocation is in the recording.
  public internal(set) var peakPages = 0
  /// Pages and blocks live now.
  public internal(set) var livePages = 0
  public internal(set) var liveBlocks = 0
  /// Objects of kmalloc and caches live now.
  public internal(set) var liveObjects = 0
  /// One past the highest page frame that any page event names.
  public internal(set) var frames = 0
  /// Processors that events name: one past the highest number.
  public internal(set) var processors = 0

  /// The first malformed lines, each with its text cut short.
  public internal(set) var malformed: [LineNote] = []
  /// The first frees inside a block.
  public internal(set) var inside: [LineNote] = []

  public init() {}

  /// Lines that became an operation.
  public var linesPerformed: Int { performed.reduce(0, +) }
  /// Lines that became none.
  public var linesSkipped: Int { skipped.reduce(0, +) }
  /// Lines skipped for `reason`.
  public func lines(_ reason: SkipReason) -> Int { skipped[Int(reason.rawValue)] }
  /// Lines that became `verb`.
  public func lines(_ verb: KernelVerb) -> Int { performed[Int(verb.rawValue)] }
}
