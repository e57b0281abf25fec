import LabKit

extension BuddyChecks {
  static let memory: [Check] = [
    hunting(
      OrderLimitsLaw.self,
      in: Scope(
        layouts: ["0-1023"],
        scenarios: [
          Plan(
            layout: "0-2047",
            moves: [a(10), f(0, 10), a(10), a(10), f(2, 10), a(9), f(3, 10), f(5, 9)]),
          Plan(layout: "0-15", moves: [a(0), a(1), a(11), a(-1), a(0, 1), a(0, -1), a(64), a(2)]),
          strangeOrders, strangeZones, strangeOrdersOfTwoZones,
        ],
        extras: extremes, depth: 2,
        wider: ["0-2047", "0-4095"], optional: ["0-7|8-15"], runs: 40, length: 10),
      beyond: Beyond(
        scope: Scope(
          layouts: ["0-7"],
          scenarios: [strangeOrders, strangeZones, strangeOrdersOfTwoZones] + everyOrder,
          extras: extremes, depth: 2, wider: ["0-15", "0-2047"], optional: ["0-7|8-15"], runs: 40,
          length: 10)),
      id: "order-limits", title: "Orders 0 to 10, and no others",
      rule:
        "Order 0 and order 10 are orders like the rest, blocks of order 10 never merge, and orders or zones that do not exist have no blocks.",
      kind: .example, points: 3, lesson: "order-limits",
      hints: [
        "How many orders are there from 0 to maxOrder, and what happens when two blocks of the last one lie side by side?",
        "Check order and zone before they index anything or are shifted by; stop merging when the order is the largest, not when the lists end.",
        "allocate: unless 0 <= order <= maxOrder and the zone exists, answer nil; freeBlocks: likewise, with an empty list; there are maxOrder + 1 lists a zone; free merges while order < maxOrder.",
      ]),
    hunting(
      OddMemoryLaw.self,
      in: Scope(
        layouts: ["0-6", "3-9", "1-6"],
        scenarios: [
          Plan(layout: "0-6", moves: [a(0), a(1), a(2), a(0)]),
          Plan(layout: "3-12", moves: [a(0), a(1), a(0), a(0), a(1), a(2)]),
          Plan(layout: "5-20", moves: [a(0), a(1), a(1), a(2), a(2), a(0), a(3)]),
        ]
          + (smallMachines + ["0-1499", "1-1499", "1022-2049", lastFrames]).map { Plan(layout: $0) },
        hasFrees: false, wider: ["5-20", "0-12", "37-75"]),
      beyond: Beyond(
        scope: Scope(
          layouts: ["3-9", "1-6", "0-6"],
          scenarios: [
            drain("3-9", .upwards), drain("1-14", .downwards), drain("0-12", .evensFirst),
            drain("5-20", .shuffled(1)), drain("2-2", .upwards), drain("1-1", .upwards),
            drain("7-8", .upwards), drain("1023-1040", .shuffled(2)),
            drain("1-2046", order: 7, .shuffled(3)), drain(lastFrames, .shuffled(4)),
          ], wider: ["5-20", "0-12", "37-75"], runs: 60)),
      id: "odd-memory", title: "Memory of any size, from any frame on",
      rule:
        "Memory need not be a power of two nor begin at an aligned frame: all of it is free after boot, in the largest blocks, and nothing beyond it.",
      kind: .fault, points: 6, lesson: "odd-memory",
      hints: [
        "Which blocks make up the frames 3 to 9? Count them before you look at your code: there are three.",
        "Alignment goes by the absolute frame number, not by the distance from where memory begins, and the last block may have to be small again.",
        "At frame f with r frames left before the end: the order is the smaller of 10, the number of zero bits at the end of f (any for 0), and the largest n with 2^n <= r.",
      ]),
    hunting(
      HoleLaw.self,
      in: Scope(
        layouts: ["0-2,4-7", "0-4,6-8"],
        scenarios: [
          Plan(
            layout: "0-6,8-15",
            moves: [a(2), a(1), a(0), a(2), f(2), f(1, 1), f(0, 2), f(3, 2), a(3)]),
          Plan(layout: "2-3,5-5,8-14", moves: [a(0), a(0), a(0), a(0), f(1), f(0), f(3), f(2)]),
          drain(manyHoles, .upwards), drain("0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14", .evensFirst),
        ], evidence: 3, wider: ["0-6,8-15", "2-3,5-5,8-14", manyHoles]),
      beyond: Beyond(
        scope: Scope(
          layouts: ["0-2,4-7", "0-0,2-3,6-7"],
          scenarios: [
            drain(manyHoles, .shuffled(1)), drain("0-6,8-15", .shuffled(2)),
            drain("0-1022,1024-1530", order: 4, .shuffled(3)),
          ], wider: ["0-6,8-15", manyHoles], runs: 60),
        plain: ["0-7", "3-9"]),
      id: "holes", title: "Holes are never part of a block",
      rule:
        "Frames in a hole are never handed out nor listed free, while every frame beside the holes is free after boot.",
      kind: .fault, points: 5, lesson: "holes",
      hints: [
        "Frame 7 is a hole. What is the buddy of frame 6, and is it free?",
        "A frame in a hole looks free to code that only asks whether it is in use: a hole needs a mark of its own, or no mark that says free.",
        "Give every frame up to the last a state: hole, part of a block, first of a free block, first of a block in use. Set the usable ranges only, and let the merge ask for \"first of a free block\".",
      ]),
  ]

