import PropertyTesting

/// Texts to be parsed, well-formed ones and others.
///
/// U+212A, the sign of Kelvin, is in none of them: Swift's `==` holds it for the letter K, so that a right and careful program
/// might take it for one.
enum GFPTexts {
  private static let all = GFPModel.names.map(\.name)

  /// `count` names, one after the other from the kernel's table, beginning anew at its end.
  private static func cycle(_ count: Int, from start: Int = 0) -> String {
    (0..<count).map { all[(start + $0) % all.count] }.joined(separator: "|")
  }

  /// Names alone: each, each pair, up to 100 in one text, all of them forwards and backwards, and the same one many times.
  static let names: [String] =
    all
    + all.flatMap { first in all.map { "\(first)|\($0)" } }
    + (3...100).map { cycle($0) } + (3...36).map { cycle($0, from: 17) }
    + [all.reversed().joined(separator: "|"), all.sorted().joined(separator: "|")]
    + all.map { name in Array(repeating: name, count: 40).joined(separator: "|") }
    + [Array(repeating: "GFP_KERNEL", count: 1000).joined(separator: "|")]

  // MARK: Numbers

  /// Numbers: each digit in each place, each length with and without leading zeros, beside names and each other, and what only
  /// looks like a number.
  static let numbers: [String] = wellFormedNumbers + numbersAmongParts + nearlyNumbers

  private static let wellFormedNumbers: [String] = {
    let digits = Array("0123456789abcdef")
    var texts: [String] = []
    for place in 0..<8 {
      for digit in digits {
        let zeros = String(repeating: "0", count: place)
        texts += ["0x\(digit)\(zeros)", "0x\(zeros)\(digit)"]
        texts.append("0x" + String(repeating: digit, count: place + 1))
      }
    }
    return texts + ["0xcc0", "0xabcdef", "0x12345678", "0x89abcdef", "0xfedcba98", "0x7fffffff"]
  }()

  private static let numbersAmongParts: [String] =
    all.flatMap { ["\($0)|0x1000000", "0x1000000|\($0)", "\($0)|0x0"] }
    + [
      "0x1|0x200", "0x200|0x1", "0x1|0x1", "0x0|0x0", "0xffffffff|0x1", "0x80000000|0x80000000",
      "0x200|GFP_KERNEL|0x1", "GFP_KERNEL|0x200|__GFP_ZERO", "0x1|GFP_KERNEL|0x2|GFP_DMA|0x4",
    ]
    + (0..<32).map { count in (0...count).map { "0x" + hex(1 << $0) }.joined(separator: "|") }
    + [cycle(40) + "|0x1000000", "0x1000000|" + cycle(40), cycle(20) + "|0x200|" + cycle(20)]

  private static func hex(_ number: Int) -> String { String(number, radix: 16) }

  private static let nearlyNumbers: [String] = {
    var texts = [
      "0x", "0x|0x1", "0x1|0x", "0X1", "0XFF", "0xFF", "0xaB", "0xA", "0xF0", "0xg", "0x1g", "0xg1",
      "0x/", "0x:", "0x`", "0x@", "0xG", "0xx", "0x0x1", "0x0x", "00x1", "x200", "0", "1", "200",
      "cc0", "3264", "0b1", "0o7", "#1", "$1", "1h", "0x1h", "0x1L", "0x1u", "0x+1", "0x-1", "+0x1",
      "-0x1", "~0x1", "0x~1", "0x1~", "0x 1", " 0x1", "0x1 ", "0 x1", "0x1_0", "0x_1", "0x1'0",
      "0x1,0", "0x1.0", "0x.1", "0x1.", "0x1p3", "0x1+0x2", "0x1 |0x2", "0x1| 0x2", "0x1,0x2",
      "0x1;", "\\x1", "\\0x1", "0x1\n", "0x1\r", "0x1\r\n", "\n0x1", "0x1\t", "\t0x1", "0x\t1",
      "0x1\0", "\u{0}0x1", "0x\u{0}1", "0x1\u{0}0",
      // Digits and letters of other scripts, marks that join the character before, and what cannot be seen.
      "0x\u{ff11}", "0x1\u{ff11}", "\u{ff10}x1", "0\u{ff58}1", "\u{ff10}\u{ff58}\u{ff11}",
      "0x\u{ff41}", "0x\u{661}", "0x\u{6f1}", "0x\u{967}", "0x\u{b9}", "0x1\u{b2}", "0x\u{2460}",
      "0x\u{1d7cf}", "0x\u{1d7d8}", "0x\u{1f100}", "0x\u{430}", "0x\u{435}", "0x\u{3b1}",
      "0x\u{e9}", "0x\u{e0}", "0xa\u{300}", "0xd\u{301}", "0xe\u{301}", "0x1\u{301}", "0x\u{301}1",
      "0\u{301}x1", "0x1\u{20e3}", "0x1\u{fe0f}", "0x1\u{fe0f}\u{20e3}", "0x1\u{200b}",
      "0x\u{200b}1", "0x1\u{200d}", "\u{feff}0x1", "0x\u{a0}1", "0x1\u{a0}", "0x\u{ad}1",
      "\u{2212}0x1", "0x\u{1f600}", "0\u{d7}1", "0\u{445}1", "0\u{3c7}1",
    ]
    // More than eight digits, whatever they are worth.
    for count in [9, 10, 15, 16, 17, 20, 32, 33, 64, 1000] {
      for digit in ["0", "1", "f"] { texts.append("0x" + String(repeating: digit, count: count)) }
      texts.append("0x" + String(repeating: "0", count: count - 1) + "1")
      texts.append("0x1" + String(repeating: "0", count: count - 1))
      texts.append("GFP_KERNEL|0x" + String(repeating: "0", count: count - 1) + "1")
    }
    return texts + ["0x123456789", "0x100000000", "0xffffffff0", "0x0ffffffff", "0x1|0x100000000"]
  }()

