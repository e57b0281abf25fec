import PropertyTesting
import PropertyTestingSupport
import Testing

@testable import KernelMemory

/// Random sequences of calls against a model that knows what is live, with all invariants after every call.
@Suite("Random commands of vmalloc") struct VmallocRandomTests {
  @Test("one CPU, little memory")
  func one() async {
    let report = await checkProperty("addresses, pages and tables stay in order", runs: 60) {
      try Self.commands($0, cpus: 1)
    }
    #expect(report.labels["exhausted", default: 0] > 2)
    #expect(report.labels["purged", default: 0] > 5)
    #expect(report.labels["refused", default: 0] > 5)
  }

  @Test("three CPUs with pools of addresses")
  func three() async {
    let report = await checkProperty("pools of addresses lose none", runs: 60) {
      try Self.commands($0, cpus: 3)
    }
    #expect(report.labels["from a pool", default: 0] > 2)
  }

  private static func commands(_ choices: Choices, cpus: Int) throws {
    let model = try VmallocModel(cpus: cpus)
    try choices.commands(average: 25, max: 200) {
      let cpu = try choices.draw(0...cpus - 1)
      switch try choices.weighted([8, 8, 2, 2, 3, 2, 2, 1]) {
      case 0:
        let pages = try choices.draw(1...[4, 40, 700][try choices.weighted([10, 4, 1])])
        let align = 1 << (try choices.weighted([6, 1, 1, 1, 1]) * 3)
        try model.allocate(pages: pages, align: align * pageSize, cpu: cpu, choices)
      case 1 where !model.live.isEmpty:
        try model.free(try choices.draw(0...model.live.count - 1), cpu: cpu, choices)
      case 2: try model.map(pages: try choices.draw(1...5), cpu: cpu, choices)
      case 3: model.purge(full: try choices.bool(), choices)
      case 4: try model.touch(choices)
      case 5: try model.badFree(choices)
      case 6:
        try model.failing(pages: try choices.draw(1...9), at: try choices.draw(1...14), choices)
      case 7: try model.huge(cpu: cpu, choices)
      default: break
      }
      try model.check()
    }
    try model.end()
  }
}

/// What must be true of a ``Vmalloc`` after the calls made so far.
private final class VmallocModel {
  struct Area {
    let start: VirtualAddress
    let pages: Int
    let stamp: UInt64
    /// Pages of others that it shows.
    let frames: [PageFrame]
  }
  struct Wrong: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  let machine: Machine
  let vmalloc: Vmalloc
  private(set) var live: [Area] = []
  private var stamps: UInt64 = 0

  init(cpus: Int) throws {
    machine = try Machine(memory: 5 << 20, cpus: cpus)
    vmalloc = try Vmalloc(machine: machine, preallocatesTopLevel: false, cpu: machine.cpus[0])
  }

  private var allocated: Int {
    machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
  }

  func allocate(pages: Int, align: Int, cpu: Int, _ choices: Choices) throws {
    choices.note("vmalloc(\(pages) pages, align: \(align)) on CPU \(cpu)")
    let before = vmalloc.statistics.fromPools
    let start = try vmalloc.vmalloc(
      pages * pageSize - 1, align: align, caller: "model", cpu: machine.cpus[cpu])
    if vmalloc.statistics.fromPools > before { choices.label("from a pool") }
    guard let start else {
      choices.label("exhausted")
      return
    }
    guard start.rawValue % UInt64(align) == 0 else { throw Wrong("\(start) is not aligned") }
    try add(start, pages, [])
  }

  func huge(cpu: Int, _ choices: Choices) throws {
    choices.note("vmallocHuge(2 MiB) on CPU \(cpu)")
    guard let start = try vmalloc.vmallocHuge(2 << 20, cpu: machine.cpus[cpu]) else { return }
    try add(start, 512, [])
  }

  func map(pages: Int, cpu: Int, _ choices: Choices) throws {
    choices.note("vmap(\(pages) pages) on CPU \(cpu)")
    var frames: [PageFrame] = []
    while frames.count < pages,
      let frame = try machine.allocatePages(order: 0, gfp: .kernel, cpu: machine.cpus[cpu])
    {
      frames.append(frame)
    }
    if frames.count == pages, let start = try vmalloc.vmap(frames, cpu: machine.cpus[cpu]) {
      try add(start, pages, frames)
    } else {
      for frame in frames { try machine.freePages(frame, order: 0, cpu: machine.cpus[cpu]) }
    }
  }

  /// No two areas may touch: at least the guard page lies between them.
  private func add(_ start: VirtualAddress, _ pages: Int, _ frames: [PageFrame]) throws {
    let end = start + (pages + 1) * pageSize
    guard vmalloc.layout.vmalloc.contains(start), end <= vmalloc.layout.vmalloc.upperBound else {
      throw Wrong("\(start) is out of the range")
    }
    for other in live where start < other.start + (other.pages + 1) * pageSize && other.start < end
    {
      throw Wrong("\(start) overlaps the area at \(other.start)")
    }
    stamps += 1
    for page in 0..<pages { try vmalloc.store(stamps, at: start + page * pageSize + 40) }
    live.append(Area(start: start, pages: pages, stamp: stamps, frames: frames))
  }

