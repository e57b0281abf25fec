import Testing

@testable import KernelMemory

@Suite("Contexts and scopes") struct ContextTests {
  private static let message =
    "sleeping function called from invalid context: the mask GFP_KERNEL has __GFP_DIRECT_RECLAIM, so "
    + "the allocation may sleep, but CPU 0 is in atomic context (hardware interrupt \"irq 11\"), where "
    + "nothing may; use GFP_ATOMIC, or GFP_NOWAIT where failing is cheap, or allocate before entering"

  @Test(
    "a mask that may sleep is refused in atomic context, though memory is plenty",
    arguments: [0, 1, 4, 10])
  func sleeping(order: Int) throws {
    let tight = try TightMachine()
    let irq = AtomicContext.hardInterrupt("irq 11")
    #expect(try tight.take(.kernel, order: order) != nil)
    let before = tight.machine.buddyinfo
    try tight.cpu.withAtomicContext(irq) { () throws in
      let error = #expect(throws: PageError.self) { try tight.take(.kernel, order: order) }
      #expect(error?.description == Self.message)
      #expect(tight.machine.buddyinfo == before)
      for gfp in [
        GFPFlags.noio, .nofs, .user, .highuserMovable, [.kernel, .nofail], .directReclaim,
      ] {
        #expect(throws: PageError.self) { try tight.take(gfp, order: order) }
      }
      for gfp in [GFPFlags.atomic, .nowait, [], [.atomic, .zero]] {
        #expect(try tight.take(gfp, order: order) != nil)
      }
    }
    #expect(try tight.take(.kernel, order: order) != nil)
  }

  @Test("refused even when memory is short, before anything else is tried")
  func sleepingUnderPressure() throws {
    let tight = try TightMachine()
    let cache = BlockCache(tight.machine)
    try cache.fill(100, cpu: tight.cpu)
    try tight.fill(leaving: 10)
    tight.machine.register(shrinker: cache.shrinker())
    try tight.cpu.withAtomicContext(.spinLock("&dev->lock")) { () throws in
      #expect(throws: PageError.self) { try tight.take(.kernel) }
      #expect(try tight.take(.atomic) == nil)
    }
    #expect(cache.count == 100 && tight.machine.count(of: .allocationStalls) == 0)
    #expect(try tight.take(.kernel) != nil)
  }

  @Test("object caches, kmalloc and vmalloc keep to the rule, too")
  func allocators() throws {
    let machine = try Machine(memory: 32 << 20)
    let cpu = machine.cpus[0]
    let slab = try SLUB(machine)
    let areas = try Vmalloc(machine: machine, cpu: cpu)
    let cache = try slab.createCache("things", size: 100)
    // The CPU has objects at hand, and is refused all the same.
    try cache.free(#require(try cache.allocate(gfp: .kernel, cpu: cpu)), cpu: cpu)
    let small = try slab.kmalloc(64, gfp: .kernel, cpu: cpu)
    try slab.kfree(small, cpu: cpu)
    try cpu.withAtomicContext(.hardInterrupt("irq 11")) { () throws in
      for call in [
        { _ = try cache.allocate(gfp: .kernel, cpu: cpu) },
        { _ = try slab.kmalloc(64, gfp: .kernel, cpu: cpu) },
      ] as [() throws -> Void] {
        let error = #expect(throws: SlabError.self) { try call() }
        #expect(error?.description == Self.message)
      }
      let error = #expect(throws: VmallocError.self) {
        _ = try areas.vmalloc(10_000, gfp: .kernel, cpu: cpu)
      }
      #expect(error?.description == Self.message)
      #expect(throws: SlabError.self) { try slab.kmalloc(64, gfp: [.kernel, .zero], cpu: cpu) }
      #expect(throws: SlabError.self) { try slab.kmalloc(100_000, gfp: .kernel, cpu: cpu) }
      #expect(try cache.allocate(gfp: .atomic, cpu: cpu) != nil)
      #expect(try slab.kmalloc(64, gfp: .nowait, cpu: cpu) != nil)
    }
    #expect(try cache.allocate(gfp: .kernel, cpu: cpu) != nil)
  }

