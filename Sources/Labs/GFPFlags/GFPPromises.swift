extension Promise {
  /// What the contract of the GFPFlags lab and its lesson promise.
  static let gfp: [Promise] =
    gfpEverywhere + gfpMasks + gfpZones + gfpReserves + gfpSituations + gfpTexts

  private static let gfpEverywhere = [
    Promise(
      "An instance that has been asked nothing yet; every instance returns the same.",
      checks: ["zone-choice", "parse-names", "starting-io"],
      edges:
        "what goes wrong is asked again on an instance of its own, and told apart from memories"),
    Promise(
      "What a method returns depends on its arguments alone",
      checks: [
        "types", "groups", "base-type", "sleeping", "starting-io", "entering-fs", "zone-choice",
        "zone-movable", "zone-fallback", "zone-refusal", "reserve-share", "reserve-memalloc",
        "situation-sleep", "situation-recursion", "situation-reserve", "situation-zone",
        "print-names", "print-leftover", "parse-names", "parse-numbers", "parse-malformed",
        "recordings",
      ],
      edges: """
        every question twice on one instance, the smallest first and then the other way round; the three questions that return \
        true or false also among each other
        """),
    Promise(
      "it returns for every mask: bits that a question does not speak of make no difference to it",
      checks: [
        "groups", "base-type", "sleeping", "starting-io", "entering-fs", "zone-choice",
        "zone-movable", "zone-fallback", "zone-refusal", "reserve-share", "reserve-memalloc",
        "print-names", "print-leftover",
      ],
      edges: """
        each of the 32 bits alone, beside each other bit, put into each type and taken out of it, and changed in masks drawn at \
        random; no bit, all bits, all but one
        """),
  ]

  private static let gfpMasks = [
    type("`GFP_ATOMIC`: high, kswapdReclaim"),
    type("`GFP_KERNEL`: both kinds of reclaim, io, fs"),
    type("`GFP_KERNEL_ACCOUNT`: those of `GFP_KERNEL`, and account"),
    type("`GFP_NOWAIT`: kswapdReclaim, noWarn"),
    type("`GFP_NOIO`: both kinds of reclaim"),
    type("`GFP_NOFS`: both kinds of reclaim, io"),
    type("`GFP_USER`: those of `GFP_KERNEL`, and hardwall"),
    type("`GFP_DMA`: dma. `GFP_DMA32`: dma32"),
    type("`GFP_HIGHUSER`: those of `GFP_USER`, and highMem"),
    type("`GFP_HIGHUSER_MOVABLE`: those of `GFP_HIGHUSER`, and movable"),
    type(
      """
      `GFP_TRANSHUGE_LIGHT`: those of `GFP_HIGHUSER_MOVABLE`, without both kinds of reclaim, and comp, noMemAlloc, noWarn
      """),
    type("`GFP_TRANSHUGE`: those of `GFP_TRANSHUGE_LIGHT`, and directReclaim"),
    Promise(
      "The part of `mask` that says where the memory may lie: dma, highMem, dma32, movable.",
      checks: ["groups"], edges: "each bit alone and in company"),
    Promise(
      "The rest of `mask`: how the allocator may go about it. Bits without a name belong here.",
      checks: ["groups"], edges: "bit 9 and bits 24 to 31, alone and in company"),
    Promise(
      "the first of `GFPType.allCases` whose bits it all has, or nil", checks: ["base-type"],
      edges: "no bit; each type, two types at once; one bit too few, one too many, for each bit"),
    Promise(
      "Whether the caller may be put to sleep: exactly when directReclaim is set.",
      checks: ["sleeping"], edges: "all combinations of ten bits that serve a request, and each bit"
    ),
    Promise(
      "kswapdReclaim wakes another thread and never makes the caller wait.", checks: ["sleeping"],
      edges: "kswapdReclaim alone and in company"),
    Promise(
      "it needs io, and directReclaim, since nothing else reclaims for it", checks: ["starting-io"],
      edges: "io, directReclaim and kswapdReclaim in all combinations, with fs and without"),
    Promise(
      "it needs fs and directReclaim. io makes no difference.", checks: ["entering-fs"],
      edges: "fs, directReclaim and kswapdReclaim in all combinations, with io and without"),
  ]

  private static func type(_ text: String) -> Promise {
    Promise(text, checks: ["types"], edges: "every bit of the type, and no other")
  }

  private static let gfpZones = [
    Promise(
      "More than one of dma, highMem and dma32 contradict each other: nil, with movable or without.",
      checks: ["zone-refusal"],
      edges: "the 16 zone masks on the five machines, with each other bit"),
    Promise(
      """
      dma: DMA. dma32: DMA32. highMem with movable: Movable. highMem alone: HighMem. Nothing: Normal.
      """,
      checks: ["zone-choice", "zone-movable"],
      edges: "the eight good zone masks on the five machines"),
    Promise(
      "movable is of consequence together with highMem only.",
      checks: ["zone-choice", "zone-movable", "zone-refusal"],
      edges: "movable alone, with dma and with dma32, on machines with a Movable zone and without"),
    Promise(
      "A zone that is not among the machine's known ones becomes Normal.", checks: ["zone-choice"],
      edges: "HighMem on the three 64-bit machines, DMA32 on the two 32-bit ones"),
    Promise(
      """
      The list holds the machine's populated zones from that one (if populated) downwards, none left out.
      """,
      checks: ["zone-fallback", "zone-choice"],
      edges: "an empty Normal; from two to four zones; twice the same; a zone above"),
  ]

  private static let gfpReserves = [
    Promise(
      "memAlloc without noMemAlloc: 0, nothing is kept from it.", checks: ["reserve-memalloc"],
      edges: "with high and without, sleeping and not"),
    Promise(
      """
      high: min − min/2. If it also may not sleep and has no noMemAlloc, a quarter of that result is taken off again: m − m/4.
      """,
      checks: ["reserve-share", "reserve-memalloc"],
      edges:
        "the 16 combinations of high, directReclaim, memAlloc and noMemAlloc, with each other bit"),
    Promise(
      "All others: min.", checks: ["reserve-share", "reserve-memalloc"],
      edges: "each bit without high; requests that may not sleep"),
    Promise(
      "Divisions round down.", checks: ["reserve-share", "reserve-memalloc"],
      edges: "min 0 to 33: every remainder of 2 and of 8"),
    Promise(
      "the zone's min watermark in pages, 0 or more, at most 2^30.",
      checks: ["reserve-share", "reserve-memalloc"],
      edges:
        "0, 1, 2^30 − 1, 2^30; one below, at and above each power of two from 64: 8, 16 and 32 bits, floats"
    ),
  ]

  private static let gfpSituations = [
    Promise(
      "directReclaim is set exactly where the context may sleep; kswapdReclaim in every situation.",
      checks: ["situation-sleep"], edges: "all 120 situations"),
    Promise(
      "Where the context may sleep: fs is set exactly for ordinary code, io for all code but block I/O.",
      checks: ["situation-recursion"], edges: "the 48 situations of a process and of a mutex"),
    Promise(
      "Where it may not, io and fs are of no consequence.", checks: ["situation-recursion"],
      edges: "a correct submission sets both where nobody may sleep"),
    Promise(
      """
      high is set exactly where the context may not sleep and the caller cannot do without the memory
      """,
      checks: ["situation-reserve"], edges: "all 120 situations"),
    Promise(
      "memAlloc and noFail are never set.", checks: ["situation-reserve"],
      edges: "all 120 situations, either bit"),
    Promise(
      """
      Kernel data: none of dma, highMem, dma32, movable. A device's buffer: dma for 16 MiB or dma32 for 4 GiB, and none of the \
      other three. A user's page: highMem and movable, without dma and dma32.
      """,
      checks: ["situation-zone"],
      edges: "all 120 situations, each of the four bits too many or missing"),
    Promise(
      "hardwall is set exactly for a user's page.", checks: ["situation-zone"],
      edges: "all 120 situations"),
    Promise(
      "All other bits are free.",
      checks: ["situation-sleep", "situation-recursion", "situation-reserve", "situation-zone"],
      edges: "a correct submission sets further bits in every situation"),
  ]

  private static let gfpTexts = [
    Promise(
      "`none`, standing alone, is the empty mask.", checks: ["recordings", "parse-malformed"],
      edges: "none alone; beside a name, a number, itself, an empty part; in capitals"),
    Promise(
      "Otherwise one part or more, any number, separated by `|`, together the union of what each part means.",
      checks: ["parse-names", "parse-numbers"],
      edges: "1 to 100 parts, 1,000 parts; every pair of names; names and numbers in every order"),
    Promise(
      "Order makes no difference, and parts may repeat or overlap.",
      checks: ["parse-names", "parse-numbers"],
      edges: "all 35 names forwards, backwards and sorted; each name 40 times; a number twice"),
    Promise(
      "A part is one of the 35 names of `GFPMask.printingOrder`, in exactly that spelling",
      checks: ["parse-names", "parse-malformed"],
      edges:
        "each name, and each with a character before, behind, less, in small letters or under a mark"
    ),
    Promise(
      "`0x` and one to eight digits `0`–`9`, `a`–`f` (no capitals, no sign, no digits of other scripts).",
      checks: ["parse-numbers"],
      edges: """
        each digit in each place, with leading zeros; 0, 9, 10, 16, 17 and 1,000 digits; capitals, signs; fullwidth, Arabic and \
        other digits, combining marks, NUL
        """),
    Promise(
      """
      any other text: an empty text or part, white space, another spelling, any other character, `none` among other parts.
      """,
      checks: ["parse-malformed", "parse-numbers"],
      edges: """
        bars at the start, at the end and twice, behind up to 100 parts; spaces, tabs, CR, LF, NUL, U+00A0, marks, emoji and \
        look-alikes at every border; a part of 100,000 characters
        """),
    Promise(
      "Stopping the program is not a refusal.", checks: ["parse-malformed", "parse-numbers"],
      edges: "every malformed text"),
    Promise(
      "every case counts as a refusal", checks: ["parse-malformed", "parse-numbers"],
      edges: "correct submissions throw different cases"),
    Promise(
      "The names of `GFPMask.printingOrder` are tried once each, in that order.",
      checks: ["print-names"],
      edges:
        "each name, each pair of names, each pair of bits; with bits that have no name beside them"),
    Promise(
      "A name is printed when all its bits are still there; they are then taken away.",
      checks: ["print-names"], edges: "each type with one bit too few or too many; all bits"),
    Promise(
      """
      If bits are left at the end, they are printed last as one number: `0x` and lower-case digits without leading zeros.
      """,
      checks: ["print-leftover"],
      edges: "all 512 sets of the nine bits without a name; each beside each bit with a name"),
    Promise(
      "The empty mask is `none`.", checks: ["print-leftover", "recordings"], edges: "the empty mask"
    ),
    Promise(
      "parsing the printed text gives the mask again.", checks: ["round-trip"],
      edges: "every mask that questions are tried on but the empty one"),
    Promise(
      "The recordings hold 94 different texts, `none` among them (4 requests); your code must read and write each of them.",
      checks: ["recordings"], edges: "all 94, byte for byte, both ways"),
  ]
}
