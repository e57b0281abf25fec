import Testing

@testable import KernelMemory

@Suite("Injected failures") struct FaultInjectionTests {
  /// The numbers, from 1, of the requests that fail.
  private static func failures(
    _ pattern: FaultPattern, of count: Int, order: Int = 0, gfp: GFPFlags = .kernel
  ) throws -> [Int] {
    let injection = try FaultInjection(pattern)
    return (1...count).filter { _ in injection.shouldFail(order: order, gfp: gfp) }
  }

  @Test("the n-th, every n-th, and every n-th until there were enough")
  func counted() throws {
    #expect(try Self.failures(.nth(4), of: 20) == [4])
    #expect(try Self.failures(.nth(1), of: 20) == [1])
    #expect(try Self.failures(.every(7), of: 30) == [7, 14, 21, 28])
    #expect(try Self.failures(FaultPattern(interval: 5, times: 2), of: 30) == [5, 10])
    #expect(try Self.failures(FaultPattern(times: 0), of: 30) == [])
  }

  @Test("space is served first: pages for pages, bytes for objects")
  func space() throws {
    // A request fails once no more is left than it asks for.
    #expect(try Self.failures(FaultPattern(times: 1, space: 10), of: 20) == [10])
    #expect(try Self.failures(FaultPattern(times: 1, space: 10), of: 20, order: 2) == [3])
    let objects = try FaultInjection(FaultPattern(space: 100))
    #expect(
      (1...3).map { _ in objects.shouldFail(bytes: 64, gfp: .kernel) } == [false, true, true])
  }

  @Test("by chance: the same seed fails the same requests, about as many as asked for")
  func chance() throws {
    let first = try Self.failures(.probability(0.1, seed: 1), of: 5000)
    #expect(try Self.failures(.probability(0.1, seed: 1), of: 5000) == first)
    #expect(try Self.failures(.probability(0.1, seed: 2), of: 5000) != first)
    #expect((400...600).contains(first.count))
    #expect(try Self.failures(.probability(0, seed: 1), of: 100).isEmpty)
    let rare = FaultPattern(interval: 10, probability: 0.5, seed: 3)
    let some = try Self.failures(rare, of: 1000)
    #expect(some.allSatisfy { $0.isMultiple(of: 10) } && (30...70).contains(some.count))
  }

  @Test("filters, and what is spared always")
  func filters() throws {
    let blocking = FaultPattern(sparesBlocking: true)
    #expect(try Self.failures(blocking, of: 3, gfp: .kernel) == [])
    #expect(try Self.failures(blocking, of: 3, gfp: .atomic) == [1, 2, 3])
    let high = FaultPattern(sparesHighMemory: true)
    #expect(try Self.failures(high, of: 3, gfp: .highuser) == [])
    #expect(try Self.failures(high, of: 3, gfp: .user) == [1, 2, 3])
    let large = FaultPattern(minimumOrder: 2)
    #expect(try Self.failures(large, of: 3, order: 1) == [])
    #expect(try Self.failures(large, of: 3, order: 2) == [1, 2, 3])
    #expect(try Self.failures(.every(1), of: 3, gfp: [.kernel, .nofail]) == [])
    // A minimum order says nothing about objects.
    #expect(try FaultInjection(large).shouldFail(bytes: 8, gfp: .kernel))
  }

  @Test("members out of range")
  func badPatterns() {
    for (pattern, message) in [
      (FaultPattern.every(0), "fault injection: the interval is 0; give 1 or more"),
      (.nth(-3), "fault injection: the interval is -3; give 1 or more"),
      (.probability(1.5, seed: 0), "fault injection: the probability is 1.5; give 0 to 1"),
      (.probability(.nan, seed: 0), "fault injection: the probability is nan; give 0 to 1"),
      (FaultPattern(times: -1), "fault injection: the times is -1; give 0 or more, or no limit"),
      (FaultPattern(space: -1), "fault injection: the space is -1; give 0 or more"),
      (
        FaultPattern(minimumOrder: 11),
        "fault injection: the minimum order is 11; give 0 to 10"
      ),
    ] {
      let error = #expect(throws: FaultPatternError.self) { try FaultInjection(pattern) }
      #expect(error?.description == message)
    }
  }

  @Test("the kernel parameter's form")
  func parsing() throws {
    let pattern = try FaultPattern(parsing: "100,10,4096,-1")
    #expect(pattern == FaultPattern(interval: 100, probability: 0.1, times: nil, space: 4096))
    #expect(try FaultPattern(parsing: "1,100,0,5").times == 5)
    for text in ["", "1,100,0", "1,100,0,1,", "x,1,1,1", "1;100;0;1", "1,,0,1", "1, 100,0,1"] {
      let error = #expect(throws: FaultPatternError.self) { try FaultPattern(parsing: text) }
      #expect(
        error?.description
          == "fault injection: '\(text)' is not of the form <interval>,<probability>,<space>,<times>, "
          + "four whole numbers such as 100,10,0,-1")
    }
    #expect(throws: FaultPatternError.outOfRange("probability", "2.0", "0 to 1")) {
      try FaultPattern(parsing: "1,200,0,1")
    }
  }

  @Test("a machine's pages fail by the pattern, with a message, and then no more")
  func machine() throws {
    let machine = try Machine(memory: 16 << 20, cpus: 2)
    let faults = try machine.injectFaults(.every(3))
    var pages: [PageFrame?] = []
    for number in 0..<9 {
      pages.append(
        try machine.allocatePages(order: 4, gfp: .kernel, cpu: machine.cpus[number % 2]))
    }
    #expect(
      pages.map { $0 == nil } == [false, false, true, false, false, true, false, false, true])
    #expect(faults.requests == 9 && faults.failures == 3)
    let message = [
      "FAULT_INJECTION: forcing a failure.",
      "name fail_page_alloc, interval 3, probability 100, space 0, times -1",
    ]
    #expect(machine.log.lines == message + message + message)
    machine.log.clear()
    _ = try machine.allocatePages(order: 4, gfp: [.kernel, .nofail], cpu: machine.cpus[0])
    for _ in 0..<3 {
      _ = try machine.allocatePages(order: 4, gfp: .nowait, cpu: machine.cpus[0])
    }
    #expect(faults.failures == 4 && machine.log.total == 0)
    machine.stopFaults()
    #expect(machine.faults(at: .pages) == nil)
    for _ in 0..<6 {
      #expect(try machine.allocatePages(order: 4, gfp: .kernel, cpu: machine.cpus[0]) != nil)
    }
    try machine.checkInvariants()
  }

  @Test("exactly so many failures, however many threads ask")
  func threads() async throws {
    let injection = try FaultInjection(FaultPattern(interval: 3, times: 1000))
    let failed = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<2000).filter { _ in injection.shouldFail(order: 0, gfp: .kernel) }.count
        }
      }
      return await group.reduce(0, +)
    }
    #expect(failed == 1000 && injection.failures == 1000 && injection.requests == 16000)
  }
}

@Suite("The kernel's log") struct KernelLogTests {
  @Test("the oldest lines make room")
  func ring() {
    let log = KernelLog(capacity: 3)
    log.append("a\nb")
    #expect(log.lines == ["a", "b"])
    for line in ["c", "d", "e"] { log.append(line) }
    #expect(log.lines == ["c", "d", "e"] && log.total == 5)
    log.clear()
    #expect(log.lines.isEmpty && log.total == 0)
  }
}
