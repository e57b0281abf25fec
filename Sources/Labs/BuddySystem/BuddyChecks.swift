import LabBench
import LabKit

/// The checks of the BuddySystem lab, in the order in which a student implements.
enum BuddyChecks {
  static let all: [Check] =
    [boot] + blocks + memory + zones + badFrees + together + performance

  /// A check that hunts for the shortest trace that breaks one law.
  ///
  /// - Parameters:
  ///   - beyond: what is tried besides, by the whole contract, where the law has held.
  ///   - aftermath: the kind of bad frees after which it is tried whether anything has changed.
  static func hunting<L: Law>(
    _ law: L.Type, in scope: Scope, beyond: Beyond? = nil, aftermath: (any MisuseKind.Type)? = nil,
    id: String,
    title: String, rule: String, kind: Check.Kind, points: Int, lesson: String, hints: [String]
  ) -> Check {
    Check(
      id: id, title: title, rule: rule, kind: kind, points: points, lesson: lesson, hints: hints,
      fewestSteps: { subject, depth in
        var hunt = Hunt(law, subject, scope)
        hunt.leaveOutWhatDoesNotBoot()
        let fewest = hunt.shortest(depths: 1...max(1, depth))?.stepCount
        let longest = min(depth, fewest.map { $0 - 1 } ?? depth)
        guard longest > 0, let beyond else { return fewest }
        return beyond.shortest(subject, depth: longest)?.stepCount ?? fewest
      }, judge: { L.counterexample($0, $1) },
      examine: { examination in
        let verdict = examine(law, in: scope, beyond, aftermath: aftermath, examination)
        // A check of the whole contract, and one that met a refusal that is another's, names the rule that was broken.
        return verdict.explained(by: L.judgesRulesOf.subtracting([id]))
      })
  }

  private static func examine<L: Law>(
    _ law: L.Type, in scope: Scope, _ beyond: Beyond?, aftermath: (any MisuseKind.Type)?,
    _ examination: Examination
  ) -> Verdict {
    var hunt = Hunt(law, examination.subject, scope)
    let verdict = hunt.verdict(seed: examination.seed)
    guard case .passed = verdict else { return verdict }
    if let aftermath,
      let finding = after(aftermath, examination.subject, scope)
    {
      return .failed(finding.counterexample)
    }
    return beyond?.verdict(examination, after: verdict) ?? verdict
  }

  private static func after<Kind: MisuseKind>(
    _ kind: Kind.Type, _ subject: any Subject, _ scope: Scope
  ) -> Finding? {
    Aftermath<Kind>(subject: subject, scope: scope).finding()
  }

  static let boot = Check(
    id: "boot", title: "All memory is free after boot",
    rule: "After boot every frame is free, in the largest blocks that their alignment allows.",
    kind: .example, points: 2, lesson: "boot",
    hints: [
      "How many blocks of which order are there in 16 frames that begin at frame 0, before anybody has asked for one?",
      "Go through a zone from its first frame: the block that starts there may have an order as large as the frame number is a multiple of, but it must also end within the zone.",
      "start = first frame; while start is before the end: order = 10; while start is no multiple of 2^order, or start + 2^order lies behind the end: lower it by one; file the block under its zone and order; start += 2^order.",
    ],
    fewestSteps: { subject, _ in
      if case .failed = examineBoot(subject) { 0 } else { nil }
    },
    examine: { examineBoot($0.subject) })

  private static func examineBoot(_ subject: any Subject) -> Verdict {
    // One range in one zone, which is what the lesson's first step asks for.
    let layouts = ["0-15", "0-0", "16-31", "0-1023", "0-4095", "48-63", "1024-2047"]
    let scope = Scope(layouts: [], scenarios: layouts.map { Plan(layout: $0) }, runs: 0)
    var hunt = Hunt(BootLaw.self, subject, scope)
    return hunt.bootVerdict(note: "\(layouts.count) machines")
  }

