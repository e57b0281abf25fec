import Foundation

/// What a compiler or linker said and how it ended.
struct ToolRun {
  /// Standard output and errors together, cut at a cap.
  var output: String
  var ending: ChildEnding

  var succeeded: Bool { ending == .exited(0) }

  /// Runs `plan` to its end, or for at most `seconds` of wall time; then it and all it started are ended.
  static func of(
    _ plan: LaunchPlan, seconds: Double, outputCap: Int = 1 << 18
  ) throws(GradingError) -> ToolRun {
    var plan = plan
    let pipe = try Pipe()
    plan.descriptors = [-1, pipe.writeEnd, pipe.writeEnd, -1, -1]
    let process: LaunchedProcess
    do {
      process = try plan.launch()
    } catch {
      close(pipe.readEnd)
      close(pipe.writeEnd)
      throw error
    }
    close(pipe.writeEnd)
    defer { close(pipe.readEnd) }

    let deadline = ContinuousClock.now + .seconds(seconds)
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    reading: while true {
      let left = max(0, (deadline - ContinuousClock.now) / .milliseconds(1))
      var poller = pollfd(fd: pipe.readEnd, events: Int16(POLLIN), revents: 0)
      let ready = poll(&poller, 1, Int32(min(left, 1_000)))
      if ready > 0 {
        let count = read(pipe.readEnd, &chunk, chunk.count)
        if count > 0 {
          output.append(contentsOf: chunk.prefix(min(count, max(0, outputCap - output.count))))
        } else if count == 0 || errno != EINTR {
          break reading
        }
      }
      if ContinuousClock.now >= deadline { break reading }
    }
    let left = (deadline - ContinuousClock.now) / .seconds(1)
    let ended = process.wait(seconds: max(0, left))
    let ending = process.end()
    return ToolRun(
      output: String(decoding: output, as: UTF8.self), ending: ended ? ending : .overtime)
  }
}