  func free(_ index: Int, cpu: Int, _ choices: Choices) throws {
    let area = live.remove(at: index)
    choices.note("free \(area.start) on CPU \(cpu)")
    try verify(area)
    let cpu = machine.cpus[cpu]
    if area.frames.isEmpty {
      try vmalloc.vfree(area.start, caller: "model", cpu: cpu)
    } else {
      try vmalloc.vunmap(area.start, caller: "model", cpu: cpu)
      for frame in area.frames { try machine.freePages(frame, order: 0, cpu: cpu) }
    }
    // Gone at once, though the addresses wait.
    do {
      _ = try vmalloc.load(at: area.start, as: UInt8.self)
    } catch {
      guard case .freed = error.reason else { throw Wrong("\(error)") }
      return
    }
    throw Wrong("\(area.start) can be read after its free")
  }

  func purge(full: Bool, _ choices: Choices) {
    choices.note("purge(full: \(full))")
    if vmalloc.purge(full: full).count > 0 { choices.label("purged") }
  }

  /// A request whose n-th page fails leaves nothing behind but tables.
  func failing(pages: Int, at request: Int, _ choices: Choices) throws {
    choices.note("vmalloc(\(pages) pages), page request \(request) fails")
    let before = allocated - vmalloc.pageTablePages
    try machine.injectFaults(.nth(request))
    let start = try vmalloc.vmalloc(pages * pageSize, cpu: machine.cpus[0])
    machine.stopFaults()
    if let start {
      try vmalloc.vfree(start, cpu: machine.cpus[0])
    } else {
      choices.label("failed half way")
    }
    guard allocated - vmalloc.pageTablePages == before else {
      throw Wrong(
        "pages leaked: \(before) were allocated, now \(allocated - vmalloc.pageTablePages)")
    }
  }

  /// An address that starts nothing is refused, and nothing changes.
  func badFree(_ choices: Choices) throws {
    let offset = try choices.draw(0...40) * pageSize + (try choices.bool() ? 8 : 0)
    let address = vmalloc.layout.vmalloc.lowerBound + offset
    if live.contains(where: { $0.start == address }) { return }
    choices.note("bad free of \(address)")
    let before = vmalloc.vmallocinfo + machine.buddyinfo
    do {
      try vmalloc.vfree(address, cpu: machine.cpus[0])
    } catch {
      choices.label("refused")
      guard vmalloc.vmallocinfo + machine.buddyinfo == before else {
        throw Wrong("a refusal changed something")
      }
      return
    }
    if vmalloc.areas.contains(where: { $0.start == address }) { throw Wrong("freed, yet there") }
    throw Wrong("a bad free was accepted")
  }

  /// Every address is readable exactly when an area covers it.
  func touch(_ choices: Choices) throws {
    let address = vmalloc.layout.vmalloc.lowerBound + (try choices.draw(0...90)) * pageSize
    let covered = vmalloc.areas.contains { $0.start <= address && address < $0.usableEnd }
    let isReadable = (try? vmalloc.load(at: address, as: UInt8.self)) != nil
    guard covered == isReadable else {
      throw Wrong("\(address) is \(isReadable ? "" : "not ")readable")
    }
  }

  private func verify(_ area: Area) throws {
    for page in 0..<area.pages {
      guard try vmalloc.load(at: area.start + page * pageSize + 40, as: UInt64.self) == area.stamp
      else { throw Wrong("\(area.start) lost the contents of page \(page)") }
    }
  }

  func check() throws {
    try vmalloc.checkInvariants()
    try machine.checkInvariants()
    for area in live.suffix(4) { try verify(area) }
    let own = live.filter(\.frames.isEmpty).reduce(0) { $0 + $1.pages }
    // Lists of pages that are areas themselves are used pages, too.
    guard vmalloc.usedBytes / pageSize >= own else {
      throw Wrong("\(vmalloc.usedBytes / pageSize) pages count as used, but \(own) are")
    }
  }

  func end() throws {
    for area in live {
      try verify(area)
      if area.frames.isEmpty {
        try vmalloc.vfree(area.start, cpu: machine.cpus[0])
      } else {
        try vmalloc.vunmap(area.start, cpu: machine.cpus[0])
        for frame in area.frames { try machine.freePages(frame, order: 0, cpu: machine.cpus[0]) }
      }
    }
    vmalloc.purge(full: true)
    try vmalloc.checkInvariants()
    let whole = vmalloc.layout.areas.upperBound.distance(from: vmalloc.layout.areas.lowerBound)
    guard vmalloc.areas.isEmpty, vmalloc.largestHole == whole else {
      throw Wrong("addresses are lost: the largest hole has \(vmalloc.largestHole) bytes")
    }
    guard vmalloc.tearDown(cpu: machine.cpus[0]).isEmpty, allocated == 0 else {
      throw Wrong("\(allocated) pages leaked")
    }
  }
}
