import AllocationTrace
import Foundation
import LabBench
import Labs

/// A trace performed again on a submission, step by step.
public struct Replay: Sendable {
  public let lab: Lab
  /// The check that the trace was made by, where the file names one.
  public let check: Check?
  public let operations: [TraceOperation]
  /// The seed the check was judged with; nil where the file names none.
  public let seed: UInt64?

  /// Reads a trace file.
  ///
  /// - Parameters:
  ///   - path: where the file lies.
  ///   - name: what messages call it.
  /// - Throws: ``GradingError/usage(_:)`` naming the file and, where it is malformed, the line.
  public init(path: String, name: String, labs: [Lab] = Lab.all) throws(GradingError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .usage(
        """
        \(name) cannot be read: \(String(cString: strerror(errno == 0 ? EIO : errno))).
        Replays are written when a check fails: \(Commands.grade), then look into grading/results.
        """)
    }
    let trace: Trace
    do throws(TraceTextError) {
      trace = try TraceText.parse([UInt8](data)) { vocabulary in
        labs.first { $0.vocabulary.name == vocabulary }?.vocabulary
      }
    } catch {
      throw .usage("\(name), \(error)")
    }
    // The parser only answers vocabularies of labs.
    lab =
      labs.first { $0.id == trace.header["lab"] && $0.vocabulary == trace.vocabulary }
      ?? labs.first { $0.vocabulary == trace.vocabulary }!
    check = trace.header["check"].flatMap(lab.check)
    operations = trace.operations
    seed = trace.header["seed"].flatMap(UInt64.init)
    if let id = trace.header["check"], check == nil {
      throw .usage(
        Names.unknown("check", id, of: lab.checks.map(\.id), context: "\(name) names")
      )
    }
  }

  /// What was asked and answered, one line a step, and how it ended.
  public func text(on subject: any PrintingSubject) -> String {
    let transcript = subject.perform(operations)
    let outcomes = transcript.outcomes
    var lines = operations.indices.prefix(outcomes.count).map { index in
      "\(number(index))  \(lab.narrate(operations, outcomes, index))"
    }
    let next = outcomes.count
    let ending: String? =
      switch transcript.ending {
      case .complete: nil
      case .crashed(let text): "the program stopped: \(text)"
      case .timedOut(let seconds, _): "no answer within \(Self.seconds(seconds))"
      case .garbled(let text): "what came back is no answer: \(text)"
      case .outOfTime: "time ran out before this"
      }
    if let ending {
      if next < operations.count {
        let operation = TraceText.print(operations[next], vocabulary: lab.vocabulary)
        lines.append("\(number(next))  \(operation) → \(ending)")
      } else {
        lines.append(ending)
      }
    }
    if !subject.printed.isEmpty {
      lines.append("Your code printed:")
      lines += subject.printed.text.trimmingEnd().split(separator: "\n").map { "  \($0)" }
    }
    return lines.joined(separator: "\n").printable
  }

  private func number(_ index: Int) -> String {
    let text = "#\(index)"
    let width = "#\(max(operations.count - 1, 0))".count
    return String(repeating: " ", count: width - text.count) + text
  }

  private static func seconds(_ seconds: Double) -> String {
    seconds == 1
      ? "1 second"
      : seconds == seconds.rounded() ? "\(Int(seconds)) seconds" : "\(seconds) seconds"
  }
}
