import FtraceImport

/// Says what a file looks like in which no event of memory was found.
enum InputLook {
  /// Bytes of the file's beginning that are looked at.
  static let bytes = 4096

  /// What stands after the file's name: `is empty`.
  ///
  /// - Parameter account: of ftrace's form; nil of the kit's own.
  static func words(
    for head: [UInt8], format: RecordingFormat, _ account: ImportAccount?
  ) -> String {
    if head.isEmpty { return "is empty" }
    guard format == .ftrace, let account else {
      return "is in the kit's own form and holds no operations"
    }
    if let form = form(of: head) { return "is no recording of ftrace: it looks like \(form)" }
    if account.lines(.noAllocation) > 0 {
      let names = account.passedOver.map(\.name).prefix(4).joined(separator: ", ")
      return "holds events, but none that allocates or frees memory: \(names)"
        + (account.passedOver.count > 4 ? ", …" : "")
        + "; record kmem's, such as mm_page_alloc and mm_page_free"
    }
    if account.lines(.malformed) == 0 {
      return "holds no events, only ftrace's header or empty lines: was tracing on, "
        + "and were the events of kmem enabled?"
    }
    let first = account.malformed.first.map { "; line \($0.line): \($0.text)" } ?? ""
    return "is no recording of ftrace: it holds no event, only other text\(first)"
  }

  /// Files that people mistake for a recording, by how they begin.
  private static let magics: [(magic: [UInt8], form: String)] = [
    (
      [0x17, 0x08, 0x44] + Array("tracing".utf8),
      "trace-cmd's own file; print it as text: trace-cmd report FILE"
    ),
    (Array("PERFILE2".utf8), "perf's own file; record with ftrace or trace-cmd"),
    ([0x7f] + Array("ELF".utf8), "a program"),
    (Array("PK".utf8), "a zip archive; unpack it first"),
    (Array("BZh".utf8), "a file compressed by bzip2; decompress it first"),
    ([0xfd] + Array("7zXZ".utf8), "a file compressed by xz; decompress it first"),
    (Array("{".utf8), "JSON"), (Array("<".utf8), "HTML or XML"),
  ]

  /// Words that mark the text of another window of the kernel.
  private static let marks: [(word: String, form: String)] = [
    ("slabinfo - version", "/proc/slabinfo"), ("MemTotal:", "/proc/meminfo"),
    (", zone ", "/proc/buddyinfo, pagetypeinfo or zoneinfo"),
    ("print fmt:", "an event's format file"),
    (": kmem:", "the output of perf script; record with ftrace or trace-cmd"),
  ]

  private static func form(of head: [UInt8]) -> String? {
    if let known = magics.first(where: { head.starts(with: $0.magic) }) { return known.form }
    if head.contains(0) { return "binary data" }
    let text = String(decoding: head, as: UTF8.self)
    return marks.first { text.contains($0.word) }?.form
  }
}
