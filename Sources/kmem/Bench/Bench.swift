import Foundation

/// What `kmem bench` is told on the command line.
struct BenchOptions: Equatable {
  /// Where the report goes as JSON, beside the text: a file, or `-` for standard output instead of the text.
  var json: String?
  var rounds = 7
  /// Calls of a round, about.
  var calls = 1 << 20
  /// Workloads and parts that are wanted; empty is all.
  var only: [String] = []
  /// Peers that are wanted; nil is all that the system has.
  var peers: [String]?
  var recordings: [String] = []
  var countsInstructions = false
  var isQuick = false

  func wants(_ name: String) -> Bool { only.isEmpty || only.contains(name) }
}

/// `kmem bench`: the reference beside its peers and the floors, in one run.
struct Bench {
  let options: BenchOptions
  let console: Console
  let program: String

  /// Parts of a run that are no single workload.
  static let parts = ["growth", "recordings"]

  func run() throws(Failure) -> BenchReport {
    var report = BenchReport(rounds: options.rounds, calls: options.calls, topology: Topology())
    let peers = try findPeers(&report)
    for workload in Workload.ofPages where options.wants(workload.name) {
      report.pages.append(try measure(workload, against: []))
    }
    for workload in Workload.ofObjects where options.wants(workload.name) {
      report.objects.append(try measure(workload, against: peers))
    }
    if options.wants("recordings") {
      for path in options.recordings {
        report.recordings += try measureRecording(path, against: peers)
      }
    }
    if options.wants("growth") { report.growth = try measureGrowth() }
    if options.countsInstructions { report.instructions = try InstructionCount(self).run() }
    report.judge()
    return report
  }

  /// The peers that the system has, each with its library.
  private func findPeers(_ report: inout BenchReport) throws(Failure) -> [(BenchPeer, String?)] {
    var found: [(BenchPeer, String?)] = []
    for peer in BenchPeer.all where options.peers?.contains(peer.name) ?? true {
      let library = peer.library()
      let isThere = peer.libraries.isEmpty || library != nil
      if isThere { found.append((peer, library)) }
      report.peers.append(
        PeerReport(
          name: peer.name, library: library, package: peer.package.isEmpty ? nil : peer.package,
          isFound: isThere))
    }
    return found
  }

  /// Runs all contestants of one workload, round by round in turn.
  func measure(
    _ workload: Workload, against peers: [(BenchPeer, String?)]
  ) throws(Failure) -> WorkloadReport {
    console.status(workload.title)
    var contestants = [try start(workload, peer: nil, library: nil)]
    for (peer, library) in peers {
      contestants.append(try start(workload, peer: peer.name, library: library))
    }
    for round in 0..<options.rounds {
      for index in contestants.indices {
        try contestants[(index + round) % contestants.count].round()
      }
    }
    var report = WorkloadReport(workload)
    for contestant in contestants {
      let ending = try contestant.end()
      for (index, subject) in contestant.subjects.enumerated() {
        report.add(
          subject, contestant.rounds[index], isWall: workload.threads > 1,
          ending: index == 0 ? ending : nil)
      }
    }
    console.endProgress()
    return report
  }

  private func start(
    _ workload: Workload, peer: String?, library: String?
  ) throws(Failure) -> BenchProcess {
    try BenchProcess(
      BenchOrder(workload: workload, peer: peer, calls: options.calls),
      name: "\(workload.name), \(peer ?? "reference")", library: library, program: program)
  }

  private func measureRecording(
    _ path: String, against peers: [(BenchPeer, String?)]
  ) throws(Failure) -> [WorkloadReport] {
    var reports: [WorkloadReport] = []
    for service in [Workload.Service.objects, .pages] {
      let workload = Workload.ofRecording(path, service: service)
      // A recording may hold one kind alone.
      guard try !BenchRecording(of: workload, asReference: true).operations.isEmpty else {
        continue
      }
      reports.append(try measure(workload, against: service == .objects ? peers : []))
    }
    return reports
  }

  /// How cost grows with memory, and with the number of live objects.
  private func measureGrowth() throws(Failure) -> GrowthReport {
    var growth = GrowthReport()
    for exponent in stride(from: 12, through: 20, by: options.isQuick ? 4 : 2) {
      for workload in Workload.growing(frames: 1 << exponent) {
        growth.add(try measure(workload, against: []), at: 1 << exponent, toMemory: true)
      }
    }
    for live in options.isQuick ? [1_000, 100_000] : [100, 1_000, 10_000, 100_000] {
      for workload in Workload.growing(live: live) {
        growth.add(try measure(workload, against: []), at: live, toMemory: false)
      }
    }
    return growth
  }
}
