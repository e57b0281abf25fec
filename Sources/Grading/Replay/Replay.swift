import AllocationTrace
import Foundation
import LabBench
import Labs

/// A trace that is performed on a submission step by step, and judged by itself.
public struct Replay: Sendable {
  public let lab: Lab
  /// The check that the trace was kept for, where the file names one.
  public let check: Check?
  public let operations: [TraceOperation]

  /// Reads a trace file.
  ///
  /// - Parameters:
  ///   - path: where the file lies.
  ///   - name: what messages call it.
  /// - Throws: ``GradingError/usage(_:)`` naming the file and, where it is malformed, the line.
  public init(path: String, name: String, labs: [Lab] = Lab.all) throws(GradingError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .usage(
        "\(name) cannot be read: \(String(cString: strerror(errno == 0 ? EIO : errno))).")
    }
    let trace: Trace
    do throws(TraceTextError) {
      trace = try TraceText.parse([UInt8](data)) { vocabulary in
        labs.first { $0.vocabulary.name == vocabulary }?.vocabulary
      }
    } catch {
      throw .usage("\(name), \(error)")
    }
    // The parser only accepts vocabularies of labs.
    lab =
      labs.first { $0.id == trace.header["lab"] && $0.vocabulary == trace.vocabulary }
      ?? labs.first { $0.vocabulary == trace.vocabulary }!
    check = trace.header["check"].flatMap(lab.check)
    operations = trace.operations
    if let id = trace.header["check"], check == nil {
      throw .usage(
        Names.unknown("check", id, of: lab.checks.map(\.id), context: "\(name) names")
      )
    }
    if operations.isEmpty { throw .usage("\(name) holds no operations.") }
    if let flaw = lab.flaw(operations) { throw .usage("\(name) cannot be performed: \(flaw)") }
  }

  /// What came of a trace.
  public struct Outcome: Sendable {
    /// One line a step, what each printed, how it ended, and the verdict; ends with a line end.
    public let text: String
    /// Whether the trace broke no rule. A trace that time ran out for has broken none, but was not judged either.
    public let isRight: Bool
  }

  /// Performs the trace and judges it.
  public func run(
    on subject: any PrintingSubject, commands: Commands, style: Style
  ) -> Outcome {
    let (transcript, printed) = subject.performStepByStep(operations)
    let steps = steps(transcript, printed, style)
    let (verdict, isRight) = verdict(
      transcript, reason: subject.outOfTimeReason, commands: commands, style: style)
    return Outcome(
      text: steps.joined(separator: "\n") + "\n\n" + verdict + "\n", isRight: isRight)
  }

  // MARK: Steps

  /// What was called and what came of it, one line a step, with what was printed under it, and how it ended.
  private func steps(
    _ transcript: Transcript, _ printed: [Printed], _ style: Style
  ) -> [String] {
    let outcomes = transcript.outcomes
    var room = ReportLimits.printedLinesOfReplay
    var lines: [String] = []
    for index in operations.indices.prefix(outcomes.count) {
      lines += step(index, lab.narrate(operations, outcomes, index), style)
      if index < printed.count { lines += printing(printed[index], &room, style) }
    }
    let next = outcomes.count
    guard let ending = ending(transcript) else { return lines }
    if next < operations.count {
      let operation = TraceText.print(operations[next], vocabulary: lab.vocabulary)
      lines += step(next, "\(operation) → \(ending)", style)
      if next < printed.count { lines += printing(printed[next], &room, style) }
    } else {
      lines += Style.lines(ending.shown(), columns: style.width)
    }
    return lines
  }

  private func ending(_ transcript: Transcript) -> String? {
    transcript.ending == .outOfTime
      ? "not called: time ran out" : transcript.ending.stopInWords
  }

  private func step(_ index: Int, _ text: String, _ style: Style) -> [String] {
    let number = "#\(index)"
    let width = "#\(max(operations.count - 1, 0))".count
    let label = String(repeating: " ", count: width - number.count) + number
    let lines = Style.lines(text.shown(), columns: style.width - width - 2)
      .cut(to: ReportLimits.lines)
    return style.entry(label, lines, indent: width + 2)
  }

  /// The lines that one step printed, within what room is left for all of them.
  private func printing(_ printed: Printed, _ room: inout Int, _ style: Style) -> [String] {
    guard !printed.isEmpty else { return [] }
    let bar = "    │ "
    guard room > 0 else {
      let amount = printed.isOpenEnded ? "lines" : Amount.of(printed.lineCount, "line")
      return ["\(bar)… (\(amount) printed)"]
    }
    var text = printed.text.shown(2 * ReportLimits.textBytes)
    while text.last == "\n" { text.removeLast() }
    let most = min(room, ReportLimits.printedLinesOfStep)
    var lines = Style.lines(text, columns: style.width - bar.count)
    if lines.count > most {
      let left = lines.count - most
      lines =
        lines.prefix(most / 2) + ["… \(Amount.of(left, "line")) not shown …"]
        + lines.suffix(most - most / 2)
    }
    room -= lines.count
    return lines.map { style.faint(bar) + $0 }
  }

  // MARK: The verdict

  private func verdict(
    _ transcript: Transcript, reason: String?, commands: Commands, style: Style
  ) -> (text: String, isRight: Bool) {
    if let (broken, counterexample) = lab.judge(operations, transcript, first: check) {
      let failure = FailureText(
        lab: lab, result: CheckResult(check: broken, verdict: .failed(counterexample)),
        counterexample: counterexample, commands: commands, style: style, showsPoints: false
      ).text
      guard let check, check.id != broken.id else { return (failure, false) }
      let note =
        "The trace was kept for the check `\(check.id)`; this rule is the one that it breaks."
      return ((Style.lines(note, columns: style.width) + [failure]).joined(separator: "\n"), false)
    }
    if let stop = transcript.ending.stopInWords {
      return (style.bad("✘") + " The steps were not performed to their end: \(stop.shown())", false)
    }
    if transcript.ending == .outOfTime {
      let words = "◌ Not judged: " + (reason ?? "time ran out before the last step.")
      return (Style.lines(words, columns: style.width).joined(separator: "\n"), true)
    }
    var lines = ["\(style.good("✔")) These steps break no rule of \(lab.id)."]
    if let check {
      let words =
        check.kind == .performance
        ? "Whether they are fast enough, the check says:" : "The whole check tries more:"
      lines.append("  \(words) \(commands.grade(lab, check))")
    }
    return (lines.joined(separator: "\n"), true)
  }
}
