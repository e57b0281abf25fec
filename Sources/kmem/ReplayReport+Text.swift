import KernelMemory

extension ReplayReport {
  /// The report that a person reads.
  var text: String {
    var page = ReportPage()
    page.line("Recording", "\(file): \(format), Linux \(kernel) (\(kernelFrom))")
    page.line(
      "Machine",
      "\(machine.kind), \(ReplayOptions.describe(bytes: machine.bytes)), \(grouped(machine.frames)) frames, "
        + "\(machine.cpus) CPU\(machine.cpus == 1 ? "" : "s")"
        + (machine.memoryFrom == "fits" ? "; memory fits the recording" : ""))
    page.gap()
    lines.append(to: &page)
    page.gap()
    operations.append(to: &page, memory: machine.bytes)
    if let objects {
      page.gap()
      objects.append(to: &page)
    }
    if let areas {
      page.gap()
      areas.append(to: &page)
    }
    page.gap()
    page.line(
      "Peak",
      "\(grouped(peakPages)) pages, \(ReplayOptions.describe(bytes: peakPages * pageSize)) at once; "
        + "\(grouped(pagesAtEnd)) pages handed out at the end")
    appendZones(to: &page)
    page.gap()
    page.line(
      "Checks",
      "\(grouped(checks.count)) of all invariants (--check \(checks.mode)); stamps put into "
        + "\(grouped(checks.pagesStamped)) pages and verified in \(grouped(checks.pagesVerified))")
    page.line(
      "Speed",
      "import \(millions(speed.linesPerSecond)) lines/s (\(milliseconds(speed.importSeconds))); "
        + "page operations \(millions(speed.operationsPerSecond))/s "
        + "(\(milliseconds(speed.operationSeconds))), stamps and --check \(speed.checkMode) included"
    )
    if speed.objectsPerSecond > 0 {
      page.continued(
        "object operations \(millions(speed.objectsPerSecond))/s "
          + "(\(milliseconds(speed.objectSeconds))), stamps included", indent: 0)
    }
    page.continued(
      "reading the file \(milliseconds(speed.readSeconds)), final check "
        + milliseconds(speed.finalCheckSeconds), indent: 0)
    page.line("Verdict", violation.map { "BROKEN: \($0)" } ?? verdict)
    return page.text
  }

  private var verdict: String {
    let kinds = objects == nil ? "page" : "page and no object"
    return "sound: every invariant held, no \(kinds) was damaged, nothing leaked; "
      + "free + per-CPU + allocated = managed in every zone, always"
  }

  /// Where each zone's pages are, and how broken up its free memory is.
  private func appendZones(to page: inout ReportPage) {
    for zone in zones {
      page.line(
        zone.name,
        "\(grouped(zone.free)) free + \(grouped(zone.perCPU)) per-CPU + \(grouped(zone.allocated)) allocated"
          + " = \(grouped(zone.managed)) managed")
    }
    let width = 7
    func row(_ label: String, _ cells: [String]) {
      page.line(
        "",
        label + cells.map { String(repeating: " ", count: max(1, width - $0.count)) + $0 }.joined())
    }
    let column = max(21, (zones.map(\.name.count).max() ?? 0) + 15)
    func padded(_ label: String) -> String {
      label + String(repeating: " ", count: max(0, column - label.count))
    }
    row(padded("order"), (0...maxOrder).map(String.init))
    for zone in zones {
      row(padded("\(zone.name) free blocks"), zone.freeBlocks.map(String.init))
      row(padded("\(zone.name) unusable"), zone.unusable.map(thousandths))
      if zone.fragmentationIndex.contains(where: { $0 >= 0 }) {
        row(padded("\(zone.name) fragmentation"), zone.fragmentationIndex.map(thousandths))
      }
    }
  }
}

extension ImportReport {
  /// Where the lines went.
  func append(to page: inout ReportPage) {
    page.line(
      "Lines",
      "\(grouped(lines)) = \(grouped(performed)) performed + \(grouped(lines - performed)) skipped")
    for skip in skipped {
      page.count(skip.count, skip.reason)
      guard skip.key == "noAllocation" else { continue }
      let names = passedOver.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      page.continued(names.map { "\($0.key) \(grouped($0.value))" }.joined(separator: ", "))
    }
    for note in malformed { page.continued("line \(note.line): \(note.text)") }
    if implied + splits > 0 {
      page.line(
        "",
        "and \(grouped(implied)) frees that no line tells, \(grouped(splits)) splits "
          + "for \(grouped(freesInside)) frees inside a block")
    }
    for note in inside { page.continued("line \(note.line): \(note.text)") }
  }
}

extension OperationsReport {
  fileprivate func append(to page: inout ReportPage, memory: Int) {
    page.line(
      "Operations",
      "\(grouped(total)) = \(grouped(performed)) performed + \(grouped(total - performed)) skipped")
    page.count(allocations, "allocations of pages")
    page.count(frees, "frees of pages")
    if splits > 0 { page.count(splits, "splits") }
    if objects > 0 { page.count(objects, "operations on objects") }
    if areas > 0 { page.count(areas, "operations on areas") }
    for skip in skipped {
      page.count(skip.count, "skipped: \(skip.reason)")
      guard skip.key == ReplaySkip.unserved.key else { continue }
      let orders = unservedByOrder.enumerated().filter { $0.element > 0 }
      page.continued(
        orders.map { "order \($0.offset): \(grouped($0.element))" }.joined(separator: ", ")
          + "; the machine has \(ReplayOptions.describe(bytes: memory)), --memory gives it more")
    }
    for remark in remarks { page.continued(remark) }
  }
}

/// Lines of a report: a label of fixed width, then text.
struct ReportPage {
  private(set) var text = ""
  private static let indent = 12

  mutating func line(_ label: String, _ line: String) {
    text += label + String(repeating: " ", count: max(1, Self.indent - label.count)) + line + "\n"
  }

  /// A count, its number in a column.
  mutating func count(_ count: Int, _ what: String) {
    let number = grouped(count)
    line("", String(repeating: " ", count: max(0, 11 - number.count)) + number + "  " + what)
  }

  /// More about the line above.
  mutating func continued(_ more: String, indent: Int = 13) {
    line("", String(repeating: " ", count: indent) + more)
  }

  /// A line of its own, without a label.
  mutating func plain(_ line: String) { text += line + "\n" }

  mutating func gap() { text += "\n" }
}

/// A number with a comma after every three digits from the right.
func grouped(_ number: Int) -> String {
  let digits = Array(String(number.magnitude))
  var text = ""
  for (index, digit) in digits.enumerated() {
    if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
    text.append(digit)
  }
  return number < 0 ? "-" + text : text
}

/// A rate in millions with one digit: `3.4 million`.
func millions(_ rate: Double) -> String {
  let tenths = Int((rate / 100_000).rounded())
  return "\(tenths / 10).\(tenths % 10) million"
}

func milliseconds(_ seconds: Double) -> String {
  let tenths = Int((seconds * 10_000).rounded())
  return "\(grouped(tenths / 10)).\(tenths % 10) ms"
}

/// A share with three digits, as the kernel prints it: `0.125`, `-1.000`.
func thousandths(_ share: Double) -> String {
  let number = Int((share * 1000).rounded())
  let digits = String(number.magnitude % 1000)
  return (number < 0 ? "-" : "") + "\(number.magnitude / 1000)."
    + String(repeating: "0", count: 3 - digits.count) + digits
}
