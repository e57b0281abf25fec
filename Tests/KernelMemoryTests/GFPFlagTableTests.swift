import PropertyTesting
import Testing

@testable import KernelMemory

@Suite("GFP flags as text") struct GFPFlagTableTests {
  @Test("every combination of the 6.12 recordings comes back unchanged")
  func recordedBy6_12() throws {
    #expect(Set(RecordedMasks.linux6_12).count == 94)
    for text in RecordedMasks.linux6_12 {
      #expect(GFPFlagTable.linux6_12.describe(try GFPFlagTable.linux6_12.parse(text)) == text)
    }
  }

  @Test("every combination of the 6.1 recordings comes back unchanged")
  func recordedBy6_1() throws {
    #expect(Set(RecordedMasks.linux6_1).count == 91)
    for text in RecordedMasks.linux6_1 {
      #expect(GFPFlagTable.linux6_1.describe(try GFPFlagTable.linux6_1.parse(text)) == text)
    }
  }

  /// The numbers of the kernels' own `print fmt` of `mm_page_alloc`, evaluated.
  private static let values6_12: [(String, UInt32)] = [
    ("GFP_TRANSHUGE", 0x1c24ca), ("GFP_TRANSHUGE_LIGHT", 0x1c20ca),
    ("GFP_HIGHUSER_MOVABLE", 0x100cca), ("GFP_HIGHUSER", 0x100cc2), ("GFP_USER", 0x100cc0),
    ("GFP_KERNEL_ACCOUNT", 0x400cc0), ("GFP_KERNEL", 0xcc0), ("GFP_NOFS", 0xc40),
    ("GFP_ATOMIC", 0x820), ("GFP_NOIO", 0xc00), ("GFP_NOWAIT", 0x2800), ("GFP_DMA", 0x1),
    ("__GFP_HIGHMEM", 0x2), ("GFP_DMA32", 0x4), ("__GFP_HIGH", 0x20), ("__GFP_IO", 0x40),
    ("__GFP_FS", 0x80), ("__GFP_NOWARN", 0x2000), ("__GFP_RETRY_MAYFAIL", 0x4000),
    ("__GFP_NOFAIL", 0x8000), ("__GFP_NORETRY", 0x10000), ("__GFP_COMP", 0x40000),
    ("__GFP_ZERO", 0x100), ("__GFP_NOMEMALLOC", 0x80000), ("__GFP_MEMALLOC", 0x20000),
    ("__GFP_HARDWALL", 0x100000), ("__GFP_THISNODE", 0x200000), ("__GFP_RECLAIMABLE", 0x10),
    ("__GFP_MOVABLE", 0x8), ("__GFP_ACCOUNT", 0x400000), ("__GFP_WRITE", 0x1000),
    ("__GFP_RECLAIM", 0xc00), ("__GFP_DIRECT_RECLAIM", 0x400), ("__GFP_KSWAPD_RECLAIM", 0x800),
    ("__GFP_ZEROTAGS", 0x800000),
  ]

  @Test("the 6.12 table has the kernel's names, values and order")
  func table6_12() {
    let table = GFPFlagTable.linux6_12.entries
    #expect(table.map(\.name) == Self.values6_12.map(\.0))
    #expect(table.map(\.flags.rawValue) == Self.values6_12.map(\.1))
  }

  @Test("the 6.1 table differs in GFP_ATOMIC, GFP_NOWAIT and __GFP_ATOMIC alone")
  func table6_1() throws {
    var values = Self.values6_12
    values[8].1 = 0xa20
    values[10].1 = 0x800
    values.insert(("__GFP_ATOMIC", 0x200), at: 15)
    let table = GFPFlagTable.linux6_1.entries
    #expect(table.map(\.name) == values.map(\.0))
    #expect(table.map(\.flags.rawValue) == values.map(\.1))
  }

