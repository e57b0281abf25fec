import Testing

@testable import KernelMemory

@Suite("The out-of-memory killer") struct OOMTests {
  /// A machine at its min watermark, all of whose pages processes own.
  private static func exhausted() throws -> (TightMachine, pages: [PageFrame]) {
    let tight = try TightMachine()
    let pages = try tight.fill(leaving: 150)
    return (tight, pages)
  }

  @Test("the process with most memory dies, its memory serves the request, and the log says all")
  func kill() throws {
    let (tight, pages) = try Self.exhausted()
    let small = FakeProcess(
      "sh", pid: 12, uid: 5, machine: tight.machine, pages: Array(pages[..<1000]))
    let large = FakeProcess(
      "hog", pid: 345, uid: 1000, machine: tight.machine, pages: Array(pages[1000..<9000]),
      swap: 50,
      pageTables: 20, adjustment: 10)
    let daemon = FakeProcess("sshd", pid: 9, claims: 9000, adjustment: -1000)
    for process in [daemon, small, large] { tight.machine.register(process: process) }
    let page = try tight.cpu.run(as: small) { try tight.take(.kernel) }
    #expect(page != nil)
    #expect(large.isKilled && !small.isKilled && !daemon.isKilled)
    #expect(tight.machine.isOOMVictim(large) && !tight.machine.isOOMVictim(small))
    #expect(tight.machine.count(of: .oomKills) == 1)
    let header =
      "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents "
      + "oom_score_adj name"
    #expect(
      tight.machine.log.lines == [
        "sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
        "Tasks state (memory values in pages):",
        header,
        "[      9]     0     9    18000     9000     9000        0         0        0        0         -1000 sshd",
        "[     12]     5    12     2000     1000     1000        0         0        0        0             0 sh",
        "[    345]  1000   345    16000     8000     8000        0         0    81920       50            10 hog",
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
          + "task_memcg=/,task=hog,pid=345,uid=1000",
        "Out of memory: Killed process 345 (hog) total-vm:64000kB, anon-rss:32000kB, file-rss:0kB, "
          + "shmem-rss:0kB, UID:1000 pgtables:80kB oom_score_adj:10",
      ])
    try tight.machine.checkInvariants()
  }

  @Test("the score: memory, swap, page tables, and the adjustment in thousandths of the total")
  func score() {
    let process = FakeProcess("p", pid: 1, claims: 100, swap: 20, pageTables: 3)
    #expect(process.oomBadness(total: 50_000) == 123)
    #expect(FakeProcess("p", pid: 1, claims: 100, adjustment: 7).oomBadness(total: 50_999) == 450)
    #expect(FakeProcess("p", pid: 1, claims: 100, adjustment: -7).oomBadness(total: 50_000) == -250)
    #expect(FakeProcess("p", pid: 1, claims: 100, adjustment: -1000).oomBadness(total: 1) == nil)
    #expect(FakeProcess("init", pid: 1, claims: 100, isKillable: false).oomBadness(total: 1) == nil)
  }

  @Test("of two equal ones the later registered; an adjustment turns the choice round")
  func choice() throws {
    for (adjustments, victim) in [
      ([0, 0], 1), ([500, 0], 0), ([0, -500], 0), ([-999, -998], 1),
    ] {
      let (tight, pages) = try Self.exhausted()
      let processes = (0..<2).map { index in
        FakeProcess(
          "p", pid: index, machine: tight.machine,
          pages: Array(pages[index * 500..<index * 500 + 500]), adjustment: adjustments[index])
      }
      for process in processes { tight.machine.register(process: process) }
      #expect(try tight.take(.kernel) != nil)
      #expect(processes.map(\.isKilled) == [victim == 0, victim == 1])
    }
  }

  @Test(
    "nobody is killed for a request that would not need it",
    arguments: [
      ([.kernel, .noretry], 0), ([.kernel, .retryMayfail], 0), ([.kernel, .thisnode], 0),
      (.kernel, 4), ([.kernel, .dma32], 0), ([.kernel, .dma], 0), (.nofs, 0), (.noio, 0),
      (.atomic, 0),
      (.nowait, 0),
    ] as [(GFPFlags, Int)])
  func spared(gfp: GFPFlags, order: Int) throws {
    let tight = try TightMachine()
    let pages = try tight.fill(leaving: 50)
    let process = FakeProcess("p", pid: 1, machine: tight.machine, pages: pages)
    tight.machine.register(process: process)
    #expect(try tight.take(gfp, order: order) == nil)
    #expect(!process.isKilled && tight.machine.count(of: .oomKills) == 0)
  }

  @Test("when nobody is left to kill the machine stops")
  func deadlock() throws {
    let (tight, _) = try Self.exhausted()
    tight.machine.register(process: FakeProcess("init", pid: 1, claims: 5, isKillable: false))
    let error = #expect(throws: PageError.self) { try tight.take(.kernel) }
    #expect(
      error?.description == "Kernel panic - not syncing: System is deadlocked on memory; reclaim "
        + "earlier, let more processes be killed, or allocate with __GFP_NORETRY or "
        + "__GFP_RETRY_MAYFAIL, which fail instead")
    #expect(tight.machine.log.lines.last == "Out of memory and no killable processes...")
    // The lock is free again: the next request gets the same answer.
    #expect(throws: PageError.self) { try tight.take(.kernel) }
    #expect(try tight.take([.kernel, .noretry]) == nil)
    #expect(tight.zone.freePages == 150)
  }

  @Test("panic_on_oom, and the killing of whoever asks")
  func settings() throws {
    let (tight, pages) = try Self.exhausted()
    let asker = FakeProcess("asker", pid: 2, machine: tight.machine, pages: Array(pages[..<100]))
    let other = FakeProcess("other", pid: 3, machine: tight.machine, pages: Array(pages[100..<900]))
    for process in [asker, other] { tight.machine.register(process: process) }
    tight.machine.reclaimSettings.panicsOnOOM = true
    #expect(throws: PageError.panic("Out of memory: system-wide panic_on_oom is enabled")) {
      try tight.take(.kernel)
    }
    tight.machine.reclaimSettings.panicsOnOOM = false
    tight.machine.reclaimSettings.killsAllocatingTask = true
    #expect(try tight.cpu.run(as: asker) { try tight.take(.kernel) } != nil)
    #expect(asker.isKilled && !other.isKilled)
    #expect(
      tight.machine.log.lines.last?.hasPrefix(
        "Out of memory (oom_kill_allocating_task): Killed process 2 (asker)") == true)
  }

  @Test("without processes a request fails, as while the killer is disabled")
  func disabled() throws {
    let (tight, _) = try Self.exhausted()
    #expect(try tight.take(.kernel) == nil)
    #expect(
      tight.machine.log.lines == [
        "swapper: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL), nodemask=(null),cpuset=/,"
          + "mems_allowed=0"
      ])
  }

  @Test("a victim that is slow to die keeps others alive, until it is given up")
  func slowVictim() throws {
    let (tight, pages) = try Self.exhausted()
    let slow = FakeProcess(
      "slow", pid: 1, machine: tight.machine, pages: Array(pages[..<4000]), isSlow: true)
    let other = FakeProcess(
      "other", pid: 2, machine: tight.machine, pages: Array(pages[4000..<5000]))
    for process in [slow, other] { tight.machine.register(process: process) }
    #expect(try tight.take(.kernel) != nil)
    #expect(slow.isKilled && other.isKilled)
    let lines = tight.machine.log.lines
    let reaper = lines.firstIndex(of: "oom_reaper: unable to reap pid:1 (slow)")
    let second = lines.firstIndex { $0.hasPrefix("Out of memory: Killed process 2") }
    #expect(reaper != nil && second != nil && reaper! < second!)

    // One that dies in time saves the other.
    let (again, more) = try Self.exhausted()
    let dying = FakeProcess(
      "dying", pid: 1, machine: again.machine, pages: Array(more[..<4000]), isSlow: true)
    let saved = FakeProcess(
      "saved", pid: 2, machine: again.machine, pages: Array(more[4000..<5000]))
    for process in [dying, saved] { again.machine.register(process: process) }
    let asked = Locked(0)
    again.machine.onOutOfMemory { cpu in
      guard
        asked.withLock({ asked in
          asked += 1
          return asked == 5
        })
      else { return 0 }
      dying.release(cpu: cpu)
      return 4000
    }
    #expect(try again.take(.kernel) != nil)
    #expect(dying.isKilled && !saved.isKilled && asked.withLock { $0 } == 5)
  }

  @Test("a victim gets half of the reserve, to die the sooner; if that does not do, it fails")
  func victimsReserve() throws {
    let (tight, pages) = try Self.exhausted()
    let victim = FakeProcess(
      "victim", pid: 1, machine: tight.machine, pages: Array(pages[..<2]), isSlow: true)
    tight.machine.register(process: victim)
    // It is killed, holds on to its pages, and may then go down from 221 to 111.
    try tight.cpu.run(as: victim) {
      repeat {
        while try tight.take([.kernel, .nowarn]) != nil {}
        tight.machine.drainAll()
      } while tight.zone.freePages > 111
    }
    #expect(victim.isKilled && tight.zone.freePages == 111)
  }

  @Test("who is asked before may make killing unnecessary")
  func notifier() throws {
    let (tight, pages) = try Self.exhausted()
    let balloon = FakeProcess(
      "balloon", pid: 0, machine: tight.machine, pages: Array(pages[..<100]))
    let process = FakeProcess("p", pid: 1, machine: tight.machine, pages: Array(pages[200..<300]))
    tight.machine.register(process: process)
    tight.machine.onOutOfMemory { cpu in
      let pages = balloon.residentPages.total
      balloon.kill(cpu: cpu)
      return pages
    }
    #expect(try tight.take(.kernel) != nil)
    #expect(!process.isKilled)
  }

  @Test("a process that has ended is not killed; nor is one registered twice killed twice")
  func registration() throws {
    let (tight, pages) = try Self.exhausted()
    let gone = FakeProcess("gone", pid: 1, claims: 9000)
    let process = FakeProcess("p", pid: 2, machine: tight.machine, pages: Array(pages[..<100]))
    for process in [gone, process, process] { tight.machine.register(process: process) }
    tight.machine.unregister(process: gone)
    #expect(try tight.take(.kernel) != nil)
    #expect(!gone.isKilled && process.isKilled && tight.machine.count(of: .oomKills) == 1)
  }

  @Test("a request that may not fail gets all reserves once somebody has been killed")
  func nofail() throws {
    let tight = try TightMachine()
    let pages = try tight.fill(leaving: 20)
    let process = FakeProcess(
      "p", pid: 1, machine: tight.machine, pages: Array(pages[..<3]), isSlow: true)
    tight.machine.register(process: process)
    #expect(try tight.take([.kernel, .nofail]) != nil)
    #expect(process.isKilled)
  }
}
