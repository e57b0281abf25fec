import Foundation

/// What a compiler or linker said and how it ended.
struct ToolRun {
  /// Standard output, cut at a cap.
  var output: String
  /// Standard error, cut at a cap: a tool may remark on anything there, whatever it was asked for.
  var errors: String
  var ending: ChildEnding

  var succeeded: Bool { ending == .exited(0) }

  /// All that it said.
  var words: String { errors + output }

  /// Runs `plan` to its end, or for at most `seconds` of wall time; then it and all it started are ended.
  static func of(
    _ plan: LaunchPlan, seconds: Double, outputCap: Int = 1 << 18
  ) throws(GradingError) -> ToolRun {
    let pipes = (output: try Pipe(), errors: try Pipe())
    defer { for pipe in [pipes.output, pipes.errors] { close(pipe.readEnd) } }
    var plan = plan
    plan.descriptors = [-1, pipes.output.writeEnd, pipes.errors.writeEnd, -1, -1]
    let process: LaunchedProcess
    do {
      defer { for pipe in [pipes.output, pipes.errors] { close(pipe.writeEnd) } }
      process = try plan.launch()
    }

    let deadline = ContinuousClock.now + .seconds(seconds)
    var streams = [Stream(pipes.output.readEnd), Stream(pipes.errors.readEnd)]
    while streams.contains(where: \.isOpen), ContinuousClock.now < deadline {
      let left = max(0, (deadline - ContinuousClock.now) / .milliseconds(1))
      // A descriptor of -1 is left out.
      var polled = streams.map {
        pollfd(fd: $0.isOpen ? $0.descriptor : -1, events: Int16(POLLIN), revents: 0)
      }
      guard poll(&polled, 2, Int32(min(left, 1_000))) > 0 else { continue }
      for index in streams.indices where polled[index].revents != 0 {
        streams[index].read(cap: outputCap)
      }
    }
    let left = (deadline - ContinuousClock.now) / .seconds(1)
    let ended = process.wait(seconds: max(0, left))
    let ending = process.end()
    return ToolRun(
      output: streams[0].text, errors: streams[1].text, ending: ended ? ending : .overtime)
  }

  /// One of the two streams, as far as it was read.
  private struct Stream {
    let descriptor: Int32
    private(set) var isOpen = true
    private var bytes: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Takes what is there; what is beyond the cap is read and dropped.
    mutating func read(cap: Int) {
      var chunk = [UInt8](repeating: 0, count: 1 << 14)
      let count = Foundation.read(descriptor, &chunk, chunk.count)
      if count > 0 {
        bytes.append(contentsOf: chunk.prefix(min(count, max(0, cap - bytes.count))))
      } else if count == 0 || errno != EINTR {
        isOpen = false
      }
    }
  }
}
