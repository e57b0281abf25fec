import PropertyTesting
import PropertyTestingSupport
import Testing

@testable import KernelMemory

/// Random calls on a machine that is nearly always short of memory, with all invariants after every one.
@Suite("Random commands under pressure") struct PressureCommandTests {
  @Test("nothing is lost, no rule of a mask is broken, and every call ends")
  func commands() async {
    let report = await checkProperty("a machine under pressure keeps its memory in order", runs: 60)
    { choices in
      let model = try PressureModel()
      try choices.commands(average: 40, max: 300) {
        try model.step(choices)
        try model.check()
      }
    }
    for label in ["refused", "reclaimed", "failed", "killed", "injected", "kswapd", "panic"] {
      #expect(report.labels[label, default: 0] > 0, "never \(label)")
    }
  }
}

private final class PressureModel {
  struct Wrong: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  let machine: Machine
  let cache: BlockCache
  var live: [(frame: PageFrame, order: Int)] = []
  var processes: [FakeProcess] = []
  var injection: FaultInjection?
  private var pids = 0

  init() throws {
    machine = try Machine(memory: 4 << 20, cpus: 2)
    var settings = ReclaimSettings()
    settings.patience = 5
    settings.warningInterval = .zero
    machine.reclaimSettings = settings
    cache = BlockCache(machine, order: 2, needs: .io)
    machine.register(shrinker: cache.shrinker(batch: 4))
    // Half of it is never free.
    for _ in 0..<30 {
      if let block = try machine.allocatePages(order: 4, gfp: .memalloc, cpu: machine.cpus[0]) {
        live.append((block, 4))
      }
    }
  }

  private static let masks: [GFPFlags] = [
    .kernel, .atomic, .nowait, .noio, .nofs, [.kernel, .noretry], [.kernel, .retryMayfail],
    [.kernel, .nofail], [.kernel, .memalloc], [.kernel, .nomemalloc], .highuserMovable,
    [.kernel, .zero], [],
  ]

  func step(_ choices: Choices) throws {
    let cpu = machine.cpus[try choices.draw(0...1)]
    switch try choices.weighted([24, 8, 6, 4, 4, 2, 2, 3, 4, 3]) {
    case 0: try allocate(choices, cpu)
    case 1 where !live.isEmpty:
      let block = live.remove(at: try choices.draw(0...live.count - 1))
      choices.note("free \(block.frame) order \(block.order) on CPU \(cpu.number)")
      try machine.freePages(block.frame, order: block.order, cpu: cpu)
    case 2:
      let count = try choices.draw(1...30)
      choices.note("cache \(count) blocks")
      try cache.fill(count, cpu: cpu)
    case 3:
      if cpu.isAtomic {
        choices.note("CPU \(cpu.number) leaves its context")
        try cpu.leaveAtomicContext(.spinLock("lock"))
      } else {
        choices.note("CPU \(cpu.number) takes a lock")
        cpu.enterAtomicContext(.spinLock("lock"))
      }
    case 4:
      let scope = try choices.element(of: AllocationScope.allCases)
      if cpu.context.scopes.last == scope {
        choices.note("CPU \(cpu.number) leaves \(scope)")
        try cpu.leave(scope)
      } else if cpu.context.scopes.isEmpty {
        choices.note("CPU \(cpu.number) enters \(scope)")
        cpu.enter(scope)
      }
    case 5:
      let interval = try choices.draw(0...4)
      choices.note("fail every \(interval)")
      if interval == 0 {
        machine.stopFaults()
      } else {
        injection = try machine.injectFaults(.every(interval))
      }
    case 6:
      choices.note("drain")
      machine.drainAll()
    case 7:
      choices.note("run kswapd")
      if machine.runKswapd(cpu: cpu) > 0 { choices.label("kswapd") }
    case 8: try start(choices)
    case 9:
      // What is free without reclaim, so that memory is at its end.
      choices.note("use up memory")
      while let page = try machine.allocatePages(order: 0, gfp: [.nowait], cpu: cpu) {
        live.append((page, 0))
      }
    default: break
    }
  }

  private func start(_ choices: Choices) throws {
    let count = min(try choices.draw(0...200), live.count)
    var pages: [PageFrame] = []
    for block in live.suffix(count) {
      try machine.splitPages(block.frame, order: block.order)
      pages += (0..<1 << block.order).map { PageFrame(block.frame.number + $0) }
    }
    live.removeLast(count)
    pids += 1
    choices.note("process \(pids) with \(pages.count) pages")
    let process = FakeProcess("p\(pids)", pid: pids, machine: machine, pages: pages)
    processes.append(process)
    machine.register(process: process)
  }

  private func allocate(_ choices: Choices, _ cpu: CPU) throws {
    let gfp = try choices.element(of: Self.masks)
    let order = try choices.weighted([20, 6, 4, 3, 2, 1])
    choices.note("allocate order \(order) \(gfp) on CPU \(cpu.number)")
    let stalls = machine.count(of: .allocationStalls)
    let failures = injection?.failures ?? 0
    let before = machine.buddyinfo
    do {
      let page = try machine.allocatePages(order: order, gfp: gfp, cpu: cpu)
      if let page { live.append((page, order)) } else { choices.label("failed") }
      if gfp.mayBlock && cpu.isAtomic { throw Wrong("served in atomic context") }
      if gfp.contains([.nofail, .directReclaim]) && page == nil { throw Wrong("nil for nofail") }
    } catch let error as PageError {
      switch error {
      case .badContext:
        choices.label("refused")
        if !gfp.mayBlock || !cpu.isAtomic { throw Wrong("refused without a reason") }
        if machine.buddyinfo != before { throw Wrong("a refusal changed something") }
      case .stuck: if !gfp.contains(.nofail) { throw error }
      case .panic:
        choices.label("panic")
        if !gfp.contains(.fs) || processes.contains(where: { !$0.isKilled }) { throw error }
      default: throw error
      }
    }
    let more = machine.count(of: .allocationStalls) - stalls
    if more > 0 && !gfp.mayBlock { throw Wrong("\(gfp) reclaimed") }
    if more > 0 && cpu.context.scopes.contains(.noReclaim) { throw Wrong("reclaimed within scope") }
    if more > 1 && gfp.contains(.noretry) { throw Wrong("\(gfp) reclaimed \(more) times") }
    if more > 0 { choices.label("reclaimed") }
    if (injection?.failures ?? 0) > failures { choices.label("injected") }
    if machine.count(of: .oomKills) > 0 { choices.label("killed") }
  }

  func check() throws {
    try machine.checkInvariants()
    let allocated = machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated }
    let owned =
      live.reduce(0) { $0 + 1 << $1.order } + cache.count << cache.order
      + processes.reduce(0) { $0 + ($1.isKilled ? 0 : $1.residentPages.total) }
    guard allocated == owned else {
      throw Wrong("\(allocated) pages are allocated, but \(owned) have owners")
    }
    for cpu in machine.cpus where cpu.context.reclaimed != nil {
      throw Wrong("CPU \(cpu.number) still reclaims")
    }
  }
}
