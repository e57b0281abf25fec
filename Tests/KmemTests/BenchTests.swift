import Foundation
import KernelMemory
import Testing

@testable import kmem

@Suite struct BenchTests {
  /// The next `count` calls of a workload after its prefill.
  private func calls(
    _ workload: Workload, _ count: Int, seed: UInt64 = 1
  ) -> (prefill: [BenchOperation], calls: [BenchOperation], generator: TraceGenerator) {
    var generator = TraceGenerator(workload, seed: seed)
    let prefill = generator.prefill()
    var calls = [BenchOperation](
      repeating: .allocate(0, 0), count: generator.wholeCount(count))
    calls.withUnsafeMutableBufferPointer { generator.fill($0) }
    return (prefill, calls, generator)
  }

  @Test(arguments: Workload.ofPages + Workload.ofObjects.filter { !$0.isCrossed })
  func everyTraceFreesWhatLivesAndNothingElse(workload: Workload) {
    let (prefill, calls, generator) = calls(workload, 20_000)
    var live: [Int: Int] = [:]
    for call in prefill + calls {
      if call.isFree {
        #expect(live.removeValue(forKey: call.slot) == Int(call.size))
      } else {
        #expect(live.updateValue(Int(call.size), forKey: call.slot) == nil)
      }
    }
    let size = live.values.reduce(0) { $0 + (workload.service == .objects ? $1 : 1 << $1) }
    #expect(generator.liveSize == size)
    if case .orders = workload.shape {
      #expect((45...56).contains(size * 100 / workload.frames))
    }
  }

  @Test func seedsDecide() {
    let workload = Workload.ofObjects[2]
    #expect(calls(workload, 1_000).calls == calls(workload, 1_000).calls)
    #expect(calls(workload, 1_000).calls != calls(workload, 1_000, seed: 2).calls)
  }

  @Test func mixesAreWhatTheySay() throws {
    let sizes = calls(Workload.ofObjects[2], 100_000).calls.filter { !$0.isFree }.map { $0.size }
    #expect(sizes.min() == 8)
    #expect(sizes.max() == 8192)
    // Each doubling as likely as the next: ten of them.
    for doubling in 3..<13 {
      let share = sizes.count { $0 >= 1 << doubling && $0 < 2 << doubling } * 100 / sizes.count
      #expect((9...11).contains(share))
    }
    let geometric = try #require(Workload.ofPages.first { $0.name == "geometric-orders" })
    let orders = calls(geometric, 100_000).prefill.map { $0.size }
    #expect((47...53).contains(orders.count { $0 == 0 } * 100 / orders.count))
    #expect((22...28).contains(orders.count { $0 == 1 } * 100 / orders.count))
    #expect(orders.max() == 10)
  }

  @Test(arguments: [nil, "system"], Workload.ofObjects)
  func objectsAreServedUndamaged(peer: String?, workload: Workload) throws {
    let session = try BenchSession(workload, peer: peer, calls: 4_096)
    #expect(session.subjectNames == [peer ?? "reference"])
    #expect(session.round().count == 1)
    let ending = session.end()
    #expect(!ending.isDamaged)
    #expect(ending.unserved == 0)
    if peer == nil && !workload.isCrossed {
      #expect((ending.held ?? 0) >= ending.live)
      #expect(ending.live > 0)
    }
  }

  @Test(arguments: Workload.ofPages)
  func theReferenceDoesItsRoundsUndamaged(workload: Workload) throws {
    let session = try BenchSession(workload, peer: nil, calls: 4_096)
    #expect(session.subjectNames[0] == "reference")
    #expect(session.subjectNames.count > 1)
    let round = session.round()
    #expect(round.count == session.subjectNames.count)
    let ending = session.end()
    #expect(!ending.isDamaged)
    #expect(ending.unserved == 0)
    // Pages are held for as long as they live, and no longer.
    #expect(ending.held == ending.live)
    #expect(ending.live > 0)
  }

  @Test func overlapIsFound() throws {
    // An allocator that always answers the same page.
    let memory = try Arena(byteCount: 2 * pageSize)
    let subject = BenchFloor.call(memory: memory.base)
    var slots = [0, 0]
    var handles = [0, 0]
    let calls: [BenchOperation] = [
      .allocate(0, 0), .allocate(1, 0), .free(0, 0), .free(1, 0),
    ]
    let tally = calls.withUnsafeBufferPointer {
      subject.perform($0, slots: &slots, noting: &handles, isTouched: true)
    }
    #expect(tally.damage != 0)
    #expect(tally.unserved == 0)
  }