  static let blocks: [Check] = [
    hunting(
      AlignmentLaw.self,
      in: Scope(
        layouts: ["0-7"],
        scenarios: [
          Plan(layout: "0-2047", moves: (0...9).reversed().map { a($0) }),
          Plan(layout: "0-15", moves: [a(0), a(1), a(0), a(2), a(1)]),
          Plan(
            layout: "3-9",
            moves: [a(0), a(1), a(0), a(0), a(1), f(2), f(0), f(3), f(1, 1), f(4, 1)]
              + [a(1), a(1), a(1), a(0)]),
        ], evidence: 3, wider: ["0-15", "8-39", "0-63", "3-9", "5-20"],
        optional: ["3-9", "5-20"]),
      id: "alignment", title: "Blocks are aligned to their size",
      rule: "A block of order n starts at a frame whose number is a multiple of 2^n.",
      kind: .invariant, points: 3, lesson: "alignment",
      hints: [
        "At which of the frames 0 to 7 may a block of 4 frames start?",
        "Cut blocks only by halving aligned ones: both halves of an aligned block are aligned to half the size.",
        "To get order n out of a free block at frame f with a larger order m: for size m-1 down to n, one half starts at f and the other at f + 2^size; go on with either and file the other.",
      ]),
    hunting(
      OverlapLaw.self,
      in: Scope(
        layouts: ["0-7", "3-9"],
        scenarios: [fillAndEmpty, drain("0-15", .shuffled(1)), drain("3-9", .downwards)],
        evidence: 3, wider: ["0-15", "0-31", "0-3|4-7"], optional: ["3-9", "0-3|4-7"]),
      id: "no-overlap", title: "No frame is handed out twice",
      rule: "Two blocks in use never have a frame in common.",
      kind: .invariant, points: 5, lesson: "splitting",
      hints: [
        "Which of your lists still hold a block at the moment it is handed out, or becomes part of another one?",
        "A frame must have exactly one owner: whoever takes a block out of one place (a list, a bitmap, a set) must do it before the frames appear in another.",
        "On allocation unlink the block found, then file only the halves not handed out; on a merge unlink the buddy before the merged block is filed, and do not file the two parts.",
      ]),
    hunting(
      SplitLaw.self,
      in: Scope(
        layouts: ["0-7"],
        scenarios: [
          Plan(
            layout: "0-15",
            moves: [a(0), a(1), a(0), a(2), a(0), a(0), a(1), a(1)]),
          Plan(layout: "0-1023", moves: [a(0), a(9), a(4)]),
        ], hasFrees: false, wider: ["0-15", "0-63"]),
      id: "split", title: "The smallest sufficient block is split",
      rule:
        "A request takes a smallest free block that is large enough; if that is larger than asked, its other halves stay free.",
      kind: .property, points: 5, lesson: "splitting",
      hints: [
        "Blocks of order 1 and of order 3 are free, and one frame is wanted. Which block do you cut, and what is left of it?",
        "Search the orders upwards from the one that was asked for; each halving on the way down leaves exactly one free block of each order between.",
        "for s from order to 10: if a block of order s is free, take it out; while s > order: s -= 1, file the half that is not used under order s.",
      ]),
    hunting(
      AccountingLaw.self,
      in: Scope(
        layouts: ["0-7", "0-1|2-3"],
        scenarios: [
          fillAndEmpty,
          Plan(
            layout: "0-3|4-7",
            moves: [
              a(0, 1), a(0, 0), a(1, 1), a(0, 1), a(1, 1), f(1), f(0), f(3), f(2, 1), f(4, 1),
            ]),
          drain("0-3|4-7", .evensFirst),
        ], wider: ["0-15", "0-31", "0-7|8-15"], optional: ["0-1|2-3", "0-3|4-7", "0-7|8-15"]),
      id: "accounting", title: "Every frame is accounted for",
      rule: "At any time each frame is either in use or in exactly one free block.",
      kind: .invariant, points: 4, lesson: "accounting",
      hints: [
        "Add up the sizes of all blocks in use and all free blocks. What must come out, after every single call?",
        "Follow one frame through a split and a merge and note in which free block it is before and after; the sum of 2^order must change by exactly what was handed out or given back.",
        "Splitting order s into two of order s-1 takes 1 block from list s and adds 1 to list s-1 (the other goes on); merging takes the buddy from its list, adds nothing there, and adds one to the next.",
      ]),
    hunting(
      MergeLaw.self,
      in: Scope(
        layouts: ["0-7", "3-9"],
        scenarios: [
          fillAndEmpty, Plan(layout: "0-1023", moves: [a(0), a(9), f(0), f(1, 9)]), ladder,
        ] + everyOrder,
        wider: ["0-15", "0-63", "3-9", "5-20"], optional: ["3-9", "5-20"]),
      id: "merge", title: "Freed buddies merge",
      rule:
        "When a block is freed and its buddy is free, the two become one block, and that one is tried again with its own buddy.",
      kind: .property, points: 9, lesson: "merging",
      hints: [
        "Which frame is the buddy of frame 6 at order 1, and at which of the two frames does the merged block start?",
        "A buddy counts only if it is free as a whole, with the very order of the block beside it; then the pair starts at the smaller number, and the question is asked anew one order higher.",
        "loop while order < 10: buddy = frame XOR 2^order; stop unless a free block of exactly this order starts there; take it out of its list; frame = the smaller of both; order += 1. Then file (frame, order).",
      ]),
    hunting(
      WholeLaw.self,
      in: Scope(
        layouts: ["0-7", "3-9"],
        scenarios: [
          fillAndEmpty, drain("0-7", .upwards), drain("0-15", .downwards),
          drain("0-31", order: 1, .evensFirst), drain("3-9", .upwards), drain("1-6", .shuffled(5)),
          drain("0-12", .downwards),
        ], evidence: 3, givesAllBack: true, wider: ["0-15", "0-63", "3-9", "0-12"],
        optional: ["3-9", "1-6", "0-12"], runs: 80, length: 12),
      id: "whole-again", title: "All given back, memory is whole again",
      rule:
        "Every block in use can be given back, and when all have been, the free blocks are those of boot.",
      kind: .invariant, points: 4, lesson: "merging",
      hints: [
        "After the last block has come back, what is different from the moment of boot?",
        "Whatever you note at allocation (an order, a mark, a count) must be undone by free, also for a frame that was part of a larger block in between.",
        "At the end of allocate: remember the order at the block's first frame and mark it as in use. In free: compare, clear the mark, and only then begin to merge. Nothing else may keep a trace of the block.",
      ]),
    hunting(
      ExhaustionLaw.self,
      in: Scope(
        layouts: ["0-3", "0-7"],
        scenarios: [
          Plan(
            layout: "0-7",
            moves: [a(2), a(1), a(0), a(0), a(0), a(1), f(2), a(1), a(2), a(0), a(3)]),
          Plan(layout: "0-3", moves: [a(0), a(0), a(0), a(0), a(0), a(2), f(0), a(1)]),
        ], wider: ["0-15", "0-31"]),
      id: "exhaustion", title: "Nil means that nothing fits",
      rule:
        "The answer is nil exactly when no free block is large enough, and then nothing has changed.",
      kind: .fault, points: 3, lesson: "exhaustion",
      hints: [
        "Four frames are free, but no two of them side by side. What is the answer to a request of order 1, and what to one of order 0?",
        "Decide before you change anything: the search for an order may end without a result only behind order 10, in the last zone.",
        "Look through all orders from the asked one to 10 and all permitted zones first; return nil there; only a found block may be taken out, cut and marked.",
      ]),
  ]
}
