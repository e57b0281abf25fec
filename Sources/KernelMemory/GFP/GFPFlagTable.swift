/// The names of one kernel version's GFP flags, in the order in which that kernel prints them.
///
/// Source: `include/trace/events/mmflags.h` and `trace_print_flags_seq` in `kernel/trace/trace_output.c`.
public struct GFPFlagTable: Sendable {
  /// A name and the bits it stands for.
  public struct Entry: Hashable, Sendable {
    public let name: String
    public let flags: GFPFlags
  }

  /// The version as people write it, for example `6.12`.
  public let version: String
  /// Composites first, so that greedy printing finds the largest name.
  public let entries: [Entry]

  private let flagsOfName: [String: GFPFlags]

  init(version: String, _ entries: [(String, GFPFlags)]) {
    self.version = version
    self.entries = entries.map { Entry(name: $0.0, flags: $0.1) }
    flagsOfName = Dictionary(uniqueKeysWithValues: entries)
  }

  /// The table of a version by its name, `6.12` or `6.1`; nil for any other.
  public static func version(_ name: String) -> GFPFlagTable? {
    all.first { $0.version == name }
  }

  /// Every table the kit knows, newest first.
  public static let all: [GFPFlagTable] = [.linux6_12, .linux6_1]

  /// The text of `gfp_flags=` for a mask.
  ///
  /// Walks the table once; a name is printed when all its bits are still left, and takes them away. Bits without
  /// a name follow in hexadecimal; the empty mask is `none`. O(entries).
  public func describe(_ flags: GFPFlags) -> String {
    if flags.isEmpty { return "none" }
    var left = flags
    var words: [String] = []
    for entry in entries where left.isSuperset(of: entry.flags) {
      words.append(entry.name)
      left.subtract(entry.flags)
    }
    if !left.isEmpty { words.append("0x" + String(left.rawValue, radix: 16)) }
    return words.joined(separator: "|")
  }

  /// The mask that a `gfp_flags=` text stands for.
  ///
  /// Accepts this version's names in any order, hexadecimal numbers, and `none` alone. O(length of the text).
  /// - Throws: ``GFPTextError`` that names the word, its column and the way out.
  public func parse(_ text: String) throws(GFPTextError) -> GFPFlags {
    if text == "none" { return [] }
    var flags: GFPFlags = []
    var column = 1
    for word in text.split(separator: "|", omittingEmptySubsequences: false) {
      flags.formUnion(try self.flags(of: String(word), column: column))
      column += word.utf8.count + 1
    }
    return flags
  }

  private func flags(of word: String, column: Int) throws(GFPTextError) -> GFPFlags {
    if let flags = flagsOfName[word] { return flags }
    if word.isEmpty { throw GFPTextError(.missingName, column: column, version: version) }
    if word.hasPrefix("0x") {
      guard let bits = UInt32(word.dropFirst(2), radix: 16), !word.hasPrefix("0x+") else {
        throw GFPTextError(.badNumber(word), column: column, version: version)
      }
      return GFPFlags(rawValue: bits)
    }
    if word == "none" { throw GFPTextError(.noneNotAlone, column: column, version: version) }
    let elsewhere = Self.all.first { $0.flagsOfName[word] != nil }?.version
    throw GFPTextError(.unknownName(word, knownIn: elsewhere), column: column, version: version)
  }
}

extension GFPFlagTable {
  /// The table of Linux 6.12, which the kit uses unless told otherwise.
  public static let linux6_12 = GFPFlagTable(
    version: "6.12",
    composites(atomic: .atomic, nowait: .nowait) + [("__GFP_HIGH", .high)] + modifiers)

  /// The table of Linux 6.1: `__GFP_ATOMIC` exists and is part of `GFP_ATOMIC`; `GFP_NOWAIT` has no `__GFP_NOWARN`.
  public static let linux6_1 = GFPFlagTable(
    version: "6.1",
    composites(atomic: [.atomic, .legacyAtomic], nowait: .kswapdReclaim)
      + [("__GFP_HIGH", .high), ("__GFP_ATOMIC", .legacyAtomic)] + modifiers)

  private static func composites(
    atomic: GFPFlags, nowait: GFPFlags
  ) -> [(String, GFPFlags)] {
    [
      ("GFP_TRANSHUGE", .transhuge),
      ("GFP_TRANSHUGE_LIGHT", .transhugeLight),
      ("GFP_HIGHUSER_MOVABLE", .highuserMovable),
      ("GFP_HIGHUSER", .highuser),
      ("GFP_USER", .user),
      ("GFP_KERNEL_ACCOUNT", .kernelAccount),
      ("GFP_KERNEL", .kernel),
      ("GFP_NOFS", .nofs),
      ("GFP_ATOMIC", atomic),
      ("GFP_NOIO", .noio),
      ("GFP_NOWAIT", nowait),
      ("GFP_DMA", .dma),
      ("__GFP_HIGHMEM", .highmem),
      ("GFP_DMA32", .dma32),
    ]
  }

  /// The part after `__GFP_HIGH` and `__GFP_ATOMIC` that both versions share.
  private static let modifiers: [(String, GFPFlags)] = [
    ("__GFP_IO", .io),
    ("__GFP_FS", .fs),
    ("__GFP_NOWARN", .nowarn),
    ("__GFP_RETRY_MAYFAIL", .retryMayfail),
    ("__GFP_NOFAIL", .nofail),
    ("__GFP_NORETRY", .noretry),
    ("__GFP_COMP", .comp),
    ("__GFP_ZERO", .zero),
    ("__GFP_NOMEMALLOC", .nomemalloc),
    ("__GFP_MEMALLOC", .memalloc),
    ("__GFP_HARDWALL", .hardwall),
    ("__GFP_THISNODE", .thisnode),
    ("__GFP_RECLAIMABLE", .reclaimable),
    ("__GFP_MOVABLE", .movable),
    ("__GFP_ACCOUNT", .account),
    ("__GFP_WRITE", .write),
    ("__GFP_RECLAIM", .reclaim),
    ("__GFP_DIRECT_RECLAIM", .directReclaim),
    ("__GFP_KSWAPD_RECLAIM", .kswapdReclaim),
    ("__GFP_ZEROTAGS", .zerotags),
  ]
}
