import Testing

@testable import kmem

@Suite struct CommandLineTests {
  @Test(arguments: [
    (["frob"], "there is no command `frob`; `kmem help` lists the commands"),
    (["replay"], "kmem replay needs a recording: a file, or - for standard input"),
    (["import"], "kmem import needs a recording: a file, or - for standard input"),
    (["convert", "--pages"], "kmem convert needs a recording: a file, or - for standard input"),
    (["replay", "a", "b"], "kmem replay takes one file; `b` is one too many"),
    (
      ["replay", "a", "--fast"],
      "kmem replay has no option --fast; `kmem help replay` lists what it takes"
    ),
    (["replay", "a", "--format"], "--format needs a value: ftrace or trace"),
    (["replay", "a", "--format", "perf"], "--format takes ftrace or trace, not `perf`"),
    (["replay", "a", "--kernel=5.4"], "--kernel takes 6.12, 6.1, not `5.4`"),
    (["replay", "a", "--machine", "arm"], "--machine takes x86-64 or x86-32, not `arm`"),
    (["replay", "a", "--memory", "lots"], "--memory takes a size such as 512M or 4G, not `lots`"),
    (
      ["replay", "a", "--check", "0"],
      "--check takes every, a number of operations, end or amortised, not `0`"
    ),
    (["replay", "a", "--json=yes"], "--json takes no value"),
    (
      ["procfs", "a"],
      "kmem procfs shows buddyinfo, pagetypeinfo, zoneinfo, meminfo, slabinfo or vmallocinfo; "
        + "name one after the file"
    ),
    (
      ["procfs", "a", "iomem"],
      "kmem procfs shows buddyinfo, pagetypeinfo, zoneinfo, meminfo, slabinfo or vmallocinfo, not `iomem`"
    ),
    (
      ["compare", "a", "--check", "end"],
      "kmem compare has no option --check; `kmem help compare` lists what it takes"
    ),
    (
      ["convert", "a", "--lines", "5-2"],
      "--lines takes ascending ranges such as 1-5000 or 1-99,200-300, not `5-2`"
    ),
    (
      ["convert", "a", "--lines", "1-5,5-9"],
      "--lines takes ascending ranges such as 1-5000 or 1-99,200-300, not `1-5,5-9`"
    ),
    (
      ["bench", "file"],
      "kmem bench takes no file; name a recording with --recording file"
    ),
    (["bench", "--rounds", "0"], "--rounds takes a number of rounds from 1 to 1000, not `0`"),
    (
      ["bench", "--peers", "dlmalloc"],
      "--peers takes none, or peers of system, jemalloc, mimalloc, tcmalloc, not `dlmalloc`"
    ),
    (
      ["help", "frob"],
      "there is no help on `frob`; there is on bench, compare, contrast, convert, import, json, "
        + "procfs, replay"
    ),
  ])
  func mistakesAreNamed(arguments: [String], message: String) {
    var error = ""
    let status = Kmem(console: Console(out: { _ in }, error: { error += $0 })).run(arguments)
    #expect(status == 2)
    #expect(error == "kmem: \(message)\n")
  }

  @Test func helpIsThere() {
    #expect(kmem("help").out.hasPrefix("kmem: explore the reference allocator.\n"))
    #expect(kmem("help").status == 0)
    #expect(kmem().status == 2)
    for topic in Help.topics.keys {
      #expect(kmem("help", topic).out == Help.topics[topic])
    }
    #expect(kmem("replay", "--help").out == Help.topics["replay"])
  }

  @Test(arguments: [
    ("512M", 512 << 20), ("4GiB", 4 << 30), ("64k", 64 << 10), ("67108864", 64 << 20), ("1TB", nil),
    ("1T", 1 << 40), ("12B", 12), ("", nil), ("-4M", nil), ("4X", nil), ("M", nil), ("0", nil),
    ("99999999999999G", nil), ("4iB", nil),
  ])
  func sizesAreRead(text: String, bytes: Int?) {
    #expect(ReplayOptions.size(text) == bytes)
  }

  @Test(arguments: [
    (512 << 20, "512 MiB"), (4096, "4 KiB"), (100, "100 bytes"), (3 << 29, "1.5 GiB"),
    (11_335 * 4096, "44.3 MiB"),
  ])
  func sizesAreSaid(bytes: Int, text: String) {
    #expect(ReplayOptions.describe(bytes: bytes) == text)
  }

  @Test(arguments: [
    ("boot-k6.12.trace.zst", "6.12"), ("proc-k6.1.trace", "6.1"), ("trace-6.1.0-56-amd64", "6.1"),
    ("6.12.117+deb12", "6.12"), ("boot-k6.8.trace", nil), ("6.120", nil), ("trace.txt", nil),
    ("v2.5-on-6.12", "6.12"),
  ])
  func kernelsAreFoundInNames(name: String, version: String?) {
    #expect(KernelVersion.named(in: name) == version)
  }

  @Test func otherwiseTheMasksTell() {
    #expect(KernelVersion.knowing(["GFP_KERNEL", "__GFP_ATOMIC|__GFP_HIGH"]) == "6.1")
    #expect(KernelVersion.knowing(["GFP_KERNEL"]) == "6.12")
    #expect(KernelVersion.knowing([]) == "6.12")
  }
}