  /// Whether a part of `text` that is no name holds a digit of any script: the affair of the rule about numbers.
  static func isAboutNumbers(_ text: String) -> Bool {
    text.split(separator: "|").contains { part in
      !all.contains(String(part))
        && part.unicodeScalars.contains { $0.properties.numericType != nil }
    }
  }

  // MARK: Malformed texts

  /// Texts that are to be refused, and some well-formed ones beside them.
  static let malformed: [String] =
    all + spoiltNames + misspelt + emptyParts + foreign + noneAmongParts

  /// Each name with something put before it, behind it or taken away.
  private static let spoiltNames: [String] = all.flatMap { (name: String) -> [String] in
    [
      name.lowercased(), String(name.dropFirst()), String(name.dropLast()), name + "_", name + "S",
      "_" + name, " " + name, name + " ", name + "\n", name + "|", "|" + name, name + "=1",
      "~" + name, name + "0", name + ",", "none|" + name, name + "|none", name + "\u{301}",
      String(name.drop { $0 == "_" }.dropFirst(4)), name.replacing("_", with: "-"),
      name.hasPrefix("__") ? String(name.dropFirst(2)) : "__" + name,
    ]
  }.filter { GFPModel.mask($0) == nil }

  private static let misspelt: [String] = [
    "gfp_kernel", "Gfp_Kernel", "GFP_KERN", "GFP_KERNEL_", "GFP_", "__GFP_", "GFP", "KERNEL",
    "GFP_ZERO", "__GFP_KERNEL", "__GFP_DMA", "__GFP_DMA32", "GFP_HIGHMEM", "GFP_HIGH",
    "__GFP_NOLOCKDEP", "__GFP_ATOMIC", "__GFP_NO_OBJ_EXT", "__GFP_SKIP_ZERO", "GFP_RECLAIM",
    "__GFP_NOWAIT", "GFP_DMA64", "GFP_DMA31", "GFP_HIGHUSER_", "GFP_KERNEL,__GFP_ZERO",
    "GFP_KERNEL __GFP_ZERO", "GFP_KERNEL + __GFP_ZERO", "GFP_KERNEL | __GFP_ZERO",
    "GFP_KERNEL |__GFP_ZERO", "GFP_KERNEL| __GFP_ZERO", "GFP_KERNEL|~__GFP_IO",
    "GFP_KERNEL&__GFP_ZERO", "GFP_KERNEL||0x1", "GFP_KERNEL\t|__GFP_ZERO", "GFP_KERNEL\n__GFP_ZERO",
    "GFP_KERNEL/__GFP_ZERO", "GFP_KERNEL\\|__GFP_ZERO", "GFP_KERNEL;", "GFP_KERNEL__GFP_ZERO",
    "(GFP_KERNEL)", "\"GFP_KERNEL\"", "gfp_flags=GFP_KERNEL", "GFP_KERNEL|__GFP_ZERO\n", "nothing",
    String(repeating: "GFP_KERNEL", count: 1000), String(repeating: "A", count: 100_000),
    "GFP_KERNEL|" + String(repeating: "X", count: 5000), cycle(40) + "|GFP_X", "GFP_X|" + cycle(40),
    cycle(20) + "||" + cycle(20),
  ]

