/// Where a zone lies and which of its frames the page allocator gets.
public struct ZoneLayout: Hashable, Sendable {
  public let kind: ZoneKind
  /// Frames to hand out: ascending, not empty, not overlapping. What lies between two ranges is a hole.
  public let usable: [Range<Int>]
  /// From the zone's first frame to its last, holes and reserved frames included (`spanned`).
  public let spanned: Range<Int>
  /// Frames that are memory, whether handed out or reserved (`present`).
  public let present: Int

  /// A zone whose memory is exactly `usable`.
  public init(_ kind: ZoneKind, usable: [Range<Int>]) {
    let start = usable.map(\.lowerBound).min() ?? 0
    self.init(
      kind, usable: usable, spanned: start..<(usable.map(\.upperBound).max() ?? start),
      present: usable.reduce(0) { $0 + $1.count })
  }

  /// A zone of memory that is there from end to end, less the frames that are `reserved`.
  public init(_ kind: ZoneKind, spanned: Range<Int>, reserved: [Range<Int>]) {
    var usable: [Range<Int>] = []
    var next = spanned.lowerBound
    for hole in reserved.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      let hole = hole.clamped(to: spanned)
      if hole.isEmpty { continue }
      if hole.lowerBound > next { usable.append(next..<hole.lowerBound) }
      next = max(next, hole.upperBound)
    }
    if next < spanned.upperBound { usable.append(next..<spanned.upperBound) }
    self.init(kind, usable: usable, spanned: spanned, present: spanned.count)
  }

  init(_ kind: ZoneKind, usable: [Range<Int>], spanned: Range<Int>, present: Int) {
    self.kind = kind
    self.usable = usable
    self.spanned = spanned
    self.present = present
  }

  /// Frames the page allocator gets (`managed`).
  public var managed: Int { usable.reduce(0) { $0 + $1.count } }
}

/// Why a machine cannot be built.
public enum MachineError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Not a number of bytes the machine can have.
  case badMemorySize(bytes: Int, kind: MachineKind)
  /// Not a number of processors.
  case badCPUCount(Int)
  /// The operating system did not reserve the address space.
  case noMemory(byteCount: Int)
  /// Zones that overlap or whose ranges are not ascending.
  case badLayout(String)

  public var description: String {
    switch self {
    case .badMemorySize(let bytes, let kind):
      "a machine of \(bytes) bytes cannot be built: \(kind.rawValue) takes a multiple of \(pageSize) "
        + "from \(Machine.minimumMemory) to \(kind.maximumMemory) bytes"
    case .badCPUCount(let count):
      "a machine cannot have \(count) CPUs: give 1 to \(Machine.maximumCPUs)"
    case .noMemory(let byteCount):
      "the operating system refused to reserve \(byteCount) bytes of address space; "
        + "ask for a smaller machine, or raise the limit (ulimit -v)"
    case .badLayout(let reason):
      "the zones cannot be laid out: \(reason)"
    }
  }
}
