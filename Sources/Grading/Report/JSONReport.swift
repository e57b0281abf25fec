import AllocationTrace
import Foundation
import Labs

/// The report for programs; `grading/REPORT.md` documents the schema.
///
/// Holds no times, no paths and nothing measured, and its keys are sorted: the same submission gives the same bytes.
public struct JSONReport: Sendable {
  /// Raised when a reader of the old schema would misread the new one.
  public static let version = 1
  public let result: CourseResult

  public init(_ result: CourseResult) { self.result = result }

  /// The document; ends with a line end.
  public var text: String {
    JSONText.encode(
      Document(
        version: Self.version, course: result.course, seed: result.seed,
        total: result.total.number, labs: result.labs.map(LabForm.init),
        confinement: result.confinement.map {
          ConfinementForm(inForce: $0.inForce, missing: $0.missing)
        }))
  }

  private struct Document: Encodable {
    let version: Int
    let course: String
    let seed: UInt64
    let total: Double
    let labs: [LabForm]
    let confinement: ConfinementForm?
  }

  private struct ConfinementForm: Encodable {
    let inForce: [String]
    let missing: [String]
  }

  private struct LabForm: Encodable {
    let id: String
    let title: String
    let weight: Int
    let status: String
    let message: String?
    let score: Double
    let earned: Int
    let possible: Int
    let checks: [CheckForm]

    init(_ lab: LabResult) {
      id = lab.lab.id
      title = lab.lab.title
      weight = lab.weight
      (status, message) =
        switch lab.outcome {
        case .untouched: ("untouched", nil)
        case .refused(let message): ("refused", message.shown())
        case .notBuilt(let failure): ("notBuilt", failure.text.shown())
        case .judged: ("judged", nil)
        }
      score = lab.score.number
      earned = lab.earned
      possible =
        lab.checks.isEmpty
        ? lab.lab.checks.reduce(0) { $0 + $1.points } : lab.checks.reduce(0) { $0 + $1.possible }
      checks = lab.checks.map { CheckForm($0, of: lab.lab) }
    }
  }

  private struct CheckForm: Encodable {
    let id: String
    let title: String
    let kind: String
    let points: Int
    let earned: Int
    let status: String
    let note: String?
    let reason: String?
    let notBegun: [String]?
    let counterexample: CounterexampleForm?
    let printed: String?
    let printedLines: Int?

    init(_ result: CheckResult, of lab: Lab) {
      let check = result.check
      // What a check of speed notes or found is measured, and so differs from run to run.
      let isMeasured = check.kind == .performance
      id = check.id
      title = check.title
      kind = check.kind.rawValue
      points = check.points
      earned = result.earned
      notBegun = result.isUnbegun ? result.notBegun.map(\.name) : nil
      printed = result.printed.isEmpty ? nil : result.printed.text
      printedLines =
        result.printed.isEmpty || result.printed.isOpenEnded ? nil : result.printed.lineCount
      switch result.verdict {
      case .passed(let text):
        (status, note, reason, counterexample) = (
          "passed", isMeasured ? nil : text.shown(), nil, nil
        )
      case .failed(let found, _):
        (status, note, reason) = ("failed", nil, nil)
        counterexample = CounterexampleForm(found, of: lab, isMeasured: isMeasured)
      case .unfinished(let text):
        (status, note, reason, counterexample) = ("unfinished", nil, text.shown(), nil)
      case .notJudged(let text):
        (status, note, reason, counterexample) = ("notJudged", nil, text.shown(), nil)
      }
    }
  }

  private struct CounterexampleForm: Encodable {
    let steps: [String]?
    let expected: String
    let found: String?
    let picture: [String]?
    let operations: [String]?
    let operationCount: Int
    let answers: [String]?
    let ending: String
    let endingText: String?
    let followsFrom: String?

    init(_ counterexample: Counterexample, of lab: Lab, isMeasured: Bool) {
      let all = counterexample.operations
      let outcomes = counterexample.transcript.outcomes
      let isShort = all.count <= ReportLimits.operations
      let line = ReportLimits.lineBytes
      steps =
        isMeasured
        ? nil : counterexample.steps.prefix(ReportLimits.operations).map { $0.shown(line) }
      expected = counterexample.expected.shown()
      found = isMeasured ? nil : counterexample.found.shown()
      picture =
        isMeasured
        ? nil : counterexample.picture.prefix(ReportLimits.pictureLines).map { $0.shown(line) }
      operationCount = all.count
      operations = isShort ? all.map { TraceText.print($0, vocabulary: lab.vocabulary) } : nil
      answers = isShort ? outcomes.prefix(ReportLimits.operations).map(\.text) : nil
      followsFrom = counterexample.followsFrom
      (ending, endingText) =
        switch counterexample.transcript.ending {
        case .complete: ("complete", nil)
        case .crashed(let text): ("crashed", text.shown())
        case .timedOut: ("timedOut", nil)
        case .garbled(let text): ("garbled", text.shown())
        case .outOfTime: ("outOfTime", nil)
        }
    }
  }
}

/// JSON as this package prints it: sorted keys, two spaces, a line end at the end.
enum JSONText {
  static func encode(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Encoding strings, whole numbers and tenths cannot fail.
    return String(decoding: try! encoder.encode(value), as: UTF8.self) + "\n"
  }
}

extension Score {
  /// The score as a JSON number.
  var number: Double { Double(tenths) / 10 }
}

extension Outcome {
  /// What was returned, as reports print it.
  var text: String {
    switch self {
    case .done: return "done"
    case .none: return "nil"
    case .number(let number): return "\(number)"
    case .truth(let truth): return "\(truth)"
    case .text(let text): return "“\(text.shown(ReportLimits.lineBytes))”"
    case .numbers(let numbers):
      let first = numbers.prefix(ReportLimits.numbers).map(String.init).joined(separator: ", ")
      let isCut = numbers.count > ReportLimits.numbers
      return "[\(first)\(isCut ? ", … (\(Amount.grouped(numbers.count)) numbers)" : "")]"
    case .refused(let reason):
      return reason.isEmpty ? "refused" : "refused: \(reason.shown(ReportLimits.lineBytes))"
    case .skipped: return "not performed: its handle names no block"
    }
  }
}
