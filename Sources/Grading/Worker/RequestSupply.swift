import AllocationTrace
import Foundation
import LabBench

/// How questions and answers follow each other.
enum Pace: Equatable {
  /// Questions flow, answers are gathered: fast, but a stop loses the answers that were not written yet.
  case gathered
  /// Questions flow, each answer is written at once: the number of answers names the operation that stopped the program.
  case single
  /// Each question is written when the one before it was answered, so that what is printed meanwhile is known to belong to it.
  case stepwise
  /// Like gathered, but each phase of the one trace is written when the one before it was answered; a phase ends before the
  /// operation of each of these numbers.
  case phased([Int])

  var isGathered: Bool {
    switch self {
    case .gathered, .phased: true
    case .single, .stepwise: false
    }
  }
}

/// The bytes of all requests, made as the pipe takes them.
struct RequestSupply {
  private let traces: ArraySlice<[TraceOperation]>
  private let pace: Pace
  private var trace: Int
  private var operation = 0
  private var writer = WireWriter()
  private var sent = 0
  /// Where each frame in the buffer ends, and how many answers it asks for.
  private var frames: [(end: Int, answers: Int)] = []
  private var nextFrame = 0
  /// Answers that are asked for by frames which the pipe has taken whole; no more can have come honestly.
  private(set) var asked = 0

  /// - Parameter greets: asks for the mark -1 first, by whose answer a program that has started is known.
  init(traces: ArraySlice<[TraceOperation]>, pace: Pace, greets: Bool) {
    self.traces = traces
    self.pace = pace
    trace = traces.startIndex
    if greets { append(.mark(-1), answers: 1) }
  }

  /// Whether there is something to write when so many answers have come.
  func isReady(answered: Int) -> Bool {
    sent < writer.bytes.count
      || trace < traces.endIndex && (!isAtPause || answered == asked)
  }

  /// Whether what was asked has to be answered before anything else is.
  private var isAtPause: Bool {
    switch pace {
    case .gathered, .single: false
    case .stepwise: true
    case .phased(let ends): operation == 0 || ends.contains(operation)
    }
  }

  /// Up to which operation one frame may ask, of a trace of `count`.
  private func lastOperation(of count: Int) -> Int {
    switch pace {
    case .gathered, .single: min(operation + 512, count)
    case .stepwise: operation + 1
    case .phased(let ends): min(operation + 512, ends.first { $0 > operation } ?? count)
    }
  }

  mutating func write(to descriptor: Int32) {
    if sent == writer.bytes.count { refill() }
    let count = writer.bytes.withUnsafeBytes {
      Foundation.write(descriptor, $0.baseAddress! + sent, $0.count - sent)
    }
    if count > 0 {
      sent += count
      while nextFrame < frames.count, frames[nextFrame].end <= sent {
        asked += frames[nextFrame].answers
        nextFrame += 1
      }
    } else if count < 0, errno != EAGAIN, errno != EINTR {
      // The worker reads no more; how that came about shows at its other pipe.
      trace = traces.endIndex
      sent = writer.bytes.count
    }
  }

  private mutating func refill() {
    writer.removeAll()
    frames.removeAll(keepingCapacity: true)
    (sent, nextFrame) = (0, 0)
    while trace < traces.endIndex, writer.bytes.count < 1 << 16 {
      let operations = traces[trace]
      if operation < operations.count {
        let end = lastOperation(of: operations.count)
        append(
          .perform(Array(operations[operation..<end]), gathering: pace.isGathered),
          answers: end - operation)
        operation = end
      } else {
        append(.mark(trace - traces.startIndex), answers: 1)
        trace += 1
        operation = 0
      }
      if isAtPause { return }
    }
  }

  private mutating func append(_ request: WireRequest, answers: Int) {
    writer.append(request)
    frames.append((writer.bytes.count, answers))
  }
}
