import AllocationTrace
import FtraceImport
import Testing

/// SplitMix64, so that a failure comes back with its seed.
struct Randomness: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

@Suite struct MalformedTests {
  @Test(arguments: [
    "garbage", "init-1 [000] ..... 1.0", "init-1 [000] ..... 1.0: kfree",
    "[000] ..... 1.0: kfree: ptr=1",
    "init [000] ..... 1.0: kfree: ptr=1", "init-1 [x] ..... 1.0: kfree: ptr=1",
    "init-1 [000] ..... 1.0: kfree: call_site=f", "init-1 [000] ..... 1.0: kfree: ptr=xyz",
    "init-1 [000] ..... 1.0: kfree: ptr=ffffffffffffffff",
    "init-1 [000] ..... 1.0: kfree: ptr=fffff888000000000",
    "init-1 [000] ..... 1.0: mm_page_free: pfn=0x1",
    "init-1 [000] ..... 1.0: mm_page_free: pfn=0x1 order=11",
    "init-1 [000] ..... 1.0: mm_page_free: pfn=0x1 order=-1",
    "init-1 [000] ..... 1.0: mm_page_free: pfn=-1 order=0",
    "init-1 [000] ..... 1.0: mm_page_alloc: page=1 pfn=0x1 order=1 migratetype=0",
    "init-1 [000] ..... 1.0: mm_page_alloc: page=1 pfn=0x1 order=1 migratetype=77 gfp_flags=none",
    "init-1 [000] ..... 1.0: kmalloc: ptr=1 bytes_req=8 bytes_alloc=-8 gfp_flags=none",
    "init-1 [000] ..... 1.0: vmalloc_enter: (f) size=99999999999999999999999 align=1 gfp=0xcc0",
    "init-1 [000] ..... 1.0: alloc_vmap_area: va_start: x size=1 align=1 failed=0",
    "init-1 [9999] ..... 1.0: kfree: ptr=1",
  ])
  func aMalformedLineIsCountedAndShown(text: String) {
    let (operations, account) = imported("# header\n" + text + "\n" + pageAllocation(1))
    #expect(operations.count == 1)
    #expect(account.lines(.malformed) == 1)
    #expect(account.malformed.map(\.line) == [2])
    #expect(account.malformed.map(\.text) == [text])
    expectAccounted(account)
  }

  @Test func onlyTheFirstAreShown() {
    let (_, account) = imported(String(repeating: "\u{1}x\n", count: 50))
    #expect(account.lines(.malformed) == 50)
    #expect(account.malformed.count == ImportAccount.keptNotes)
    #expect(account.malformed[0].text == "?x")
  }

  @Test func aLineWithoutEndTakesNoMemory() {
    let long = String(repeating: "x", count: 3 * FtraceImporter.longestLine)
    let (operations, account) = imported(long + "\n" + pageAllocation(1))
    #expect(operations.count == 1)
    #expect(account.lines(.malformed) == 1)
    #expect(account.malformed[0].text.count == 120)
  }

  @Test func aRecordingCutAnywhereIsSurvived() {
    let bytes = Array(excerpt.utf8)
    for end in stride(from: 0, to: bytes.count, by: 7) {
      expectAccounted(imported(String(decoding: bytes[..<end], as: UTF8.self)).account)
    }
  }

  @Test func anyBytesAreSurvived() {
    let bytes = Array(excerpt.utf8)
    for seed in 0..<300 as Range<UInt64> {
      var random = Randomness(state: seed)
      var damaged = bytes
      for _ in 0...Int.random(in: 0...60, using: &random) {
        damaged[Int.random(in: 0..<damaged.count, using: &random)] =
          UInt8.random(in: 0...255, using: &random)
      }
      var importer = FtraceImporter()
      var operations = 0
      importer.read(damaged) { _ in operations += 1 }
      importer.finish { _ in operations += 1 }
      #expect(importer.account.operations == operations)
      expectAccounted(importer.account, "seed \(seed)")
    }
    var random = Randomness(state: 5)
    let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    var importer = FtraceImporter()
    importer.read(noise) { _ in }
    expectAccounted(importer.account)
  }
}