  /// Orders and zones that one more step of arithmetic takes out of range, and lists of such.
  private static let extremes: [Move] =
    [a(11), a(-1), a(64), a(0, 1), a(0, -1), a(.max), a(.min), a(0, .max), a(0, .min)]
    + [(11, 0), (-1, 0), (0, 1), (0, -1), (.max, 0), (.min, 0), (0, .max), (0, .min)].map {
      .list(order: $0.0, zone: $0.1)
    }

  /// Holes of one frame and of many, ranges of one frame, and a range that begins and ends anywhere.
  private static let manyHoles = "1-1,3-3,5-10,12-15,24-25,31-40"

  static let zones: [Check] = [
    hunting(
      BorderLaw.self,
      in: Scope(
        layouts: ["0-3|4-7"],
        scenarios: [
          Plan(
            layout: "0-3|4-7",
            moves: [a(0, 1), a(0, 1), a(1, 1), a(1, 0), a(1, 0)]
              + [f(3, 1), f(4, 1), f(0), f(1), f(2, 1)]),
          drain("0-7|8-15", .upwards), drain(eightZones, .evensFirst),
          drain(eightOddZones, .shuffled(1)),
        ] + oddZones.map { Plan(layout: $0) }, evidence: 3, depth: 3,
        wider: ["0-7|8-15", "0-3|4-15", "0-15|16-23|24-31", eightZones, eightOddZones]),
      beyond: Beyond(
        scope: Scope(
          layouts: ["0-3|4-7", "0-2|3-6", "0-0|1-1|2-3"],
          scenarios: [
            drain(eightZones, .shuffled(1)), drain(eightOddZones, .downwards),
            drain("0-4|5-12|13-22", .shuffled(2)), drain("0-1023|1024-2047", order: 6, .evensFirst),
          ], depth: 3, wider: ["0-5|6-15", eightZones, eightOddZones], runs: 60),
        plain: ["0-7", "3-9"]),
      id: "zone-border", title: "Zones never merge",
      rule: "No block, free or in use, has frames of two zones.",
      kind: .invariant, points: 3, lesson: "zones",
      hints: [
        "Frames 0 to 3 are one zone and 4 to 7 another, and all are free. May the two blocks of order 2 become one of order 3?",
        "Two blocks can be buddies by their numbers and still be strangers: compare their zones before they merge.",
        "When free looks at the buddy, stop also if zone(of: buddy) differs from zone(of: block); file the result in the lists of that zone.",
      ]),
    hunting(
      FallbackLaw.self,
      in: Scope(
        layouts: ["0-3|4-7"],
        scenarios: [
          Plan(
            layout: "0-3|4-7", moves: [a(2, 1), a(1, 1), a(0, 1), a(0, 1), a(0, 0)]),
          Plan(
            layout: "0-7|8-15|16-23",
            moves: [a(3, 2), a(1, 2), a(2, 2), a(3, 2), a(1, 1), a(2, 2), a(0, 0)]),
          Plan(
            layout: eightZones,
            moves: (0..<7).map { _ in a(1, 7) } + [a(0, 6), a(0, 6), a(0, 7), a(0, 7), a(0, 7)]),
          Plan(
            layout: "0-1|2-3|4-5|6-7|8-9|10-11|12-13",
            moves: (0...6).reversed().map { a(1, $0) } + [a(0, 6)]),
          Plan(layout: eightOddZones, moves: (0...7).flatMap { zone in [a(0, zone), a(1, zone)] }),
        ]
          + (1...7).map { top in
            // Each zone asks for more than it has itself, and must not take from above.
            Plan(layout: eightZones, moves: (0..<top).map { _ in a(1, top - 1) } + [a(0, top - 1)])
          }, hasFrees: false, depth: 3,
        wider: ["0-7|8-15|16-23", "0-5|6-15", eightZones, eightOddZones]),
      id: "zone-fallback", title: "A full zone falls back to the next lower one",
      rule:
        "The asked zone serves a request while it has a sufficient block; then the next lower zone does, and never a higher one.",
      kind: .property, points: 4, lesson: "zones",
      hints: [
        "A device needs memory below 16 MiB, and only that. Which zones may serve a request for zone 0?",
        "Finish the search through all orders of one zone before you go on to the next; a large block in the asked zone comes before a fitting one in a lower.",
        "for z from zone down to 0: look in zone z as you would in a machine of that zone alone, and return what it serves. When zone 0 has nothing either: nil.",
      ]),
  ]

