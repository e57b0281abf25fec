import AllocationTrace

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// What a worker's process ends with when its pipes no longer carry the protocol.
public let brokenPipeExitCode: Int32 = 125

/// A worker's life: performs what is asked on descriptor 3 and answers on descriptor 4, until the grader closes the pipe.
///
/// Each lab adds an overload for types of its contract, which a worker's generated main calls:
/// `func serve<T: PageAllocator>(_ type: T.Type)`. The trusted side judges the answers; nothing here needs to be believed.
public func serve<D: Driver>(driver: D.Type) -> Never {
  // Into a pipe, output would be held back until 4 KiB are full, and lost in a trap.
  setvbuf(stdout, nil, _IOLBF, 0)
  noteTraps()
  restartRandomNumbers()
  var bench = Bench<D>()
  while let request = bench.nextRequest() { bench.answer(request) }
  bench.flush()
  exit(0)
}

/// The worker's two pipes and the instance under test.
private struct Bench<D: Driver> {
  private var session = Session<D>()
  private var reader = WireReader()
  private var writer = WireWriter()
  private var waiting = 0
  private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)

  mutating func answer(_ request: WireRequest) {
    switch request {
    case .perform(let operations, let gathering):
      for operation in operations {
        writer.append(WireAnswer.outcome(session.perform(operation)))
        waiting += 1
        // A piece of a line that was printed meanwhile would be lost, should the next operation stop the program.
        if !gathering { fflush(stdout) }
        if !gathering || waiting == Wire.gathered || writer.bytes.count > 1 << 15 { flush() }
      }
    case .mark(let number):
      // Dropped before the mark is answered: should that stop the program, this trace is to blame.
      session = Session<D>()
      restartRandomNumbers()
      writer.append(WireAnswer.mark(number))
      waiting += 1
      // A greeting: the grader is told at once that the program has started.
      if number < 0 { flush() }
    }
  }

  /// The next request, or nil at the end of the pipe. Writes what is gathered before it waits.
  mutating func nextRequest() -> WireRequest? {
    while true {
      do {
        if let request = try reader.request() { return request }
      } catch {
        exit(brokenPipeExitCode)
      }
      flush()
      let count = read(Wire.requests, chunk.baseAddress, chunk.count)
      if count == 0 { return nil }
      if count > 0 {
        reader.append(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
      } else if errno != EINTR {
        exit(brokenPipeExitCode)
      }
    }
  }

  mutating func flush() {
    guard waiting > 0 else { return }
    writer.bytes.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = write(Wire.answers, bytes.baseAddress! + sent, bytes.count - sent)
        if count >= 0 {
          sent += count
        } else if errno != EINTR {
          exit(brokenPipeExitCode)
        }
      }
    }
    writer.removeAll()
    waiting = 0
  }
}