  private static let emptyParts: [String] =
    [
      "", "GFP_KERNEL||__GFP_ZERO", "|GFP_KERNEL|", "||GFP_KERNEL", "GFP_KERNEL||", " ", "\n", "\t",
      "\0", "| |",
    ]
    + [1, 2, 3, 10, 100].map { String(repeating: "|", count: $0) }
    + (2...100).map { cycle($0) + "|" } + (2...36).map { "|" + cycle($0) }

  /// Characters outside of ASCII, or invisible, where people do not look for them.
  private static let foreign: [String] = {
    let strange = [
      "\0", "\r", "\r\n", "\u{b}", "\u{c}", "\u{1b}", "\u{7f}", "\u{85}", "\u{a0}", "\u{ad}",
      "\u{301}", "\u{200b}", "\u{200d}", "\u{2028}", "\u{202e}", "\u{3000}", "\u{feff}", "\u{fe0f}",
      "\u{1f600}", "\u{e000}", "\u{10ffff}",
    ]
    let among = strange.flatMap { (sign: String) -> [String] in
      [
        sign, "GFP_KERNEL" + sign, sign + "GFP_KERNEL", "GFP_" + sign + "KERNEL",
        "GFP_KERNEL|" + sign, "GFP_KERNEL" + sign + "|__GFP_ZERO",
        "GFP_KERNEL|" + sign + "__GFP_ZERO", "none" + sign, sign + "none",
        "GFP_KERNEL" + sign + "__GFP_ZERO",
      ]
    }
    let lookAlikes: [String] = [
      // Letters that look the same: Greek, Cyrillic, fullwidth; and bars that look the same.
      "GFP_\u{39a}ERNEL", "GFP_\u{41a}ERNEL", "GFP_K\u{415}RNEL", "GFP_DM\u{410}", "GFP_DM\u{391}",
      "GFP_D\u{39c}A", "G\u{424}P_DMA", "GFP\u{ff3f}DMA", "\u{ff27}FP_DMA",
      "GFP_\u{ff24}\u{ff2d}\u{ff21}", "GFP_DMA\u{ff13}\u{ff12}", "GFP_DMA\u{663}\u{662}",
      "GFP_NOF\u{17f}", "GFP_NO\u{130}O", "GFP_NO\u{131}O", "n\u{43e}ne", "n\u{f8}ne", "non\u{e9}",
      "GFP_KERNEL\u{ff5c}__GFP_ZERO", "GFP_KERNEL\u{a6}__GFP_ZERO", "GFP_KERNEL\u{2223}__GFP_ZERO",
      "GFP_KERNEL\u{2502}__GFP_ZERO", "\u{c9}", "GFP_K\u{c9}RNEL", "GFP_KE\u{301}RNEL",
      "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{4e2d}\u{6587}",
    ]
    return among + lookAlikes
  }()

  private static let noneAmongParts: [String] = [
    "none|GFP_KERNEL", "GFP_KERNEL|none", "none|none", "none|0x0", "0x0|none", "none|", "|none",
    "none|0x1", "0x1|none", "GFP_KERNEL|none|__GFP_ZERO", "None", "NONE", "nONE", " none", "none ",
    "non", "one", "nonee", "nonenone", "none,none", "no", "null", "nil", "(none)", "empty",
  ]

  /// Draws a text of names with one character changed, put in or left out, or none.
  static func drawNearlyWellFormed(_ choices: Choices) throws -> String {
    var parts = [try choices.element(of: GFPModel.names).name]
    try choices.commands(average: 1, max: 20) {
      parts.append(try choices.element(of: GFPModel.names).name)
    }
    var characters = Array(parts.joined(separator: "|").unicodeScalars)
    let index = try choices.draw(0...characters.count - 1)
    let others = Array("|_ ,GFPgk\n\t\r0x9\0\u{a0}\u{301}\u{ff11}".unicodeScalars)
    switch try choices.weighted([3, 2, 2, 1]) {
    case 0: characters.remove(at: index)
    case 1: characters.insert(try choices.element(of: others), at: index)
    case 2: characters[index] = try choices.element(of: others)
    default: break
    }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: characters)
    return String(text)
  }
}
