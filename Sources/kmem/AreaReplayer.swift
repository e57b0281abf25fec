import AllocationTrace
import KernelMemory

/// Performs a recording's operations on virtual areas, and verifies that what was written is read back.
///
/// Two layers are recorded and may tell of the same area: the addresses (`map-area`) and, where vmalloc was probed, the
/// memory (`vmalloc`). Each layer is performed on an object of its own, on a machine of their own; the pages below
/// them are page operations of the recording too.
struct AreaReplayer: ~Copyable {
  struct Area: BitwiseCopyable {
    /// 0 where it was not served.
    var start: UInt64 = 0
    var size = 0
  }

  let machine: Machine
  let addresses: Vmalloc
  let memory: Vmalloc
  var counts = AreaCounts()
  var violation: String?
  private var live = LiveTable(blank: Area())

  init(on machine: Machine) throws(Failure) {
    let spaces: (Vmalloc, Vmalloc)
    do throws(VmallocError) {
      let cpu = machine.cpus[0]
      spaces = (
        try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: cpu),
        try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: cpu)
      )
    } catch {
      throw .input("\(error)")
    }
    self.machine = machine
    (addresses, memory) = spaces
  }

  /// Takes the addresses of areas that were there before the recording; `isFreed` ones wait for a purge.
  mutating func occupy(_ areas: [(range: Range<VirtualAddress>, isFreed: Bool)]) {
    for area in areas {
      let size = area.range.upperBound.distance(from: area.range.lowerBound)
      let start = try? addresses.allocateArea(
        size: size, range: area.range, cpu: machine.cpus[0])
      guard start != nil else { continue }
      counts.areasBefore += 1
      if area.isFreed { try? addresses.freeArea(at: area.range.lowerBound) }
    }
  }

  mutating func perform(
    _ operation: KernelOperation, index: Int, mask: GFPFlags?
  ) {
    if violation != nil { return }
    let cpu = machine.cpus[Int(operation.cpu) % machine.cpus.count]
    do throws(VmallocError) {
      switch operation.verb {
      case .mapArea: try map(operation, index, cpu)
      case .vmalloc: try allocate(operation, index, mask, cpu)
      case .purgeAreas:
        counts.purged += addresses.purge().count
        counts.purges += 1
      default: try free(operation, cpu)
      }
    } catch {
      counts.skipped[ReplaySkip.refused.rawValue] += 1
      counts.note("operation #\(index): \(error)")
      if operation.verb.allocates { live.set(index, Area()) }
    }
  }

  private mutating func map(_ operation: KernelOperation, _ index: Int, _ cpu: CPU)
    throws(VmallocError)
  {
    let range = Self.address(operation.low)..<Self.address(max(operation.low, operation.high))
    guard
      let start = try addresses.allocateArea(
        size: operation.size, align: max(1, operation.given), range: range, cpu: cpu)
    else { return refuse(index, .unserved) }
    counts.maps += 1
    var kept = start
    let recorded = Self.address(operation.frame)
    if start == recorded {
      counts.addressesAgree += 1
    } else {
      counts.addressesDiffer += 1
      if counts.addressNotes.count < 4 {
        counts.addressNotes.append(
          "operation #\(index): \(operation.size) bytes lie at \(start), in the recording at "
            + "\(recorded)")
      }
      // The next request is judged by the recorded kernel's addresses again, not by ours.
      let place = recorded..<recorded + max(operation.size, pageSize)
      if try addresses.allocateArea(size: operation.size, range: place, cpu: cpu) != nil {
        try addresses.freeArea(at: start)
        kept = recorded
      }
    }
    live.set(index, Area(start: kept.rawValue, size: operation.size))
  }

  private mutating func allocate(
    _ operation: KernelOperation, _ index: Int, _ mask: GFPFlags?, _ cpu: CPU
  ) throws(VmallocError) {
    guard let mask else { return refuse(index, .unknownMask) }
    guard
      let start = try memory.vmalloc(
        operation.size, gfp: mask, align: max(1, operation.given), cpu: cpu)
    else { return refuse(index, .unserved) }
    counts.allocations += 1
    counts.peakPages = max(counts.peakPages, memory.usedBytes / pageSize)
    live.set(index, Area(start: start.rawValue, size: operation.size))
    stamp(start, operation.size, index)
  }

  private mutating func free(_ operation: KernelOperation, _ cpu: CPU) throws(VmallocError) {
    guard let area = live.value(operation.block) else {
      counts.skipped[ReplaySkip.noBlock.rawValue] += 1
      return
    }
    guard area.start != 0 else {
      _ = live.remove(operation.block)
      counts.skipped[ReplaySkip.notServed.rawValue] += 1
      return
    }
    let start = VirtualAddress(area.start)
    if operation.verb == .vfree {
      verify(start, area.size, operation.block)
      try memory.vfree(start, cpu: cpu)
      counts.frees += 1
    } else {
      try addresses.freeArea(at: start)
      counts.unmaps += 1
    }
    _ = live.remove(operation.block)
  }

  private mutating func refuse(_ index: Int, _ reason: ReplaySkip) {
    counts.skipped[reason.rawValue] += 1
    live.set(index, Area())
  }

  /// Writes into the first and the last word of an area, through its page tables.
  private mutating func stamp(_ start: VirtualAddress, _ size: Int, _ operation: Int) {
    guard size >= 8 else { return }
    do throws(VmallocFault) {
      try memory.store(UInt64(operation), at: start)
      try memory.store(~UInt64(operation), at: start + (size - 8))
    } catch {
      violation = violation ?? "areas: operation #\(operation): \(error)"
    }
  }

  private mutating func verify(_ start: VirtualAddress, _ size: Int, _ operation: Int) {
    guard size >= 16 else { return }
    do throws(VmallocFault) {
      let first = try memory.load(at: start, as: UInt64.self)
      let last = try memory.load(at: start + (size - 8), as: UInt64.self)
      if first != UInt64(operation) || last != ~UInt64(operation) {
        violation =
          violation
          ?? "areas: what operation #\(operation) wrote at \(start) is gone: two areas share a page"
      }
    } catch {
      violation = violation ?? "areas: operation #\(operation): \(error)"
    }
  }

  private static func address(_ page: Int) -> VirtualAddress {
    VirtualAddress(UInt64(page) << 12)
  }

  /// Checks everything, gives back what the recording left live, and looks for pages that do not come back.
  mutating func account() {
    if violation != nil { return }
    do throws(VmallocViolation) {
      try addresses.checkInvariants()
      try memory.checkInvariants()
    } catch {
      violation = "areas: \(error)"
      return
    }
    counts.mapsLeft = counts.maps - counts.unmaps
    counts.allocationsLeft = counts.allocations - counts.frees
    counts.tablePages = addresses.pageTablePages + memory.pageTablePages
    counts.pagesAtEnd = memory.usedBytes / pageSize
    let cpu = machine.cpus[0]
    var left: [Area] = []
    live.forEach { if $1.start != 0 { left.append($1) } }
    for area in left {
      // An area is of one layer or the other.
      let start = VirtualAddress(area.start)
      if memory.area(containing: start)?.start == start { try? memory.vfree(start, cpu: cpu) }
    }
    _ = addresses.tearDown(cpu: cpu)
    let forgotten = memory.tearDown(cpu: cpu)
    let kept = machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
    if !forgotten.isEmpty || kept != 0 {
      violation =
        "areas: a leak: \(kept) pages and \(forgotten.count) areas are still held after everything was given back"
    }
  }
}

/// What a replay of areas did.
struct AreaCounts {
  var maps = 0
  var unmaps = 0
  var purges = 0
  /// Areas that purges made usable.
  var purged = 0
  var allocations = 0
  var frees = 0
  var skipped = [Int](repeating: 0, count: ReplaySkip.allCases.count)
  var refusals: [String] = []
  /// Areas that were there before the recording, by a snapshot.
  var areasBefore = 0
  var addressesAgree = 0
  var addressesDiffer = 0
  var addressNotes: [String] = []
  var peakPages = 0
  var pagesAtEnd = 0
  var tablePages = 0
  var mapsLeft = 0
  var allocationsLeft = 0

  var performed: Int { maps + unmaps + purges + allocations + frees }

  mutating func note(_ message: String) {
    if refusals.count < 8 { refusals.append(message) }
  }
}
