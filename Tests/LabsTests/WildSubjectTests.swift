import AllocationTrace
import LabBench
import LabKit
import Testing

@testable import Labs

/// Returns what no allocator would, now and then: every kind of outcome, numbers of any size, long lists, traces that end early.
///
/// What a worker may send is bounded before a check sees it; inside those bounds nothing may stop the grader.
private final class WildSubject<D: Driver>: TimedSubject {
  enum Manner: CaseIterable {
    /// Any outcome for any operation.
    case anything
    /// Outcomes that the verb can have, with numbers from anywhere.
    case possible
    /// Right answers, but for one in thirty.
    case nearlyRight
    /// Right answers, cut off or stopped somewhere.
    case cutOff
  }
  private let manner: Manner
  private let vocabulary: Vocabulary
  private var state: UInt64

  init(_ driver: D.Type, _ vocabulary: Vocabulary, _ manner: Manner, seed: UInt64) {
    self.vocabulary = vocabulary
    self.manner = manner
    state = seed
  }

  func perform(_ traces: [[TraceOperation]]) -> [Transcript] { traces.map(perform) }

  func time(_ phases: [[TraceOperation]], goesOn: (Int, Double) -> Bool) -> Timing {
    let count = draw(4) == 0 ? draw(phases.count + 1) : phases.count
    // Enough to be wrong in; traces that are timed are long.
    return Timing(
      transcript: perform(Array(phases.joined().prefix(3_000))),
      seconds: (0..<count).map { _ in Double(draw(1_000)) / 1e5 }, isCut: draw(2) == 0)
  }

  private func perform(_ trace: [TraceOperation]) -> Transcript {
    var session = Session<D>()
    var outcomes: [Outcome] = []
    let end = manner == .cutOff || draw(8) == 0 ? draw(trace.count + 1) : trace.count
    for operation in trace.prefix(end) {
      let kinds = vocabulary.verb(of: operation).outcomes
      switch manner {
      case .anything: outcomes.append(outcome(.all, mayBeSkipped: true))
      case .possible: outcomes.append(outcome(kinds, mayBeSkipped: false))
      case .nearlyRight where draw(30) == 0:
        outcomes.append(outcome(kinds, mayBeSkipped: false))
      case .nearlyRight, .cutOff: outcomes.append(session.perform(operation))
      }
    }
    let endings: [Transcript.Ending] = [
      .crashed("Fatal error: \u{7F}"), .timedOut(seconds: 2), .garbled(""),
      .timedOut(seconds: 1, while: .waiting), .outOfTime,
    ]
    let ending =
      end < trace.count || draw(50) == 0 ? endings[draw(endings.count)] : .complete
    return Transcript(outcomes: outcomes, ending: ending)
  }

  private func outcome(_ kinds: OutcomeKinds, mayBeSkipped: Bool) -> Outcome {
    while true {
      let any: Outcome =
        switch draw(9) {
        case 0: .done
        case 1: .none
        case 2, 3: .number(number())
        case 4: .truth(draw(2) == 0)
        case 5: .text(text())
        case 6: .numbers((0..<(draw(40) == 0 ? 5_000 : draw(30))).map { _ in number() })
        case 7: .refused(text())
        default: .skipped
        }
      if any == .skipped ? mayBeSkipped : kinds.contains(any.kind) { return any }
    }
  }

  private func number() -> Int {
    switch draw(8) {
    case 0: [Int.min, .max, -1, 1 << 22, (1 << 22) - 1, 1 << 32, 1 << 62, .min + 1][draw(8)]
    case 1: Int(truncatingIfNeeded: next())
    case 2: draw(2_000)
    default: draw(20)
    }
  }

  private func text() -> String {
    let texts = [
      "", "|", "0x", "GFP_KERNEL|", "\u{0}\u{1B}[2J", "e\u{301}", "0xFFFFFFFFF", "none",
      String(repeating: "GFP_DMA|", count: 400), String(repeating: " ", count: 130), "١٢", "0x１",
    ]
    return texts[draw(texts.count)]
  }

  private func draw(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  private func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }
}

/// No slip at all.
private enum Flawless: Planted { static var slip: Slip { .none } }

/// Whatever comes back from a worker, a check ends with a verdict that can be told.
@Suite struct WildSubjectTests {
  private func judge<D: Driver>(_ driver: D.Type, _ lab: Lab) {
    for check in lab.checks {
      for (index, manner) in WildSubject<D>.Manner.allCases.enumerated() {
        for seed in 0..<4 {
          let subject = {
            WildSubject(
              driver, lab.vocabulary, manner, seed: UInt64(1_000 * index + 10 * seed + $0))
          }
          let verdict = check.examine(
            Examination(
              subject: subject(0), optimised: subject(1), baseline: subject(2),
              seed: UInt64(seed)))
          if case .anything = manner, case .passed = verdict {
            Issue.record("\(check.id) is passed by noise")
          }
          guard case .failed(let found, _) = verdict else { continue }
          #expect(!found.expected.isEmpty && !found.found.isEmpty, "\(check.id)")
          for index in found.transcript.outcomes.indices {
            #expect(!lab.narrate(found.operations, found.transcript.outcomes, index).isEmpty)
          }
        }
      }
    }
  }

  @Test func buddySystemEndsWithAVerdict() {
    judge(BuddySystemDriver<SetBuddy<Flawless>>.self, .buddySystem)
  }

  @Test func gfpFlagsEndsWithAVerdict() {
    judge(GFPFlagsDriver<CorrectGFPRules>.self, .gfpFlags)
  }
}