  @Test func whatIsNotServedIsCounted() throws {
    let subject = BenchSubject(
      name: "none", allocate: { _, _ in 0 }, free: { _, _, _ in fatalError() }, context: nil,
      base: nil, shift: 0)
    var slots = [0]
    var handles = [0]
    let calls: [BenchOperation] = [.allocate(0, 8), .free(0, 8)]
    let tally = calls.withUnsafeBufferPointer {
      subject.perform($0, slots: &slots, noting: &handles, isTouched: true)
    }
    #expect(tally.unserved == 1)
    #expect(tally.damage == 0)
  }

  @Test func aWorkerAnswersLineByLine() throws {
    let order = BenchOrder(workload: Workload.ofPages[0], peer: nil, calls: 512)
    let text = String(decoding: try JSONEncoder().encode(order), as: UTF8.self)
    var commands = ["go", "go", "end"]
    var answers: [String] = []
    let status = try BenchWorker.run(text, read: { commands.removeFirst() }) { answers.append($0) }
    #expect(status == 0)
    #expect(answers.count == 4)
    let ready = try JSONDecoder().decode(BenchReady.self, from: Data(answers[0].utf8))
    #expect(ready.subjects == ["reference", "stack", "call"])
    let rounds = try JSONDecoder().decode([BenchRound].self, from: Data(answers[2].utf8))
    #expect(rounds.count == 3)
    #expect(
      kmem("bench-worker", "{}").error == "kmem: kmem bench-worker is started by kmem bench alone\n"
    )
  }

  @Test func theSystemsMallocIsAPeer() throws {
    let subject = try BenchPeer.loaded(name: "system")
    let address = subject.allocate(100, nil)
    #expect(address != 0)
    subject.word(address).pointee = 7
    #expect(subject.word(address).pointee == 7)
    subject.free(address, 100, nil)
  }

  @Test func cpusAreTold() throws {
    try withFile("Cpus_allowed:\t5\nCpus_allowed_list:\t0,2-4,9\n") {
      #expect(Topology.allowedProcessors(status: $0) == [0, 2, 3, 4, 9])
    }
    #expect(Topology.allowedProcessors(status: "/nowhere") == nil)
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (number, core) in [0, 1, 0, 1].enumerated() {
      let cpu = folder.appending(path: "sys/devices/system/cpu/cpu\(number)/topology")
      try FileManager.default.createDirectory(at: cpu, withIntermediateDirectories: true)
      try Data("\(core)\n".utf8).write(to: cpu.appending(path: "core_id"))
    }
    let topology = Topology(root: folder.path + "/", allowed: [0, 1, 2, 3])
    #expect(topology.siblings == [[0, 2], [1, 3]])
    #expect(topology.text == "4 processors on 2 cores (0+2 | 1+3)")
    #expect(
      Topology(root: "/nowhere/", allowed: [0]).text
        == "1 processor; the system does not say how many cores")
  }

  @Test func barsAreJudged() {
    func workload(_ base: Workload, _ times: [(String, Double)]) -> WorkloadReport {
      var report = WorkloadReport(base)
      for (name, time) in times {
        let round = BenchRound(processor: time, wall: time)
        report.add(name, [round, round, round], isWall: false, ending: nil)
      }
      return report
    }
    var report = BenchReport(
      rounds: 3, calls: 10, topology: Topology(root: "/nowhere/", allowed: [0, 1]))
    report.pages = [
      workload(Workload.ofPages[0], [("reference", 3), ("stack", 2), ("call", 1)]),
      workload(Workload.ofPages[2], [("reference", 27), ("replay", 10)]),
    ]
    let one = Workload.ofObjects.first { $0.name == "mix-1k" }!
    let two = Workload.ofObjects.first { $0.name == "mix-1k-2" }!
    report.objects = [
      workload(one, [("reference", 4), ("system", 16), ("jemalloc", 8)]),
      workload(two, [("reference", 4), ("system", 32), ("jemalloc", 2)]),
    ]
    report.judge()
    #expect(report.pages[0].rival == "stack")
    #expect(report.objects.map(\.ratio) == [0.5, 2])
    #expect(abs((report.geometricMean ?? 0) - 1) < 1e-9)
    let told = report.text.split(separator: "\n").suffix(5).joined(separator: "\n")
    #expect(
      told == """
        met         page pairs: time / stack: 1.50, bar at most 1.50
        MISSED      orders 0…10, uniform: time / replay: 2.70, bar at most 2.60
        MISSED      objects: time / best peer, geometric mean of 2: 1.00, bar at most 0.80
        MISSED      objects: time / best peer, the worst (2 threads, 1,000 live each): 2.00, bar at most 1.00
        met         2 threads, 1,000 live each: throughput / one thread's: 2.00, bar at least 1.80
        """)
    #expect(report.text.contains("page pairs                            3.0 (3.0)"))
  }
}
