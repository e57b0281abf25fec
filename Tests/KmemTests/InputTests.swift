import Foundation
import Testing

@testable import kmem

@Suite struct InputTests {
  private let recording = ftrace(
    "mm_page_alloc: page=1 pfn=0x100 order=0 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE")

  /// The bytes of `input` as `InputFile` reads them.
  private func bytes(_ input: InputFile) throws -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 7)
    while true {
      let count = try input.read(&buffer)
      if count == 0 { return all }
      all += buffer[..<count]
    }
  }

  @Test func aFileReadsTwice() throws {
    try withFile("abcdefghijk") { path in
      let input = try InputFile(path: path)
      #expect(try bytes(input) == Array("abcdefghijk".utf8))
      try input.rewind()
      #expect(try bytes(input) == Array("abcdefghijk".utf8))
      #expect(try bytes(input) == [])
    }
  }

  @Test(arguments: ["zstd", "gzip"])
  func compressedFilesReadThroughTheSystemsTool(tool: String) throws {
    try withFile(recording) { path in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = [
        "-c", "command -v \(tool) >/dev/null && \(tool) -c '\(path)' > '\(path).z'",
      ]
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { return }
      #expect(try bytes(InputFile(path: path + ".z")) == Array(recording.utf8))

      #expect(
        throws: Failure.input(
          "\(path).z is compressed, and the program \(tool) that reads it is not in PATH; install \(tool), or decompress the file elsewhere"
        )
      ) {
        try InputFile(path: path + ".z", searchPath: "/nowhere")
      }

      // Cut in the middle, the tool's complaint is kmem's.
      let whole = try Data(contentsOf: URL(fileURLWithPath: path + ".z"))
      try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: path + ".cut"))
      let (status, _, error) = kmem("replay", path + ".cut")
      #expect(status == 1)
      #expect(
        error.hasPrefix(
          "kmem: \(path).cut: \(tool) stopped with status 1: the file is damaged or cut off"))
    }
  }

  @Test func whatIsNotThereIsNamed() throws {
    let (status, _, error) = kmem("replay", "/nowhere/recording")
    #expect(status == 1)
    #expect(error == "kmem: /nowhere/recording: No such file or directory\n")
    #expect(kmem("replay", "/").error == "kmem: / is a folder; name a recording in it\n")
  }

  @Test func aBadLineOfTheKitsOwnFormIsNamed() throws {
    try withFile(trace("pages order=0\n")) { path in
      let (status, _, error) = kmem("replay", path)
      #expect(status == 1)
      #expect(
        error == "kmem: \(path): line 5: expected `gfp=TEXT` in `pages order=NUMBER gfp=TEXT "
          + "type=NUMBER cpu=NUMBER frame=NUMBER`, found the end of the line\n  pages order=0\n")
    }
    try withFile(trace("pages order=11 gfp=GFP_KERNEL type=0 cpu=0 frame=0\n")) { path in
      #expect(
        kmem("replay", path).error
          == "kmem: \(path): operation #0: expected order in 0…10, found 11\n")
    }
  }

  @Test func aKernelWithoutTableIsNamed() throws {
    try withFile(trace("purge-areas cpu=0\n", kernel: "5.4")) { path in
      #expect(
        kmem("replay", path).error
          == "kmem: \(path) names Linux 5.4, of which there is no table of GFP flags; "
          + "choose one of 6.12, 6.1 with --kernel\n")
      #expect(kmem("replay", path, "--kernel", "6.1").status == 0)
    }
  }

  @Test func anyFileIsSurvived() throws {
    var state: UInt64 = 7
    let noise = (0..<100_000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1
      return UInt8(truncatingIfNeeded: state >> 33)
    }
    try withFile(Data(noise)) { path in
      let (status, out, error) = kmem("replay", path, "--json")
      #expect(status == 1)
      #expect(out == "")
      #expect(error == "kmem: \(path) is no recording of ftrace: it looks like binary data\n")
    }
  }

  @Test(arguments: [
    ("", "is empty"), ("\n \n", "holds no events, only ftrace's header or empty lines: \(isOn)"),
    ("# tracer: nop\n#\n", "holds no events, only ftrace's header or empty lines: \(isOn)"),
    (trace(""), "is in the kit's own form and holds no operations"),
    (
      ftrace("sched_switch: prev_comm=a", "sched_wakeup: comm=b"),
      "holds events, but none that allocates or frees memory: sched_switch, sched_wakeup; record kmem's,"
        + " such as mm_page_alloc and mm_page_free"
    ),
    (
      "Dear kernel,\n\nhow are you?\n",
      "is no recording of ftrace: it holds no event, only other text; line 1: Dear kernel,"
    ),
    ("{\"a\": 1}\n", "is no recording of ftrace: it looks like JSON"),
    (
      "Node 0, zone      DMA      1      0\n",
      "is no recording of ftrace: it looks like /proc/buddyinfo, pagetypeinfo or zoneinfo"
    ),
    (
      "\u{17}\u{8}Dtracing6\0",
      "is no recording of ftrace: it looks like trace-cmd's own file; print it as"
        + " text: trace-cmd report FILE"
    ),
    (
      "init 1 [000] 1.0: kmem:kfree: ptr=0x1\n",
      "is no recording of ftrace: it looks like the output of perf"
        + " script; record with ftrace or trace-cmd"
    ),
  ])
  func anInputWithoutEventsSaysWhatItLooksLike(text: String, look: String) throws {
    try withFile(text) { path in
      for command in ["replay", "compare", "import"]
      where command != "import" || !text.hasPrefix("kernel-memory-lab") {
        let (status, out, error) = kmem(command, path)
        #expect(status == 1)
        #expect(out == "")
        #expect(error == "kmem: \(path) \(look)\n")
      }
    }
  }

  private static let isOn = "was tracing on, and were the events of kmem enabled?"

  @Test func formsAreTold() {
    #expect(RecordingFormat.detect(trace("").utf8) == .trace)
    #expect(RecordingFormat.detect("\r\n // mine\n  kernel-memory-lab trace 9".utf8) == .trace)
    #expect(RecordingFormat.detect(recording.utf8) == .ftrace)
    #expect(RecordingFormat.detect("".utf8) == .ftrace)
  }

  @Test func importAccountsForALines() throws {
    try withFile(recording) { path in
      let (status, out, _) = kmem("import", path, "--json")
      #expect(status == 0)
      let account = try JSONDecoder().decode(AccountReport.self, from: Data(out.utf8))
      #expect(account.lines.lines == 2)
      #expect(account.performed == ["pages": 1])
      #expect(account.peakPages == 1)
      #expect(kmem("import", path).out.contains("Lines       2 = 1 performed + 1 skipped\n"))
    }
    try withFile(trace("purge-areas cpu=0\n")) { path in
      #expect(
        kmem("import", path).error
          == "kmem: \(path) is in the kit's own form; kmem import accounts for ftrace recordings\n")
    }
  }
}
