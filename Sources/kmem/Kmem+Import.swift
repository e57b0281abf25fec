import AllocationTrace
import FtraceImport

/// What `kmem import --json` prints: where every line of an ftrace recording went, by event.
struct AccountReport: Codable, Equatable {
  var version = 1
  var file: String
  var lines: ImportReport
  /// Lines performed, frees without an allocation, frees of NULL and frees that no line tells, by verb.
  var performed: [String: Int]
  var unmatched: [String: Int]
  var null: [String: Int]
  var implied: [String: Int]
  /// Frees by the other kind's call, and frees with another order than the allocation's.
  var crossKind: Int
  var orderDiffers: Int
  var peakPages: Int
  var pagesAtEnd: Int
  var blocksAtEnd: Int
  var objectsAtEnd: Int

  init(_ account: ImportAccount, file: String) {
    func byVerb(_ counts: [Int]) -> [String: Int] {
      let pairs = KernelVerb.allCases.map { ($0.definition.name, counts[Int($0.rawValue)]) }
      return Dictionary(uniqueKeysWithValues: pairs.filter { $0.1 > 0 })
    }
    self.file = file
    lines = ImportReport(account)
    performed = byVerb(account.performed)
    unmatched = byVerb(account.unmatched)
    null = byVerb(account.null)
    implied = byVerb(account.implied)
    crossKind = account.crossKind
    orderDiffers = account.orderDiffers
    peakPages = account.peakPages
    pagesAtEnd = account.livePages
    blocksAtEnd = account.liveBlocks
    objectsAtEnd = account.liveObjects
  }

  /// The report that a person reads.
  var text: String {
    var page = ReportPage()
    page.line("Recording", file)
    page.gap()
    lines.append(to: &page)
    page.gap()
    func section(_ title: String, _ counts: [String: Int]) {
      guard !counts.isEmpty else { return }
      page.line(title, "")
      for verb in KernelVerb.allCases.map(\.definition.name) {
        if let count = counts[verb] { page.count(count, verb) }
      }
    }
    section("Performed", performed)
    section("Unmatched", unmatched)
    section("Of NULL", null)
    section("Implied", implied)
    page.line(
      "Frees",
      "\(grouped(crossKind)) by the other kind's call, "
        + "\(grouped(orderDiffers)) with another order than the allocation's")
    page.line(
      "Live",
      "\(grouped(peakPages)) pages at once at most; at the end \(grouped(pagesAtEnd)) pages in "
        + "\(grouped(blocksAtEnd)) blocks, and \(grouped(objectsAtEnd)) objects")
    return page.text
  }
}

extension Kmem {
  /// `kmem import FILE [--json]`: accounts for every line of an ftrace recording, and performs nothing.
  func importLines(_ arguments: ArgumentList) throws(Failure) -> Int32 {
    var list = arguments
    var path: String?
    var asJSON = false
    while let argument = try list.next() {
      switch argument {
      case "--json": asJSON = true
      default:
        guard path == nil, argument == "-" || !argument.hasPrefix("-") else {
          throw list.unknown(argument)
        }
        path = argument
      }
    }
    guard let path else {
      throw .usage("kmem import needs a recording: a file, or - for standard input")
    }
    var account: ImportAccount?
    let input = try InputFile(path: path)
    try input.readRecording(as: nil) { _, _ in
    } afterChunk: { reader in
      account = reader.account
    }
    guard let account else {
      throw .input("\(path) is in the kit's own form; kmem import accounts for ftrace recordings")
    }
    let report = AccountReport(account, file: path)
    console.out(asJSON ? try json(report) : report.text)
    return 0
  }
}