  @Test("contexts nest, and are left in reverse order, once each")
  func nesting() throws {
    let tight = try TightMachine()
    let cpu = tight.cpu
    defer { withExtendedLifetime(tight) {} }
    let (lock, irq) = (AtomicContext.spinLock("a"), AtomicContext.softInterrupt("NET_RX"))
    #expect(!cpu.isAtomic)
    cpu.enterAtomicContext(lock)
    cpu.enterAtomicContext(irq)
    #expect(throws: ContextError.notEntered("atomic context (spinlock held \"a\")", cpu: 0)) {
      try cpu.leaveAtomicContext(lock)
    }
    #expect(throws: ContextError.sleepsInAtomicContext(.kernel, irq, cpu: 0)) {
      try cpu.checkMayAllocate(.kernel)
    }
    try cpu.leaveAtomicContext(irq)
    #expect(cpu.isAtomic)
    try cpu.leaveAtomicContext(lock)
    #expect(!cpu.isAtomic)
    try cpu.checkMayAllocate(.kernel)
    let error = #expect(throws: ContextError.self) { try cpu.leaveAtomicContext(lock) }
    #expect(
      error?.description
        == "CPU 0 leaves atomic context (spinlock held \"a\"), which is not what it "
        + "entered last; leave in reverse order, once each")
    cpu.enter(.noIO)
    let scope = #expect(throws: ContextError.self) { try cpu.leave(.noFS) }
    #expect(
      scope?.description
        == "CPU 0 leaves the scope memalloc_nofs, which is not what it entered last; "
        + "leave in reverse order, once each")
    try cpu.leave(.noIO)
  }

  @Test("a body that throws leaves its context, with what it entered itself")
  func throwing() throws {
    struct Failure: Error {}
    let tight = try TightMachine()
    let cpu = tight.cpu
    defer { withExtendedLifetime(tight) {} }
    #expect(throws: Failure.self) {
      try cpu.withAtomicContext(.preemptionOff("get_cpu")) {
        cpu.enterAtomicContext(.spinLock("forgotten"))
        throw Failure()
      }
    }
    #expect(!cpu.isAtomic)
    #expect(throws: Failure.self) { try cpu.within(.pin) { throw Failure() } }
    #expect(cpu.context.scopes.isEmpty)
    #expect(!cpu.isSlowed)
  }

  @Test("one CPU's context is not another's")
  func perCPU() throws {
    let tight = try TightMachine(cpus: 2)
    try tight.cpu.withAtomicContext(.hardInterrupt("irq 0")) { () throws in
      #expect(
        try tight.machine.allocatePages(order: 4, gfp: .kernel, cpu: tight.machine.cpus[1]) != nil)
    }
  }

  @Test("scopes take bits away from every mask")
  func scopes() throws {
    var context = CPUContext()
    #expect(context.applied(to: .kernel) == .kernel)
    context.scopes = [.noFS]
    #expect(context.applied(to: [.kernel, .zero]) == [.nofs, .zero])
    context.scopes = [.noIO]
    #expect(context.applied(to: .kernel) == .noio)
    context.scopes = [.noFS, .noIO, .noReclaim]
    #expect(context.applied(to: .highuserMovable) == [.noio, .hardwall, .highmem, .movable])
    context.scopes = [.pin]
    #expect(context.applied(to: .highuserMovable) == .highuser)
  }

  @Test("a task that must not reclaim has all reserves, unless the mask refuses them")
  func noReclaim() throws {
    let tight = try TightMachine()
    let cache = BlockCache(tight.machine)
    try cache.fill(10, cpu: tight.cpu)
    try tight.fill(leaving: 2)
    tight.machine.register(shrinker: cache.shrinker())
    try tight.cpu.within(.noReclaim) { () throws in
      #expect(try tight.take([.kernel, .nomemalloc]) == nil)
      #expect(try tight.take(.kernel) != nil)
      #expect(try tight.take(.nowait) != nil)
      #expect(try tight.take(.kernel) == nil)
      // An interrupt does not inherit the task's rights; a soft interrupt may have its own.
      #expect(cache.count == 10 && tight.machine.count(of: .allocationStalls) == 0)
    }
    var context = CPUContext()
    context.scopes = [.noReclaim]
    #expect(context.reserves(for: .kernel, isVictim: false) == .noWatermarks)
    context.atomic = [.hardInterrupt("irq 1")]
    #expect(context.reserves(for: .atomic, isVictim: false) == nil)
    context.atomic = [.softInterrupt("NET_RX")]
    #expect(context.reserves(for: .atomic, isVictim: false) == .noWatermarks)
    context = CPUContext()
    #expect(context.reserves(for: .kernel, isVictim: true) == .oomVictim)
    #expect(context.reserves(for: [.kernel, .nomemalloc], isVictim: true) == nil)
    context.atomic = [.hardInterrupt("irq 1")]
    #expect(context.reserves(for: .atomic, isVictim: true) == nil)
    #expect(context.reserves(for: [.atomic, .memalloc], isVictim: true) == .noWatermarks)
  }

  @Test("a real-time task may use half of the reserve")
  func realTime() throws {
    let tight = try TightMachine()
    try tight.fill(leaving: 112)
    let task = FakeProcess("rt", pid: 7)
    #expect(try tight.take([.kernel, .noretry]) == nil)
    try tight.cpu.run(as: task) { () throws in #expect(try tight.take([.kernel, .noretry]) == nil) }
    try tight.cpu.run(as: task, realTime: true) { () throws in
      #expect(try tight.take([.kernel, .noretry]) != nil)
      tight.machine.drainAll()
      #expect(try tight.take([.kernel, .noretry]) == nil)
      #expect(tight.zone.freePages == 111)
    }
    #expect(tight.cpu.context.task == nil)
  }

  @Test("a pinned page is not taken from a zone that must stay movable")
  func pin() throws {
    let old = try Machine(kind: .x86_32, memory: 900 << 20, reserved: [5000..<229_000])
    let page = try old.cpus[0].within(.pin) {
      try old.allocatePages(order: 4, gfp: .highuserMovable, cpu: old.cpus[0])
    }
    #expect(page != nil)
  }
}
