import AllocationTrace
import Testing

/// Verbs of every shape: named and bare parameters of each kind, and none at all.
let shapes = Vocabulary(
  name: "Shapes",
  verbs: [
    Verb("machine", [Parameter("", .text)], "Sets up."),
    Verb("allocate", [Parameter("order", .number), Parameter("zone", .number)], "Asks."),
    Verb("free", [Parameter("", .block), Parameter("order", .number)], "Gives back."),
    Verb("mask", [Parameter("gfp", .text), Parameter("", .number)], "Takes apart."),
    Verb("window", [], "Shows."),
  ])

func lookUp(_ name: String) -> Vocabulary? { name == shapes.name ? shapes : nil }

/// A trace of `lines` with the header in front.
func shaped(_ lines: String) -> String {
  "kernel-memory-lab trace 1\nvocabulary: Shapes\n" + lines
}

@Suite struct TraceTextTests {
  @Test func printsHeaderOperationsAndNotes() {
    let text = TraceText.print(
      [
        TraceOperation(verb: 0, [.text("0..<16")]),
        TraceOperation(verb: 1, [.number(0), .number(-1)]),
        TraceOperation(verb: 2, [.block(Handle(1)), .number(0)]),
        TraceOperation(verb: 2, [.block(Handle(1, offset: 1)), .number(3)]),
        TraceOperation(verb: 2, [.block(Handle(1, offset: -2)), .number(3)]),
        TraceOperation(verb: 2, [.number(77), .number(3)]),
        TraceOperation(verb: 3, [.text("GFP_KERNEL|__GFP_ZERO"), .number(.min)]),
        TraceOperation(verb: 4),
      ],
      header: TraceHeader(vocabulary: "Shapes", fields: ["lab": "Shapes", "seed": "1991"]),
      vocabulary: shapes, note: { $0 == 1 ? "#1\nfree" : nil })
    #expect(
      text == """
        kernel-memory-lab trace 1
        vocabulary: Shapes
        lab: Shapes
        seed: 1991

        machine 0..<16
        allocate order=0 zone=-1  // #1 free
        free #1 order=0
        free #1+1 order=3
        free #1-2 order=3
        free 77 order=3
        mask gfp=GFP_KERNEL|__GFP_ZERO -9223372036854775808
        window

        """)
  }

  @Test(arguments: [
    ("", #""""#), ("a b", #""a b""#), ("//", #""//""#), (#"say "no""#, #""say \"no\"""#),
    (#"a\b"#, #""a\\b""#), ("1\n2\t3\r", #""1\n2\t3\r""#), ("\u{1}\u{7f}", #""\x01\x7f""#),
    ("a//b", "a//b"), ("größe", "größe"), ("#3", "#3"), ("key: value=1", #""key: value=1""#),
  ])
  func quotesOnlyWhereNeeded(text: String, printed: String) throws {
    let operation = TraceOperation(verb: 0, [.text(text)])
    #expect(TraceText.print(operation, vocabulary: shapes) == "machine \(printed)")
    let trace = try TraceText.parse(shaped("machine \(printed)"), vocabulary: lookUp)
    #expect(trace.operations == [operation])
  }

  @Test func readsWhatPeopleWrite() throws {
    let trace = try TraceText.parse(
      "\r\n  // mine\r\nkernel-memory-lab trace 1\r\nvocabulary:   Shapes\r\nsource: http://x // y\r\n\t\r\n"
        + "allocate   order=1\tzone=0 // half\r\n\r\n// all\r\nfree #0+0 order=1\r\nwindow",
      vocabulary: lookUp)
    #expect(trace.header.vocabulary == "Shapes")
    #expect(trace.header["source"] == "http://x // y")
    #expect(
      trace.operations == [
        TraceOperation(verb: 1, [.number(1), .number(0)]),
        TraceOperation(verb: 2, [.block(Handle(0)), .number(1)]), TraceOperation(verb: 4),
      ])
  }

  @Test(arguments: [
    ("", "line 1: the file ends where `kernel-memory-lab trace 1` was expected"),
    ("\n// nothing\n", "line 3: the file ends where `kernel-memory-lab trace 1` was expected"),
    (
      "# tracer: nop\n",
      "line 1: expected `kernel-memory-lab trace 1`: this is no trace in the kit's text form\n  # tracer: nop"
    ),
    (
      "kernel-memory-lab trace 2",
      "line 1: expected `kernel-memory-lab trace 1`: this is no trace in the kit's text form\n  kernel-memory-lab trace 2"
    ),
    (
      "kernel-memory-lab trace 1\n",
      "line 2: the file ends where `vocabulary: NAME` was expected"
    ),
    (
      "kernel-memory-lab trace 1\nseed: 3",
      "line 2: expected `vocabulary: NAME`, found `seed:`\n  seed: 3"
    ),
    (
      "kernel-memory-lab trace 1\nwindow",
      "line 2: expected `vocabulary: NAME` before the first operation\n  window"
    ),
    (
      "kernel-memory-lab trace 1\nvocabulary: Nobody",
      "line 2: there is no vocabulary called `Nobody` here\n  vocabulary: Nobody"
    ),
    (shaped("seed: 1\nseed: 2"), "line 4: `seed:` stands twice\n  seed: 2"),
    (
      shaped("Seed: 1"),
      "line 3: expected a key of lower-case letters, digits and hyphens before `:`, found `Seed`\n  Seed: 1"
    ),
    (
      shaped("window\nseed: 1"),
      "line 4: expected an operation, found `seed:`, which belongs before the first one\n  seed: 1"
    ),
    (
      shaped("\nallocat order=0 zone=0"),
      "line 4: expected a verb of Shapes (machine, allocate, free, mask, window), found `allocat`\n  allocat order=0 zone=0"
    ),
    (
      shaped("allocate ordr=0 zone=0"),
      "line 3: expected `order=NUMBER` in `allocate order=NUMBER zone=NUMBER`, found `ordr=0`\n  allocate ordr=0 zone=0"
    ),
    (
      shaped("allocate order=0 // zone=0"),
      "line 3: expected `zone=NUMBER` in `allocate order=NUMBER zone=NUMBER`, found the end of the line\n  allocate order=0 // zone=0"
    ),
    (
      shaped("allocate order=9223372036854775808 zone=0"),
      "line 3: expected `order=NUMBER` in `allocate order=NUMBER zone=NUMBER`, found `order=9223372036854775808`\n  allocate order=9223372036854775808 zone=0"
    ),
    (
      shaped("free #-1 order=0"),
      "line 3: expected `#OPERATION` in `free #OPERATION order=NUMBER`, found `#-1`\n  free #-1 order=0"
    ),
    (
      shaped("free #1+-1 order=0"),
      "line 3: expected `#OPERATION` in `free #OPERATION order=NUMBER`, found `#1+-1`\n  free #1+-1 order=0"
    ),
    (
      shaped("window now"),
      "line 3: expected the end of the line after `window`, found `now`\n  window now"
    ),
    (
      shaped("machine"),
      "line 3: expected `TEXT` in `machine TEXT`, found the end of the line\n  machine"
    ),
    (
      shaped(#"machine "0..<16"#),
      "line 3: expected a closing quote before the end of the line\n  machine \"0..<16"
    ),
    (
      shaped(#"machine "a"b"#),
      "line 3: expected a space after the closing quote\n  machine \"a\"b"
    ),
    (
      shaped(#"machine "\q""#),
      "line 3: expected \\\", \\\\, \\n, \\r, \\t or \\xHH after the backslash in a quoted text\n  machine \"\\q\""
    ),
  ])
  func saysWhatWasExpected(text: String, message: String) {
    do {
      _ = try TraceText.parse(text, vocabulary: lookUp)
      Issue.record("read without an error")
    } catch {
      #expect(error.description == message)
    }
  }

  @Test func refusesWhatIsNoTextAtAll() {
    let header = Array(shaped("machine ").utf8)
    #expect(
      throws: TraceTextError(line: 3, text: "machine \u{fffd}", reason: "the text is not UTF-8")
    ) {
      try TraceText.parse(header + [0xff], vocabulary: lookUp)
    }
    let long = header + [UInt8](repeating: 97, count: TraceTextReader.longestLine)
    let error = #expect(throws: TraceTextError.self) {
      try TraceText.parse(long, vocabulary: lookUp)
    }
    #expect(error?.reason == "the line is longer than 1048576 bytes")
    #expect(error?.text.count == 201)
  }
}
