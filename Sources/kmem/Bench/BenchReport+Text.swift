extension BenchReport {
  /// The report that a person reads.
  var text: String {
    var page = ReportPage()
    page.line("Machine", (topology.model.map { "\($0): " } ?? "") + topology.text)
    page.line(
      "Method",
      "\(rounds) interleaved rounds of about \(grouped(calls)) calls; a call is an allocation or a free"
    )
    page.continued(
      "nanoseconds for each call: median (least) of the rounds, of the thread's processor time;",
      indent: 0)
    page.continued(
      "with 2 threads by the clock on the wall, for each call of one thread", indent: 0)
    let found = peers.filter(\.isFound)
    if !found.isEmpty {
      page.line(
        "Peers",
        found.map { $0.name + ($0.library.map { " (\($0))" } ?? "") }.joined(separator: ", "))
    }
    for peer in peers where !peer.isFound {
      page.line("", "not found: \(peer.name) (\(peer.package ?? ""))")
    }
    append("Pages", pages, to: &page)
    append("Objects", objects, to: &page)
    append("Recordings", recordings, to: &page)
    if let growth { append(growth, to: &page) }
    appendScaling(to: &page)
    if let instructions { append(instructions, to: &page) }
    appendBars(to: &page)
    return page.text
  }

  private static let titleWidth = 34
  private static let cellWidth = 13

  private func row(_ title: String, _ cells: [String], _ end: String = "") -> String {
    let padded = title + String(repeating: " ", count: max(1, Self.titleWidth - title.count))
    return padded
      + cells.map { String(repeating: " ", count: max(1, Self.cellWidth - $0.count)) + $0 }
      .joined() + (end.isEmpty ? "" : "   \(end)")
  }

  private func append(_ title: String, _ reports: [WorkloadReport], to page: inout ReportPage) {
    var header: [String] = []
    for report in reports {
      let names = report.contestants.map(\.name)
      if names != header {
        page.gap()
        page.plain(row(header.isEmpty ? title : "", names, "to best"))
        header = names
      }
      let ratio = report.ratio.map { hundredths($0) + "x " + (report.rival ?? "") } ?? ""
      page.plain(
        row(
          report.title,
          report.contestants.map { "\(tenths($0.median)) (\(tenths($0.least)))" }, ratio))
      if report.contestants.contains(where: { $0.overhead != nil }) {
        page.plain(
          row("  bytes held / live", report.contestants.map { $0.overhead.map(hundredths) ?? "-" })
        )
      }
      for contestant in report.contestants where contestant.unserved > 0 || contestant.isDamaged {
        page.plain(
          "  \(contestant.name): "
            + (contestant.isDamaged ? "BROKEN: two blocks overlapped" : "")
            + (contestant.unserved > 0 ? "\(grouped(contestant.unserved)) requests not served" : "")
        )
      }
    }
  }

  private func append(_ growth: GrowthReport, to page: inout ReportPage) {
    for (title, rows) in [
      ("Growth with page frames", growth.withMemory), ("Growth with live", growth.withLiveObjects),
    ] where !rows.isEmpty {
      page.gap()
      page.plain(row(title, rows[0].sizes.map(grouped)))
      for line in rows { page.plain(row(line.title, line.nanoseconds.map(tenths))) }
    }
  }

  private func appendScaling(to page: inout ReportPage) {
    guard !scaling.isEmpty else { return }
    page.gap()
    let names = scaling.map(\.contestant).uniqued
    page.plain(row("Throughput of 2 threads / of 1", names))
    for workload in scaling.map(\.workload).uniqued {
      let cells = names.map { name in
        scaling.first { $0.workload == workload && $0.contestant == name }.map {
          hundredths($0.ratio)
        } ?? "-"
      }
      page.plain(row(workload, cells))
    }
  }

  private func append(_ report: InstructionReport, to page: inout ReportPage) {
    page.gap()
    page.plain(row("Instructions for each call", ["2^12 frames", "2^20 frames"]))
    for line in report.rows {
      page.plain(row(line.title, [tenths(line.small), tenths(line.large)]))
    }
    if let problem = report.problem { page.plain("not counted: \(problem)") }
  }

  private func appendBars(to page: inout ReportPage) {
    guard !bars.isEmpty else { return }
    page.gap()
    for bar in bars {
      page.line(
        bar.isMet ? "met" : "MISSED",
        "\(bar.what): \(hundredths(bar.value)), bar \(bar.isCeiling ? "at most" : "at least") "
          + "\(hundredths(bar.limit))")
    }
  }
}

extension Array where Element: Hashable {
  /// The elements, each once, in the order of their first appearance.
  var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}

/// A number with one digit after the point.
func tenths(_ number: Double) -> String {
  let rounded = Int((number * 10).rounded())
  return "\(rounded < 0 ? "-" : "")\(rounded.magnitude / 10).\(rounded.magnitude % 10)"
}

/// A number with two digits after the point.
func hundredths(_ number: Double) -> String {
  let rounded = Int((number * 100).rounded())
  let digits = String(rounded.magnitude % 100)
  return "\(rounded < 0 ? "-" : "")\(rounded.magnitude / 100)." + (digits.count < 2 ? "0" : "")
    + digits
}