  /// Bad frees before anything else, on blocks as they are after boot.
  private static let untouched = Plan(
    layout: "0-2047",
    moves: [
      .freeFrame(0, order: 10), .freeFrame(1024, order: 10), .freeFrame(0, order: 0),
      .freeFrame(1024, order: 0), .freeFrame(2047, order: 0), .freeFrame(512, order: 9),
      .freeFrame(0, order: 11), a(10), a(0), a(0), a(9),
    ])

  static let badFrees: [Check] = [
    hunting(
      MisuseLaw<FreeAlready>.self,
      in: Scope(
        layouts: ["0-7"],
        scenarios: [
          Plan(
            layout: "0-15",
            moves: [a(0), a(0), a(1), f(0), f(0), f(1), f(1), f(0), a(2), .freeFrame(8, order: 3)]),
          untouched,
        ], misuse: [.free, .everywhere], depth: 3, wider: ["0-15", "0-31"]),
      aftermath: FreeAlready.self,
      id: "double-free", title: "A block that is free cannot be freed",
      rule: "Giving back a block that is free already throws BadFree and changes nothing.",
      kind: .fault, points: 6, lesson: "bad-frees",
      hints: [
        "What do you know about a block at the moment somebody gives it back, and how do you know that it is in use?",
        "Membership of a free list is not enough: after a merge the frame is in no list under its own number, yet it is free. Remember what is in use, and forget it when it is freed.",
        "Keep for each frame the order with which it was handed out, or a sign for none; free begins by looking there, throws .notAllocated when there is none, and erases it before merging.",
      ]),
    hunting(
      MisuseLaw<Mismatched>.self,
      in: Scope(
        layouts: ["0-7"],
        scenarios: [
          Plan(
            layout: "0-15",
            moves: [a(2), a(1), a(0), f(0, 1), f(0, 3), .free(step: 0, offset: 2, order: 1)]
              + [.free(step: 1, offset: 1, order: 0), f(2, 1), f(2, -1), f(0, 2), f(2)]),
          Plan(
            layout: "0-1023",
            moves: [a(10)] + (0...9).map { .free(step: 0, offset: 512, order: $0) }
              + [1, 2, 511, 1023].map { .free(step: 0, offset: $0, order: 10) }
              + (0...9).map { f(0, $0) } + [f(0, 10)]),
        ], misuse: [.mismatched, .everywhere], depth: 3, wider: ["0-15", "0-31"]),
      aftermath: Mismatched.self,
      id: "wrong-block", title: "Only whole blocks can be freed",
      rule:
        "Giving back part of a block, or a block with another order than it was handed out with, throws BadFree and changes nothing.",
      kind: .fault, points: 6, lesson: "bad-frees",
      hints: [
        "A block of 4 frames starts at frame 8. What should free(10, order: 1) do, and what free(8, order: 1)?",
        "The caller's order is a claim, not a fact. Compare it with what you noted when the block was handed out, at its first frame and nowhere else.",
        "Note the order only at a block's first frame; a frame without a note lies inside something: .notAllocated; a note that differs from the argument: .wrongOrder, with the noted one.",
      ]),
    hunting(
      MisuseLaw<Foreign>.self,
      in: Scope(
        layouts: ["0-2,4-7", "4-7"],
        scenarios: [
          Plan(
            layout: "4-7,9-15",
            moves: [
              a(0), a(1), a(2), .freeFrame(8, order: 0), .freeFrame(3, order: 0),
              .freeFrame(16, order: 0), .freeFrame(-1, order: 0), .freeFrame(1 << 40, order: 1),
              f(0), .freeFrame(2, order: 1),
            ])
        ], misuse: .foreign, depth: 3, wider: ["4-7,9-15", "1-12|13-20", eightOddZones]),
      aftermath: Foreign.self,
      id: "foreign-free", title: "Frames that are not memory cannot be freed",
      rule:
        "Giving back a frame in a hole, or before or behind all memory, throws BadFree and changes nothing.",
      kind: .fault, points: 4, lesson: "bad-frees",
      hints: [
        "Somebody frees frame -1, or frame 1,000,000 of a machine with 16. What does your first line of free do with that number?",
        "Any number may arrive: it has to be compared with the range of frames before it is used as an index, and with the holes after that.",
        "Unless the number lies between 0 and the last frame, and the frame there is marked as usable: throw .notManaged(frame:).",
      ]),
  ]
}
