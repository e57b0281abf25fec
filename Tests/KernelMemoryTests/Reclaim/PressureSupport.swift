@testable import KernelMemory

/// A machine with one zone of 12288 pages and watermarks of 221, 276 and 331, whose free pages can be set exactly.
struct TightMachine {
  let machine: Machine
  let cpu: CPU
  let zone: Zone

  init(
    memory: Int = 64 << 20, cpus: Int = 1, kswapd: ReclaimSettings.KswapdMode = .manual
  ) throws {
    machine = try Machine(memory: memory, cpus: cpus, reserved: [0..<4096])
    cpu = machine.cpus[0]
    zone = machine.node.zones[1]
    var settings = ReclaimSettings()
    settings.kswapdMode = kswapd
    settings.warningInterval = .zero
    settings.patience = 20
    machine.reclaimSettings = settings
  }

  /// Allocates pages from the reserves until exactly so many are free, all in the buddy lists.
  @discardableResult
  func fill(leaving free: Int) throws -> [PageFrame] {
    machine.drainAll()
    var pages: [PageFrame] = []
    var left = max(zone.freePages - free, 0)
    var order = maxOrder
    while left > 0 {
      while 1 << order > left { order -= 1 }
      if let block = try machine.allocatePages(order: order, gfp: .memalloc, cpu: cpu) {
        try machine.splitPages(block, order: order)
        pages += (block.number..<block.number + (1 << order)).map { PageFrame($0) }
        left -= 1 << order
        // A refill brings more than was asked for.
        machine.drainAll()
      } else if order > 0 {
        order -= 1
      } else {
        break
      }
    }
    machine.drainAll()
    return pages
  }

  func take(_ gfp: GFPFlags, order: Int = 0) throws -> PageFrame? {
    try machine.allocatePages(order: order, gfp: gfp, cpu: cpu)
  }
}

extension CPU {
  /// Whether a context, a scope or reclaim sends the CPU's calls to slow paths.
  var isSlowed: Bool {
    let bits = CPUGuard.reclaiming | GFPFlags([.directReclaim, .movable]).rawValue
    return state.pointee.guarded.slowBits.load(ordering: .relaxed) & bits != 0
  }
}

/// A cache of blocks of pages that gives them back when asked, and writes down how it was asked.
final class BlockCache: Sendable {
  /// Not kept alive, since the machine keeps the shrinker and so the cache.
  unowned let machine: Machine
  let order: Int
  /// Masks without this cannot be served.
  let needs: GFPFlags
  let asked = Locked<[ShrinkControl]>([])
  private let blocks = Locked<[PageFrame]>([])

  init(_ machine: Machine, order: Int = 4, needs: GFPFlags = []) {
    self.machine = machine
    self.order = order
    self.needs = needs
  }

  var count: Int { blocks.withLock { $0.count } }
  /// The masks of the calls to free, runs of equal ones as one.
  var masks: [GFPFlags] {
    asked.withLock { $0.map(\.gfp) }.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }

  /// Fills the cache with blocks, or with what there is.
  func fill(_ count: Int, cpu: CPU) throws {
    for _ in 0..<count {
      guard let block = try machine.allocatePages(order: order, gfp: .memalloc, cpu: cpu) else {
        return
      }
      blocks.withLock { $0.append(block) }
    }
  }

  func shrinker(name: String = "blocks", seeks: Int = 2, batch: Int = 128) -> Shrinker {
    Shrinker(
      name: name, seeks: seeks, batch: batch, objectSize: pageSize << order,
      count: { [self] _ in count },
      scan: { [self] control in
        asked.withLock { $0.append(control) }
        guard control.gfp.contains(needs) else { return nil }
        var freed = 0
        while freed < control.target, let block = blocks.withLock({ $0.popLast() }) {
          try! machine.freePages(block, order: order, cpu: control.cpu)
          freed += 1
        }
        return freed
      })
  }
}

/// A process that owns pages.
final class FakeProcess: OOMCandidate {
  let name: String
  let pid: Int
  let uid: Int
  let swapEntries: Int
  let pageTablePages: Int
  let oomScoreAdjustment: Int
  let isKillable: Bool
  /// Whether it holds on to its memory when it is killed.
  let isSlow: Bool
  /// Not kept alive, as by ``BlockCache``.
  private unowned let machine: Machine?
  private let pages: Locked<[PageFrame]>
  private let extra: Int
  private let wasKilled = Locked(false)

  init(
    _ name: String, pid: Int, uid: Int = 0, machine: Machine? = nil, pages: [PageFrame] = [],
    claims extra: Int = 0, swap: Int = 0, pageTables: Int = 0, adjustment: Int = 0,
    isKillable: Bool = true, isSlow: Bool = false
  ) {
    self.name = name
    self.pid = pid
    self.uid = uid
    self.machine = machine
    self.pages = Locked(pages)
    self.extra = extra
    swapEntries = swap
    pageTablePages = pageTables
    oomScoreAdjustment = adjustment
    self.isKillable = isKillable
    self.isSlow = isSlow
  }

  var isKilled: Bool { wasKilled.withLock { $0 } }
  var residentPages: ResidentPages {
    let pages = pages.withLock { $0.count }
    return ResidentPages(anonymous: isKilled && !isSlow ? 0 : pages + extra)
  }
  var totalVirtualPages: Int { residentPages.total * 2 }

  func kill(cpu: CPU) {
    wasKilled.withLock { $0 = true }
    if !isSlow { release(cpu: cpu) }
  }

  func release(cpu: CPU) {
    for page in pages.withLock({ pages in
      defer { pages = [] }
      return pages
    }) {
      try! machine?.freePages(page, order: 0, cpu: cpu)
    }
  }
}