  @Test("printing is greedy in table order, and what has no name is printed in hexadecimal")
  func greedy() {
    let table = GFPFlagTable.linux6_12
    #expect(table.describe([]) == "none")
    #expect(table.describe([.kernel, .zero]) == "GFP_KERNEL|__GFP_ZERO")
    #expect(table.describe(.kswapdReclaim) == "__GFP_KSWAPD_RECLAIM")
    #expect(table.describe([.atomic, .nowarn]) == "GFP_ATOMIC|__GFP_NOWARN")
    #expect(table.describe([.io, .fs, .kswapdReclaim]) == "__GFP_IO|__GFP_FS|__GFP_KSWAPD_RECLAIM")
    #expect(table.describe([.kernel, .noObjExt]) == "GFP_KERNEL|0x1000000")
    #expect(table.describe(.legacyAtomic) == "0x200")
    #expect(GFPFlagTable.linux6_1.describe([.high, .legacyAtomic]) == "__GFP_HIGH|__GFP_ATOMIC")
    #expect(GFPFlagTable.linux6_1.describe(.nowait) == "GFP_NOWAIT|__GFP_NOWARN")
    #expect("\(GFPFlags.highuserMovable.union(.comp))" == "GFP_HIGHUSER_MOVABLE|__GFP_COMP")
  }

  @Test("any mask survives printing and parsing", arguments: GFPFlagTable.all.map(\.version))
  func anyMask(version: String) throws {
    let table = try #require(GFPFlagTable.version(version))
    var random = SplitMix64(seed: 0x6f9)
    for _ in 0..<5000 {
      let mask = GFPFlags(rawValue: UInt32(truncatingIfNeeded: random.next() & random.next()))
      #expect(try table.parse(table.describe(mask)) == mask)
    }
  }

  @Test("names may come in any order, and hexadecimal beside them")
  func parseFreely() throws {
    let table = GFPFlagTable.linux6_12
    #expect(try table.parse("__GFP_ZERO|GFP_KERNEL") == [.kernel, .zero])
    #expect(try table.parse("0xcc0|__GFP_ZERO").rawValue == 0xdc0)
    #expect(try table.parse("0xFFFFFFFF").rawValue == .max)
    #expect(try table.parse("none") == [])
    #expect(GFPFlagTable.version("2.6") == nil)
  }

  @Test(
    "a bad text is refused with the word, its column and the way out",
    arguments: [
      (
        "",
        "GFP flags, column 1: a flag name is missing; write names separated by one '|', "
          + "or 'none' for the empty mask"
      ),
      (
        "GFP_KERNEL|",
        "GFP flags, column 12: a flag name is missing; write names separated by "
          + "one '|', or 'none' for the empty mask"
      ),
      ("GFP_KERNEL|GFP_FAST", "GFP flags, column 12: Linux 6.12 prints no flag 'GFP_FAST'"),
      ("gfp_kernel", "GFP flags, column 1: Linux 6.12 prints no flag 'gfp_kernel'"),
      (
        "__GFP_HIGH|__GFP_ATOMIC",
        "GFP flags, column 12: Linux 6.12 has no flag '__GFP_ATOMIC', but Linux 6.1 has; "
          + "choose that kernel's table"
      ),
      ("GFP_KERNEL|none", "GFP flags, column 12: 'none' is the empty mask and stands alone"),
      (
        "0x1ffffffff",
        "GFP flags, column 1: '0x1ffffffff' is not a hexadecimal number of at most 32 bits"
      ),
      ("0x", "GFP flags, column 1: '0x' is not a hexadecimal number of at most 32 bits"),
      ("0x+1", "GFP flags, column 1: '0x+1' is not a hexadecimal number of at most 32 bits"),
      ("GFP_KERNEL | GFP_DMA", "GFP flags, column 1: Linux 6.12 prints no flag 'GFP_KERNEL '"),
    ])
  func badText(text: String, message: String) throws {
    let error = #expect(throws: GFPTextError.self) { try GFPFlagTable.linux6_12.parse(text) }
    #expect(error?.description == message)
  }
}
